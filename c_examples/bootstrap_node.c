/*
 * A node of the DHT that others can bootstrap from, and a TCP relay if given a port for it.
 *
 *     bootstrap_node [--port N] [--tcp-port N] [--loopback]
 *
 * It prints what `--bootstrap 127.0.0.1 <PORT> <DHT>` of the echo bot takes, then serves until SIGINT or SIGTERM:
 *
 *     DHT <64 hex digits>
 *     PORT <number>
 *     TCP <number>               only with --tcp-port
 *     CONNECTION <UDP|TCP|NONE>  whenever that changes
 *
 * Its DHT key is a new one each time. --loopback turns local discovery off and uses IPv4 only.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
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

static void on_self_connection_status(Tox *tox, Tox_Connection connection, void *user_data)
{
    (void)tox;
    (void)user_data;
    printf("CONNECTION %s\n", connection == TOX_CONNECTION_NONE  ? "NONE"
                              : connection == TOX_CONNECTION_TCP ? "TCP"
                                                                 : "UDP");
}

static bool parse_port(const char *text, uint16_t *port)
{
    char *end = NULL;
    errno = 0;
    const unsigned long value = strtoul(text, &end, 10);

    if (errno != 0 || end == text || *end != '\0' || value == 0 || value > UINT16_MAX) {
        return false;
    }

    *port = (uint16_t)value;
    return true;
}

static bool parse_arguments(int argc, char **argv, struct Tox_Options *options)
{
    for (int i = 1; i < argc; ++i) {
        uint16_t port = 0;

        if (strcmp(argv[i], "--loopback") == 0) {
            tox_options_set_local_discovery_enabled(options, false);
            tox_options_set_ipv6_enabled(options, false);
        } else if (strcmp(argv[i], "--port") == 0 && i + 1 < argc && parse_port(argv[i + 1], &port)) {
            tox_options_set_start_port(options, port);
            tox_options_set_end_port(options, port);
            ++i;
        } else if (strcmp(argv[i], "--tcp-port") == 0 && i + 1 < argc && parse_port(argv[i + 1], &port)) {
            tox_options_set_tcp_port(options, port);
            ++i;
        } else {
            return false;
        }
    }

    return true;
}

static void print_identity(const Tox *tox)
{
    uint8_t dht_key[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_dht_id(tox, dht_key);
    printf("DHT ");

    for (size_t i = 0; i < sizeof dht_key; ++i) {
        printf("%02X", dht_key[i]);
    }

    printf("\nPORT %u\n", (unsigned)tox_self_get_udp_port(tox, NULL));

    Tox_Err_Get_Port error;
    const uint16_t tcp_port = tox_self_get_tcp_port(tox, &error);

    if (error == TOX_ERR_GET_PORT_OK) {
        printf("TCP %u\n", (unsigned)tcp_port);
    }
}

int main(int argc, char **argv)
{
    struct Tox_Options *options = tox_options_new(NULL);

    if (options == NULL) {
        fputs("bootstrap_node: out of memory\n", stderr);
        return 1;
    }

    if (!parse_arguments(argc, argv, options)) {
        fputs("usage: bootstrap_node [--port N] [--tcp-port N] [--loopback]\n", stderr);
        tox_options_free(options);
        return 2;
    }

    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);

    Tox_Err_New error;
    Tox *tox = tox_new(options, &error);
    tox_options_free(options);

    if (tox == NULL) {
        fprintf(stderr, "bootstrap_node: cannot start Tox (error %d)\n", (int)error);
        return 1;
    }

    tox_callback_self_connection_status(tox, on_self_connection_status);
    print_identity(tox);

    while (stop_requested == 0) {
        tox_iterate(tox, NULL);
        const uint32_t interval_ms = tox_iteration_interval(tox);
        const struct timespec pause = {(time_t)(interval_ms / 1000), (long)(interval_ms % 1000) * 1000000L};
        nanosleep(&pause, NULL);
    }

    tox_kill(tox);
    return 0;
}
