/* One Tox user for the laboratory of network namespaces: commands on stdin, one event a line on stdout.
 *
 * Options are words key=value: udp, ipv6, lan, no_dns (0 or 1), port, proxy=http:HOST:PORT or socks5:HOST:PORT.
 * Commands:
 *   bootstrap HOST PORT KEY | relay HOST PORT KEY | friend KEY | send COUNT | file BYTES | probe PERIOD_MS |
 *   flood SECONDS messages(0 or 1) | received | quit
 * Every event line begins with the milliseconds since the start:
 *   KEY hex | SELF none/tcp/udp | FRIEND none/tcp/udp | MSG text | SENT count | READ count | FILE bytes |
 *   LATENCY microseconds | RECEIVED bytes | REFUSED count | TAKEN count | ERROR what code
 * `send` sends the numbers that follow those already sent, as text, waiting while the library says that its
 * queue is full or the friend is away. `file` sends so many zeros; the friend accepts, prints FILE at the
 * end, and at `received` how much has come. `flood` writes custom packets or messages of full length in each
 * pass until one is refused, prints how many were taken before the first refusal and in all, and ends with one
 * message with the time in it.
 * `probe` sends a message with the time in it every so often (0: no more); the friend, on the same machine,
 * prints how long it was under way. */
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tox/tox.h>

enum { LINE_SIZE = 512, MAX_WAIT_MS = 20 };

typedef struct Client {
    Tox *tox;
    bool running;
    uint32_t to_send; /* the last number to send */
    uint32_t sent;
    uint32_t read;
    uint64_t file_received;
    uint32_t probe_period_ms;
    uint64_t probe_at_ms;
    uint64_t flood_until_ms;
    bool flood_messages;
    uint32_t taken;
    bool refused;
} Client;

static uint64_t start_ms;

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void event(const char *what, const char *text)
{
    printf("%" PRIu64 " %s %s\n", now_ms() - start_ms, what, text);
    fflush(stdout);
}

static void event_number(const char *what, long number)
{
    char text[32];
    snprintf(text, sizeof(text), "%ld", number);
    event(what, text);
}

static const char *connection_name(int connection)
{
    const char *const names[] = {"none", "tcp", "udp"};
    return names[connection];
}

static void on_self(Tox *tox, TOX_CONNECTION connection, void *client)
{
    (void)tox, (void)client;
    event("SELF", connection_name(connection));
}

static void on_friend(Tox *tox, uint32_t number, TOX_CONNECTION connection, void *client)
{
    (void)tox, (void)number, (void)client;
    event("FRIEND", connection_name(connection));
}

static void on_message(Tox *tox, uint32_t number, TOX_MESSAGE_TYPE type, const uint8_t *message,
                       size_t length, void *client)
{
    (void)tox, (void)number, (void)type, (void)client;
    char text[LINE_SIZE];
    snprintf(text, sizeof(text), "%.*s", (int)length, (const char *)message);
    if (text[0] == '@') {
        event_number("LATENCY", (long)(now_us() - strtoull(text + 1, NULL, 10)));
    } else {
        /* of a flood only the end is printed */
        if (length < TOX_MAX_MESSAGE_LENGTH) {
            event("MSG", text);
        }
    }
}

static void on_file(Tox *tox, uint32_t number, uint32_t file, uint32_t kind, uint64_t size,
                    const uint8_t *name, size_t length, void *client)
{
    (void)kind, (void)size, (void)name, (void)length, (void)client;
    tox_file_control(tox, number, file, TOX_FILE_CONTROL_RESUME, NULL);
}

static void on_chunk(Tox *tox, uint32_t number, uint32_t file, uint64_t position, const uint8_t *data,
                     size_t length, void *pointer)
{
    (void)tox, (void)number, (void)file, (void)position, (void)data;
    Client *client = (Client *)pointer;
    client->file_received += length;
    if (length == 0) {
        event_number("FILE", (long)client->file_received);
    }
}

static void on_chunk_request(Tox *tox, uint32_t number, uint32_t file, uint64_t position, size_t length,
                             void *client)
{
    (void)client;
    static const uint8_t zeros[2048];
    if (length > 0) {
        tox_file_send_chunk(tox, number, file, position, zeros, length, NULL);
    }
}

static void on_receipt(Tox *tox, uint32_t number, uint32_t id, void *pointer)
{
    (void)tox, (void)number, (void)id;
    Client *client = (Client *)pointer;
    ++client->read;
    if (client->read == client->to_send) {
        event_number("READ", (long)client->read);
    }
}

static bool from_hex(const char *hex, uint8_t *bytes, size_t length)
{
    if (strlen(hex) != length * 2) {
        return false;
    }
    for (size_t i = 0; i < length; ++i) {
        unsigned value;
        if (sscanf(hex + i * 2, "%2x", &value) != 1) {
            return false;
        }
        bytes[i] = (uint8_t)value;
    }
    return true;
}

static void send_more(Client *client)
{
    while (client->sent < client->to_send) {
        char text[16];
        const int length = snprintf(text, sizeof(text), "%u", client->sent + 1);
        TOX_ERR_FRIEND_SEND_MESSAGE error;
        tox_friend_send_message(client->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)text,
                                (size_t)length, &error);
        if (error == TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ
            || error == TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED) {
            return;
        }
        if (error != TOX_ERR_FRIEND_SEND_MESSAGE_OK) {
            event_number("ERROR send", (long)error);
            client->running = false;
            return;
        }
        ++client->sent;
        if (client->sent == client->to_send) {
            event_number("SENT", (long)client->sent);
        }
    }
}

static bool send_time(Client *client)
{
    char text[32];
    const int length = snprintf(text, sizeof(text), "@%" PRIu64, now_us());
    return tox_friend_send_message(client->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)text,
                                   (size_t)length, NULL)
           != 0;
}

static void send_probe(Client *client)
{
    if (client->probe_period_ms == 0 || now_ms() < client->probe_at_ms) {
        return;
    }
    client->probe_at_ms = now_ms() + client->probe_period_ms;
    send_time(client);
}

static void flood(Client *client)
{
    static uint8_t data[TOX_MAX_CUSTOM_PACKET_SIZE] = {160};
    if (client->flood_until_ms == 0) {
        return;
    }
    if (now_ms() >= client->flood_until_ms) {
        /* a message that is refused is tried again in the next pass */
        if (send_time(client)) {
            client->flood_until_ms = 0;
            event_number("TAKEN", (long)client->taken);
        }
        return;
    }
    while (client->flood_messages
               ? tox_friend_send_message(client->tox, 0, TOX_MESSAGE_TYPE_NORMAL, data,
                                         TOX_MAX_MESSAGE_LENGTH, NULL)
                     != 0
               : tox_friend_send_lossless_packet(client->tox, 0, data, sizeof(data), NULL)) {
        ++client->taken;
    }
    if (!client->refused) {
        client->refused = true;
        event_number("REFUSED", (long)client->taken);
    }
}

static void command(Client *client, const char *line)
{
    char word[16] = "", host[256] = "", hex[TOX_PUBLIC_KEY_SIZE * 2 + 1] = "";
    unsigned number = 0;
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    sscanf(line, "%15s", word);
    if (strcmp(word, "bootstrap") == 0 || strcmp(word, "relay") == 0) {
        TOX_ERR_BOOTSTRAP error = TOX_ERR_BOOTSTRAP_NULL;
        if (sscanf(line, "%*s %255s %u %64s", host, &number, hex) == 3 && from_hex(hex, key, sizeof(key))) {
            if (word[0] == 'b') {
                tox_bootstrap(client->tox, host, (uint16_t)number, key, &error);
            } else {
                tox_add_tcp_relay(client->tox, host, (uint16_t)number, key, &error);
            }
        }
        if (error != TOX_ERR_BOOTSTRAP_OK) {
            event_number("ERROR bootstrap", (long)error);
        }
    } else if (strcmp(word, "friend") == 0) {
        TOX_ERR_FRIEND_ADD error = TOX_ERR_FRIEND_ADD_NULL;
        if (sscanf(line, "%*s %64s", hex) == 1 && from_hex(hex, key, sizeof(key))) {
            tox_friend_add_norequest(client->tox, key, &error);
        }
        if (error != TOX_ERR_FRIEND_ADD_OK) {
            event_number("ERROR friend", (long)error);
        }
    } else if (strcmp(word, "send") == 0 && sscanf(line, "%*s %u", &number) == 1) {
        client->to_send += number;
    } else if (strcmp(word, "file") == 0) {
        unsigned long long size = 0;
        TOX_ERR_FILE_SEND error = TOX_ERR_FILE_SEND_NULL;
        if (sscanf(line, "%*s %llu", &size) == 1) {
            tox_file_send(client->tox, 0, TOX_FILE_KIND_DATA, size, NULL, (const uint8_t *)"zeros", 5,
                          &error);
        }
        if (error != TOX_ERR_FILE_SEND_OK) {
            event_number("ERROR file", (long)error);
        }
    } else if (strcmp(word, "received") == 0) {
        event_number("RECEIVED", (long)client->file_received);
    } else if (strcmp(word, "probe") == 0 && sscanf(line, "%*s %u", &number) == 1) {
        client->probe_period_ms = number;
    } else if (strcmp(word, "flood") == 0) {
        unsigned messages = 0;
        if (sscanf(line, "%*s %u %u", &number, &messages) == 2) {
            client->flood_until_ms = now_ms() + number * 1000;
            client->flood_messages = messages != 0;
            client->taken = 0;
            client->refused = false;
        }
    } else if (strcmp(word, "quit") == 0) {
        client->running = false;
    } else {
        event("ERROR command", line);
    }
}

/* Wait until the library or stdin has something to do, and obey whole lines of stdin. */
static void wait_for_commands(Client *client)
{
    static char line[LINE_SIZE];
    static size_t used;
    uint32_t wait_ms = tox_iteration_interval(client->tox);
    struct pollfd in = {STDIN_FILENO, POLLIN, 0};
    if (wait_ms > MAX_WAIT_MS) {
        wait_ms = MAX_WAIT_MS;
    }
    if (poll(&in, 1, (int)wait_ms) <= 0) {
        return;
    }
    const ssize_t length = read(STDIN_FILENO, line + used, sizeof(line) - used - 1);
    if (length <= 0) {
        client->running = false; /* nobody is there to command us any more */
        return;
    }
    used += (size_t)length;
    line[used] = '\0';
    char *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        command(client, line);
        used -= (size_t)(end + 1 - line);
        memmove(line, end + 1, used + 1);
    }
    if (used == sizeof(line) - 1) {
        used = 0;
    }
}

/* One word key=value of the command line. `text` is cut into pieces, which the options go on using. */
static bool set_option(struct Tox_Options *options, char *text)
{
    char *value = strchr(text, '=');
    if (value == NULL) {
        return false;
    }
    *value++ = '\0';
    const bool on = strcmp(value, "1") == 0;
    if (strcmp(text, "udp") == 0) {
        tox_options_set_udp_enabled(options, on);
    } else if (strcmp(text, "ipv6") == 0) {
        tox_options_set_ipv6_enabled(options, on);
    } else if (strcmp(text, "lan") == 0) {
        tox_options_set_local_discovery_enabled(options, on);
    } else if (strcmp(text, "no_dns") == 0) {
        tox_options_set_experimental_disable_dns(options, on);
    } else if (strcmp(text, "port") == 0) {
        tox_options_set_start_port(options, (uint16_t)atoi(value));
        tox_options_set_end_port(options, (uint16_t)atoi(value));
    } else if (strcmp(text, "proxy") == 0) {
        char *host = strchr(value, ':');
        char *port = host != NULL ? strrchr(host + 1, ':') : NULL;
        if (port == NULL) {
            return false;
        }
        *host++ = '\0';
        *port++ = '\0';
        tox_options_set_proxy_type(options,
                                   strcmp(value, "http") == 0 ? TOX_PROXY_TYPE_HTTP : TOX_PROXY_TYPE_SOCKS5);
        tox_options_set_proxy_host(options, host);
        tox_options_set_proxy_port(options, (uint16_t)atoi(port));
    } else {
        return false;
    }
    return true;
}

int main(int argc, char *argv[])
{
    Client client = {.running = true};
    start_ms = now_ms();
    struct Tox_Options *options = tox_options_new(NULL);
    if (options == NULL) {
        return 1;
    }
    tox_options_set_local_discovery_enabled(options, false);
    for (int i = 1; i < argc; ++i) {
        if (!set_option(options, argv[i])) {
            fprintf(stderr, "unknown option %s\n", argv[i]);
            return 2;
        }
    }
    TOX_ERR_NEW error;
    client.tox = tox_new(options, &error);
    tox_options_free(options);
    if (client.tox == NULL) {
        event_number("ERROR new", (long)error);
        return 1;
    }
    tox_callback_self_connection_status(client.tox, on_self);
    tox_callback_friend_connection_status(client.tox, on_friend);
    tox_callback_friend_message(client.tox, on_message);
    tox_callback_friend_read_receipt(client.tox, on_receipt);
    tox_callback_file_recv(client.tox, on_file);
    tox_callback_file_recv_chunk(client.tox, on_chunk);
    tox_callback_file_chunk_request(client.tox, on_chunk_request);

    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    char hex[TOX_PUBLIC_KEY_SIZE * 2 + 1];
    tox_self_get_public_key(client.tox, key);
    for (size_t i = 0; i < sizeof(key); ++i) {
        snprintf(hex + i * 2, 3, "%02X", key[i]);
    }
    event("KEY", hex);
    while (client.running) {
        tox_iterate(client.tox, &client);
        send_more(&client);
        send_probe(&client);
        flood(&client);
        wait_for_commands(&client);
    }
    tox_kill(client.tox);
    return 0;
}
