/*
 * A bot in Tor that sends the messages of one friend back. Nobody is in between, not even a node of Tox: the friend
 * comes to an onion service of the bot's. Needs the library that this example comes with; docs/networks.md tells more.
 *
 *     endpoint_echo HEXKEY [CONTROL [SOCKS]]
 *
 * HEXKEY is the friend's public key: the first 64 digits of its Tox ID. CONTROL is tor's control port, 127.0.0.1:9051
 * unless it is given; SOCKS is the port of its proxy on 127.0.0.1, 9050 unless it is given. The bot says
 *
 *     ID <76 hex digits>             its own Tox ID, a new one each time: echo_bot.c shows how to keep it
 *     ENDPOINT <NAME:PORT:KEY>       where the friend finds it, as soon as the onion service is there
 *
 * and a line for each thing that happens. SIGINT and SIGTERM end it. The friend begins with
 *
 *     toxpy chat ID --only tor --at NAME:PORT:KEY
 */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tox/tox.h>

static volatile sig_atomic_t stop_requested = 0;

static void on_signal(int number)
{
    (void)number;
    stop_requested = 1;
}

/* Turns 64 hex digits into a key; 0 if `hex` is anything else. */
static int read_key(const char *hex, uint8_t key[TOX_PUBLIC_KEY_SIZE])
{
    if (strlen(hex) < 2 * TOX_PUBLIC_KEY_SIZE) {
        return 0;
    }

    for (size_t i = 0; i < TOX_PUBLIC_KEY_SIZE; ++i) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        char *end = NULL;
        key[i] = (uint8_t)strtoul(digits, &end, 16);

        if (end != digits + 2) {
            return 0;
        }
    }

    return 1;
}

static void on_log(Tox *tox, Tox_Log_Level level, const char *file, uint32_t line, const char *func,
                   const char *message, void *user_data)
{
    (void)tox;
    (void)file;
    (void)line;
    (void)func;
    (void)user_data;

    /* why nobody reaches us: tor is not there, or wants another password */
    if (level >= TOX_LOG_LEVEL_WARNING) {
        fprintf(stderr, "%s\n", message);
    }
}

static void on_connection(Tox *tox, Tox_Friend_Number friend_number, Tox_Connection connection,
                          void *user_data)
{
    (void)tox;
    (void)friend_number;
    (void)user_data;
    printf("FRIEND %s\n", connection == TOX_CONNECTION_NONE ? "offline" : "online");
}

static void on_message(Tox *tox, Tox_Friend_Number friend_number, Tox_Message_Type type,
                       const uint8_t *message, size_t length, void *user_data)
{
    (void)user_data;
    printf("MESSAGE %.*s\n", (int)length, (const char *)message);
    tox_friend_send_message(tox, friend_number, type, message, length, NULL);
}

static Tox *start(const char *control, uint16_t socks)
{
    Tox_Options *options = tox_options_new(NULL);

    if (options == NULL) {
        return NULL;
    }

    tox_options_set_log_callback(options, on_log);
    tox_options_set_proxy_type(options, TOX_PROXY_TYPE_SOCKS5);
    tox_options_set_proxy_host(options, "127.0.0.1");
    tox_options_set_proxy_port(options, socks);
    /* nothing outside Tor is dialled, told, looked up or announced */
    tox_options_set_experimental_only_networks(options, 1u << TOX_NETWORK_TYPE_ONION);
    tox_options_set_experimental_endpoint(options, TOX_ENDPOINT_TYPE_TOR, control, 0, NULL);
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    return tox;
}

/* Says where the friend finds us, once that is known. */
static int say_endpoint(const Tox *tox)
{
    const size_t size = tox_self_get_endpoint_size(tox);
    uint8_t *endpoint = (uint8_t *)malloc(size + 1);

    if (size == 0 || endpoint == NULL) {
        free(endpoint);
        return 0;
    }

    tox_self_get_endpoint(tox, endpoint);
    printf("ENDPOINT %.*s\n", (int)size, (const char *)endpoint);
    free(endpoint);
    return 1;
}

int main(int argc, char **argv)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];

    if (argc < 2 || argc > 4 || !read_key(argv[1], key)) {
        fprintf(stderr, "usage: %s HEXKEY [CONTROL [SOCKS]]\n", argv[0]);
        return 2;
    }

    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    Tox *tox = start(argc > 2 ? argv[2] : NULL, argc > 3 ? (uint16_t)atoi(argv[3]) : 9050);

    if (tox == NULL || tox_friend_add_norequest(tox, key, NULL) == UINT32_MAX) {
        fprintf(stderr, "it does not start, or the key is no friend's\n");
        tox_kill(tox);
        return 1;
    }

    tox_callback_friend_connection_status(tox, on_connection);
    tox_callback_friend_message(tox, on_message);
    uint8_t address[TOX_ADDRESS_SIZE];
    tox_self_get_address(tox, address);
    printf("ID ");

    for (size_t i = 0; i < TOX_ADDRESS_SIZE; ++i) {
        printf("%02X", address[i]);
    }

    putchar('\n');
    int said = 0;

    while (!stop_requested) {
        tox_iterate(tox, NULL);
        said = said || say_endpoint(tox);
        const uint32_t wait_ms = tox_iteration_interval(tox);
        const struct timespec wait = {wait_ms / 1000, (long)(wait_ms % 1000) * 1000000};
        nanosleep(&wait, NULL);
    }

    tox_kill(tox);
    return 0;
}
