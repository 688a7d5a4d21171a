/* One of two friends who are away from each other: a program as C programs are, with its save in a file.
 *
 *     away SAVE [meet KEY PORT NODE_KEY | wait KEY | run] SECONDS [TEXT ...]
 *
 * `wait` and `meet` make the friendship: with the key of the friend, and the node where the friend is. Each TEXT
 * is sent to the first friend at once. It prints what happens, a line each, and saves each second and at its end,
 * which is after so many seconds, or when all texts were received by the friend and `run` has nothing else to do.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tox/tox.h>

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                  \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

enum { MAX_FILE = 4 << 20, NAME_SIZE = 4096 };

static uint32_t waiting;
static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_message(Tox *tox, uint32_t number, Tox_Message_Type type, const uint8_t *text, size_t length,
                       void *user_data)
{
    (void)tox, (void)number, (void)type, (void)user_data;
    printf("message %.*s\n", (int)length, (const char *)text);
}

static void on_receipt(Tox *tox, uint32_t number, uint32_t id, void *user_data)
{
    (void)tox, (void)number, (void)user_data;
    printf("receipt %u\n", id);
    --waiting;
}

static void on_status(Tox *tox, uint32_t number, Tox_Connection status, void *user_data)
{
    (void)tox, (void)number, (void)user_data;
    printf("friend %s\n", status == TOX_CONNECTION_NONE ? "offline" : "online");
}

static void print_hex(const char *what, const uint8_t *bytes, size_t length)
{
    printf("%s ", what);
    for (size_t i = 0; i < length; ++i) {
        printf("%02X", bytes[i]);
    }
    printf("\n");
}

static void read_key(uint8_t *key, const char *text)
{
    CHECK(strlen(text) == 2 * TOX_PUBLIC_KEY_SIZE);
    for (size_t i = 0; i < TOX_PUBLIC_KEY_SIZE; ++i) {
        unsigned byte = 0;
        CHECK(sscanf(text + 2 * i, "%2x", &byte) == 1);
        key[i] = (uint8_t)byte;
    }
}

static void save(Tox *tox, const char *path)
{
    static uint8_t data[MAX_FILE];
    char other[NAME_SIZE];
    const size_t size = tox_get_savedata_size(tox);
    CHECK(size <= sizeof(data) && snprintf(other, sizeof(other), "%s.new", path) < (int)sizeof(other));
    tox_get_savedata(tox, data);
    FILE *file = fopen(other, "wb");
    CHECK(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    CHECK(rename(other, path) == 0);
}

static Tox *start(const char *path)
{
    static uint8_t data[MAX_FILE];
    struct Tox_Options *options = tox_options_new(NULL);
    CHECK(options != NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_ipv6_enabled(options, false);
    tox_options_set_start_port(options, 33600);
    tox_options_set_end_port(options, 33999);
    FILE *file = fopen(path, "rb");
    if (file != NULL) {
        const size_t size = fread(data, 1, sizeof(data), file);
        fclose(file);
        tox_options_set_savedata_type(options, TOX_SAVEDATA_TYPE_TOX_SAVE);
        tox_options_set_savedata_data(options, data, size);
    }
    Tox_Err_New error = TOX_ERR_NEW_NULL;
    Tox *tox = tox_new(options, &error);
    tox_options_free(options);
    CHECK(tox != NULL && error == TOX_ERR_NEW_OK);
    return tox;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGTERM, on_signal);
    CHECK(argc >= 4);
    const char *path = argv[1], *mode = argv[2];
    char **rest = argv + 3;
    Tox *tox = start(path);
    tox_callback_friend_message(tox, on_message);
    tox_callback_friend_read_receipt(tox, on_receipt);
    tox_callback_friend_connection_status(tox, on_status);
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    if (strcmp(mode, "run") != 0) {
        read_key(key, *rest++);
        CHECK(tox_friend_add_norequest(tox, key, NULL) == 0);
    }
    if (strcmp(mode, "meet") == 0) {
        const uint16_t port = (uint16_t)atoi(*rest++);
        read_key(key, *rest++);
        CHECK(tox_bootstrap(tox, "127.0.0.1", port, key, NULL));
    }
    const uint64_t end_ms = now_ms() + 1000 * (uint64_t)atoi(*rest++);
    tox_self_get_dht_id(tox, key);
    printf("port %u\n", tox_self_get_udp_port(tox, NULL));
    print_hex("node", key, sizeof(key));
    tox_self_get_public_key(tox, key);
    print_hex("key", key, sizeof(key));
    const bool speaks = *rest != NULL;
    for (; *rest != NULL; ++rest) {
        Tox_Err_Friend_Send_Message error = TOX_ERR_FRIEND_SEND_MESSAGE_NULL;
        const uint32_t id = tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)*rest,
                                                    strlen(*rest), &error);
        printf("sent %u error %d\n", id, (int)error);
        waiting += error == TOX_ERR_FRIEND_SEND_MESSAGE_OK;
    }
    save(tox, path);
    printf("saved\n");
    uint64_t save_ms = now_ms() + 1000;
    while (!ended && now_ms() < end_ms && !(speaks && waiting == 0)) {
        tox_iterate(tox, NULL);
        if (now_ms() >= save_ms) {
            save(tox, path);
            save_ms += 1000;
        }
        const struct timespec pause = {0, 1000000L * tox_iteration_interval(tox)};
        nanosleep(&pause, NULL);
    }
    save(tox, path);
    tox_kill(tox);
    printf("end\n");
    return 0;
}
