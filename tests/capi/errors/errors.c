/* Calls with bad arguments, one line of transcript each: what was called, the result, the error code.
 * Run against the real library and ours, the transcripts must be equal. No network is needed. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tox/tox.h>

static uint8_t bytes[2000];
static int error;

#define AT ((void *)&error)
#define CALL(call)                                                                                           \
    do {                                                                                                     \
        error = -1;                                                                                          \
        const int64_t result = (int64_t)(call);                                                              \
        printf("%s = %" PRId64 " error %d\n", #call, result, error);                                         \
    } while (0)

static Tox *start(void)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    return tox;
}

static void try_save(const char *what, TOX_SAVEDATA_TYPE type, const uint8_t *data, size_t length)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_savedata_type(options, type);
    tox_options_set_savedata_data(options, data, length);
    TOX_ERR_NEW failure;
    Tox *tox = tox_new(options, &failure);
    printf("tox_new with %s: error %d\n", what, (int)failure);
    tox_kill(tox);
    tox_options_free(options);
}

static void try_proxy(TOX_PROXY_TYPE type, const char *host, uint16_t port)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_proxy_type(options, type);
    tox_options_set_proxy_host(options, host);
    tox_options_set_proxy_port(options, port);
    TOX_ERR_NEW failure;
    Tox *tox = tox_new(options, &failure);
    printf("tox_new with proxy %d %s %d: instance %d error %d\n", (int)type, host, port, tox != NULL,
           (int)failure);
    tox_kill(tox);
    tox_options_free(options);
}

static void starting(void)
{
    uint8_t key[64];
    uint8_t encrypted[100] = "toxEsave";
    memset(key, 7, sizeof(key));
    try_save("no data", TOX_SAVEDATA_TYPE_TOX_SAVE, NULL, 0);
    try_save("a short key", TOX_SAVEDATA_TYPE_SECRET_KEY, key, 31);
    try_save("a long key", TOX_SAVEDATA_TYPE_SECRET_KEY, key, 33);
    try_save("a key", TOX_SAVEDATA_TYPE_SECRET_KEY, key, 32);
    try_save("an encrypted save", TOX_SAVEDATA_TYPE_TOX_SAVE, encrypted, sizeof(encrypted));
    try_proxy(TOX_PROXY_TYPE_SOCKS5, "127.0.0.1", 0);
    try_proxy(TOX_PROXY_TYPE_SOCKS5, NULL, 9050);
    try_proxy(TOX_PROXY_TYPE_HTTP, "", 8080);
    try_proxy((TOX_PROXY_TYPE)7, "127.0.0.1", 9050);
    try_proxy(TOX_PROXY_TYPE_NONE, "", 0);
    struct Tox_Options *options = tox_options_new(NULL);
    Tox *first = start();
    const uint16_t port = tox_self_get_udp_port(first, NULL);
    tox_options_set_start_port(options, port);
    tox_options_set_end_port(options, port);
    error = -1;
    Tox *second = tox_new(options, AT);
    printf("tox_new on a port in use: instance %d error %d\n", second != NULL, error);
    tox_kill(second);
    tox_kill(first);
    tox_options_free(options);
    tox_kill(NULL);
    tox_options_free(NULL);
}

static void about_us(Tox *tox)
{
    uint8_t out[2000];
    CALL(tox_self_set_name(tox, bytes, 128, AT));
    CALL(tox_self_set_name(tox, bytes, 129, AT));
    CALL(tox_self_set_name(tox, NULL, 5, AT));
    CALL(tox_self_set_name(tox, NULL, 0, AT));
    CALL(tox_self_get_name_size(tox));
    CALL(tox_self_set_name(tox, bytes, 5, NULL));
    CALL(tox_self_set_status_message(tox, bytes, 1007, AT));
    CALL(tox_self_set_status_message(tox, bytes, 1008, AT));
    CALL(tox_self_set_status_message(tox, NULL, 1, AT));
    CALL(tox_self_get_status_message_size(tox));
    tox_self_set_status(tox, TOX_USER_STATUS_BUSY);
    CALL(tox_self_get_status(tox));
    tox_self_set_nospam(tox, 0x01020304);
    CALL(tox_self_get_nospam(tox));
    tox_self_get_address(tox, out);
    printf("nospam in the address %d %d %d %d\n", out[32], out[33], out[34], out[35]);
    tox_self_get_name(tox, NULL);
    tox_self_get_status_message(tox, NULL);
    tox_self_get_address(tox, NULL);
    tox_self_get_public_key(tox, NULL);
    tox_self_get_secret_key(tox, NULL);
    tox_self_get_friend_list(tox, NULL);
    CALL(tox_self_get_tcp_port(tox, AT));
    CALL(tox_self_get_connection_status(tox));
    CALL(tox_self_get_udp_port(tox, NULL) != 0);
    CALL(tox_hash(out, NULL, 0));
    CALL(tox_hash(NULL, bytes, 3));
    CALL(tox_hash(out, NULL, 3));
    CALL(tox_hash(out, bytes, 3));
}

static void network(Tox *tox)
{
    uint8_t key[32];
    memset(key, 9, sizeof(key));
    CALL(tox_bootstrap(tox, NULL, 33445, key, AT));
    CALL(tox_bootstrap(tox, "127.0.0.1", 33445, NULL, AT));
    CALL(tox_bootstrap(tox, "127.0.0.1", 0, key, AT));
    CALL(tox_bootstrap(tox, "no.such.host.invalid", 33445, key, AT));
    CALL(tox_bootstrap(tox, "", 33445, key, AT));
    CALL(tox_bootstrap(tox, "127.0.0.1", 33446, key, AT));
    CALL(tox_bootstrap(tox, "127.0.0.1", 33446, key, NULL));
    CALL(tox_add_tcp_relay(tox, NULL, 33445, key, AT));
    CALL(tox_add_tcp_relay(tox, "127.0.0.1", 33445, NULL, AT));
    CALL(tox_add_tcp_relay(tox, "127.0.0.1", 0, key, AT));
    CALL(tox_add_tcp_relay(tox, "no.such.host.invalid", 1, key, AT));
}

static void ports(void)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_udp_enabled(options, false);
    tox_options_set_tcp_port(options, 24987);
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    if (tox == NULL) {
        puts("no relay");
        return;
    }
    uint8_t key[32];
    memset(key, 9, sizeof(key));
    CALL(tox_self_get_udp_port(tox, AT));
    CALL(tox_self_get_udp_port(tox, NULL));
    CALL(tox_self_get_tcp_port(tox, AT));
    CALL(tox_self_get_tcp_port(tox, NULL));
    CALL(tox_bootstrap(tox, "127.0.0.1", 33446, key, AT));
    CALL(tox_add_tcp_relay(tox, "127.0.0.1", 33446, key, AT));
    tox_kill(tox);
}

static void adding(Tox *tox, Tox *other)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    uint8_t ours[TOX_ADDRESS_SIZE];
    tox_self_get_address(other, address);
    tox_self_get_address(tox, ours);
    CALL(tox_friend_add(tox, NULL, bytes, 5, AT));
    CALL(tox_friend_add(tox, address, NULL, 5, AT));
    CALL(tox_friend_add(tox, address, bytes, 0, AT));
    CALL(tox_friend_add(tox, address, bytes, 1017, AT));
    CALL(tox_friend_add(tox, address, bytes, 1000, AT));
    CALL(tox_friend_add(tox, ours, bytes, 5, AT));
    address[37] ^= 1;
    CALL(tox_friend_add(tox, address, bytes, 5, AT));
    address[37] ^= 1;
    CALL(tox_friend_add(tox, address, bytes, 921, AT));
    CALL(tox_friend_add(tox, address, bytes, 5, AT));
    address[32] ^= 1;
    address[36] ^= 1;
    CALL(tox_friend_add(tox, address, bytes, 5, AT));
    CALL(tox_friend_add_norequest(tox, NULL, AT));
    CALL(tox_friend_add_norequest(tox, address, AT));
    CALL(tox_friend_add_norequest(tox, ours, AT));
    memset(ours, 255, sizeof(ours));
    CALL(tox_friend_add_norequest(tox, ours, AT));
    CALL(tox_friend_by_public_key(tox, ours, AT));
    address[0] ^= 1;
    address[31] &= 127;
    CALL(tox_friend_add_norequest(tox, address, NULL));
    CALL(tox_self_get_friend_list_size(tox));
    CALL(tox_friend_by_public_key(tox, NULL, AT));
    CALL(tox_friend_by_public_key(tox, ours, AT));
    CALL(tox_friend_by_public_key(tox, address, AT));
}

static void friend_calls(Tox *tox, uint32_t number)
{
    uint8_t out[2000];
    printf("friend number %" PRIu32 "\n", number);
    CALL(tox_friend_exists(tox, number));
    CALL(tox_friend_get_public_key(tox, number, out, AT));
    CALL(tox_friend_get_public_key(tox, number, NULL, AT));
    CALL(tox_friend_get_last_online(tox, number, AT));
    CALL(tox_friend_get_name_size(tox, number, AT));
    CALL(tox_friend_get_name(tox, number, out, AT));
    CALL(tox_friend_get_name(tox, number, NULL, AT));
    CALL(tox_friend_get_status_message_size(tox, number, AT));
    CALL(tox_friend_get_status_message(tox, number, out, AT));
    CALL(tox_friend_get_status_message(tox, number, NULL, AT));
    CALL(tox_friend_get_status(tox, number, AT));
    CALL(tox_friend_get_connection_status(tox, number, AT));
    CALL(tox_friend_get_typing(tox, number, AT));
    CALL(tox_self_set_typing(tox, number, true, AT));
    CALL(tox_friend_send_message(tox, number, TOX_MESSAGE_TYPE_NORMAL, bytes, 5, AT));
    CALL(tox_friend_send_message(tox, number, TOX_MESSAGE_TYPE_NORMAL, NULL, 5, AT));
    CALL(tox_friend_send_message(tox, number, TOX_MESSAGE_TYPE_NORMAL, bytes, 0, AT));
    CALL(tox_friend_send_message(tox, number, TOX_MESSAGE_TYPE_NORMAL, bytes, 1373, AT));
    CALL(tox_friend_send_message(tox, number, TOX_MESSAGE_TYPE_NORMAL, bytes, 5, NULL));
    bytes[0] = 200;
    CALL(tox_friend_send_lossy_packet(tox, number, bytes, 5, AT));
    CALL(tox_friend_send_lossy_packet(tox, number, NULL, 5, AT));
    CALL(tox_friend_send_lossy_packet(tox, number, bytes, 0, AT));
    CALL(tox_friend_send_lossy_packet(tox, number, bytes, 1374, AT));
    CALL(tox_friend_send_lossless_packet(tox, number, bytes, 5, AT));
    bytes[0] = 160;
    CALL(tox_friend_send_lossless_packet(tox, number, bytes, 5, AT));
    CALL(tox_friend_send_lossy_packet(tox, number, bytes, 5, AT));
    CALL(tox_friend_send_lossless_packet(tox, number, NULL, 5, AT));
    CALL(tox_friend_send_lossless_packet(tox, number, bytes, 0, AT));
    CALL(tox_friend_send_lossless_packet(tox, number, bytes, 1374, AT));
}

static void file_calls(Tox *tox, uint32_t number)
{
    uint8_t id[TOX_FILE_ID_LENGTH];
    printf("files with friend %" PRIu32 "\n", number);
    memset(id, 1, sizeof(id));
    CALL(tox_file_send(tox, number, 0, 5, NULL, bytes, 5, AT));
    CALL(tox_file_send(tox, number, 0, 5, id, bytes, 255, AT));
    CALL(tox_file_send(tox, number, 0, 5, id, bytes, 256, AT));
    CALL(tox_file_send(tox, number, 0, 5, id, NULL, 0, AT));
    CALL(tox_file_send(tox, number, 0, 5, id, NULL, 1, AT));
    CALL(tox_file_send(tox, number, 0, 5, id, NULL, 256, AT));
    CALL(tox_file_send(tox, number, 0, 5, NULL, bytes, 5, NULL));
    for (int control = 0; control < 3; ++control) {
        CALL(tox_file_control(tox, number, 0, (TOX_FILE_CONTROL)control, AT));
        CALL(tox_file_control(tox, number, 1 << 16, (TOX_FILE_CONTROL)control, AT));
    }
    CALL(tox_file_seek(tox, number, 0, 5, AT));
    CALL(tox_file_seek(tox, number, 1 << 16, 5, AT));
    CALL(tox_file_seek(tox, number, UINT32_MAX, UINT64_MAX, AT));
    CALL(tox_file_get_file_id(tox, number, 0, id, AT));
    CALL(tox_file_get_file_id(tox, number, 1 << 16, id, AT));
    CALL(tox_file_get_file_id(tox, number, 256, id, AT));
    CALL(tox_file_get_file_id(tox, number, UINT32_MAX, id, AT));
    CALL(tox_file_get_file_id(tox, number, 0, NULL, AT));
    CALL(tox_file_send_chunk(tox, number, 0, 0, bytes, 5, AT));
    CALL(tox_file_send_chunk(tox, number, 256, 0, bytes, 5, AT));
    CALL(tox_file_send_chunk(tox, number, 1 << 16, 0, bytes, 1372, AT));
    CALL(tox_file_send_chunk(tox, number, 0, 0, NULL, 0, AT));
    CALL(tox_file_send_chunk(tox, number, 0, 0, bytes, 2000, NULL));
}

int main(void)
{
    memset(bytes, 'x', sizeof(bytes));
    starting();
    Tox *tox = start();
    Tox *other = start();
    if (tox == NULL || other == NULL) {
        return 1;
    }
    about_us(tox);
    CALL(tox_self_get_udp_port(tox, AT) > 0);
    network(tox);
    ports();
    adding(tox, other);
    friend_calls(tox, 0);
    file_calls(tox, 0);
    file_calls(tox, 99);
    file_calls(tox, UINT32_MAX);
    friend_calls(tox, 99);
    friend_calls(tox, UINT32_MAX);
    CALL(tox_friend_delete(tox, 0, AT));
    CALL(tox_friend_delete(tox, 0, AT));
    CALL(tox_friend_delete(tox, 5, NULL));
    CALL(tox_self_get_friend_list_size(tox));
    tox_kill(tox);
    tox_kill(other);
    return 0;
}
