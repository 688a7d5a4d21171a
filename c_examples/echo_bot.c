/*
 * A bot that accepts every friend request and sends every message back.
 *
 *     echo_bot [--savedata FILE] [--port N] [--bootstrap HOST PORT HEXKEY]...
 *              [--name NAME] [--loopback]
 *
 * The first three lines on standard output are for whoever started it:
 *
 *     ID <76 hex digits>     what a friend request is addressed to
 *     PORT <number>          the UDP port, and
 *     DHT <64 hex digits>    the DHT key, with which others can bootstrap from the bot
 *
 * After that there is one line for each thing that happens. SIGINT and SIGTERM end it.
 *
 * --loopback keeps the bot from looking for others on the local network; it then uses IPv4 only.
 * With --savedata the bot keeps its ID and friends: it saves whenever it has gained a friend, and at the end.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <tox/tox.h>

#define MAX_BOOTSTRAP_NODES 8
#define BOOTSTRAP_RETRY_S 5

typedef struct Bootstrap_Node {
    const char *host;
    uint16_t port;
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
} Bootstrap_Node;

/* Everything the callbacks need; it reaches them as their user_data. */
typedef struct Bot {
    const char *savedata_path;
    const char *name;
    uint16_t port;
    bool loopback;
    Bootstrap_Node nodes[MAX_BOOTSTRAP_NODES];
    size_t node_count;
    time_t last_bootstrap;
    bool save_needed;
} Bot;

static volatile sig_atomic_t stop_requested = 0;

static void on_signal(int number)
{
    (void)number;
    stop_requested = 1;
}

/* ------------------------------------------------------------- hex and numbers */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }

    return -1;
}

/* Turns exactly 2 * `size` hex digits into `size` bytes; false if `hex` is anything else. */
static bool hex_string_to_bin(const char *hex, uint8_t *bin, size_t size)
{
    if (strlen(hex) != 2 * size) {
        return false;
    }

    for (size_t i = 0; i < size; ++i) {
        const int high = hex_digit(hex[2 * i]);
        const int low = hex_digit(hex[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }

        bin[i] = (uint8_t)(high << 4 | low);
    }

    return true;
}

static void print_hex(const char *label, const uint8_t *bin, size_t size)
{
    printf("%s ", label);

    for (size_t i = 0; i < size; ++i) {
        printf("%02X", bin[i]);
    }

    putchar('\n');
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

/* ------------------------------------------------------------- savedata */

/* Reads a whole file. A file that is not there is no error: `*data` is NULL then. */
static bool read_file(const char *path, uint8_t **data, size_t *length)
{
    *data = NULL;
    *length = 0;
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        return errno == ENOENT;
    }

    long size = -1;

    if (fseek(file, 0, SEEK_END) == 0) {
        size = ftell(file);
    }

    uint8_t *bytes = size > 0 && fseek(file, 0, SEEK_SET) == 0 ? (uint8_t *)malloc((size_t)size) : NULL;
    const bool ok = bytes != NULL && fread(bytes, 1, (size_t)size, file) == (size_t)size;
    fclose(file);

    if (!ok) {
        free(bytes);
        return false;
    }

    *data = bytes;
    *length = (size_t)size;
    return true;
}

static bool write_all(int fd, const uint8_t *data, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(fd, data, length);

        if (written < 0 && errno == EINTR) {
            continue;
        }

        if (written <= 0) {
            return false;
        }

        data += written;
        length -= (size_t)written;
    }

    return true;
}

/*
 * Writes a temporary file beside the real one and renames it, so that a crash leaves either the old or the
 * new savedata and never half of one. It contains the secret key, hence the mode.
 */
static bool write_file_atomically(const char *path, const uint8_t *data, size_t length)
{
    char temporary[PATH_MAX];
    const int printed = snprintf(temporary, sizeof temporary, "%s.new", path);

    if (printed < 0 || (size_t)printed >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }

    const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR);

    if (fd < 0) {
        return false;
    }

    const bool on_disk = write_all(fd, data, length) && fsync(fd) == 0;
    const bool closed = close(fd) == 0;

    if (on_disk && closed && rename(temporary, path) == 0) {
        return true;
    }

    const int error = errno;
    unlink(temporary);
    errno = error;
    return false;
}

static bool save(const Tox *tox, Bot *bot)
{
    bot->save_needed = false;

    if (bot->savedata_path == NULL) {
        return true;
    }

    const size_t length = tox_get_savedata_size(tox);
    uint8_t *data = (uint8_t *)malloc(length);

    if (data == NULL) {
        fputs("echo_bot: out of memory, nothing saved\n", stderr);
        return false;
    }

    tox_get_savedata(tox, data);
    const bool ok = write_file_atomically(bot->savedata_path, data, length);
    free(data);

    if (!ok) {
        fprintf(stderr, "echo_bot: cannot save %s: %s\n", bot->savedata_path, strerror(errno));
    }

    return ok;
}

/* ------------------------------------------------------------- callbacks */

static const char *connection_name(Tox_Connection connection)
{
    switch (connection) {
        case TOX_CONNECTION_TCP:
            return "TCP";

        case TOX_CONNECTION_UDP:
            return "UDP";

        default:
            return "NONE";
    }
}

static void on_self_connection_status(Tox *tox, Tox_Connection connection, void *user_data)
{
    (void)tox;
    (void)user_data;
    printf("CONNECTION %s\n", connection_name(connection));
}

static void on_friend_request(Tox *tox, const uint8_t *public_key, const uint8_t *message, size_t length,
                              void *user_data)
{
    Bot *bot = (Bot *)user_data;
    (void)message;
    (void)length;

    Tox_Err_Friend_Add error;
    const uint32_t friend_number = tox_friend_add_norequest(tox, public_key, &error);

    if (error != TOX_ERR_FRIEND_ADD_OK) {
        fprintf(stderr, "echo_bot: cannot add the friend (error %d)\n", (int)error);
        return;
    }

    printf("FRIEND %lu ", (unsigned long)friend_number);
    print_hex("accepted", public_key, TOX_PUBLIC_KEY_SIZE);
    bot->save_needed = true;
}

static void on_friend_connection_status(Tox *tox, uint32_t friend_number, Tox_Connection connection,
                                        void *user_data)
{
    (void)tox;
    (void)user_data;
    printf("FRIEND %lu %s\n", (unsigned long)friend_number, connection_name(connection));
}

static void on_friend_message(Tox *tox, uint32_t friend_number, Tox_Message_Type type, const uint8_t *message,
                              size_t length, void *user_data)
{
    (void)user_data;

    /* The text is the friend's and could hold anything, terminal escapes too: only its length is printed. */
    printf("%s %lu %lu bytes\n", type == TOX_MESSAGE_TYPE_ACTION ? "ACTION" : "MESSAGE",
           (unsigned long)friend_number, (unsigned long)length);

    Tox_Err_Friend_Send_Message error;
    tox_friend_send_message(tox, friend_number, type, message, length, &error);

    if (error != TOX_ERR_FRIEND_SEND_MESSAGE_OK) {
        fprintf(stderr, "echo_bot: cannot echo (error %d)\n", (int)error);
    }
}

/* ------------------------------------------------------------- the bot */

static Tox *create_tox(const Bot *bot)
{
    uint8_t *savedata = NULL;
    size_t savedata_length = 0;

    if (bot->savedata_path != NULL && !read_file(bot->savedata_path, &savedata, &savedata_length)) {
        fprintf(stderr, "echo_bot: cannot read %s\n", bot->savedata_path);
        return NULL;
    }

    struct Tox_Options *options = tox_options_new(NULL);

    if (options == NULL) {
        fputs("echo_bot: out of memory\n", stderr);
        free(savedata);
        return NULL;
    }

    if (bot->loopback) {
        tox_options_set_local_discovery_enabled(options, false);
        tox_options_set_ipv6_enabled(options, false);
    }

    if (bot->port != 0) {
        tox_options_set_start_port(options, bot->port);
        tox_options_set_end_port(options, bot->port);
    }

    if (savedata != NULL) {
        tox_options_set_savedata_type(options, TOX_SAVEDATA_TYPE_TOX_SAVE);
        tox_options_set_savedata_data(options, savedata, savedata_length);
    }

    Tox_Err_New error;
    Tox *tox = tox_new(options, &error);
    tox_options_free(options);
    free(savedata);

    if (error != TOX_ERR_NEW_OK) {
        /* Some versions return an instance together with TOX_ERR_NEW_LOAD_BAD_FORMAT. Going on with it would
         * put a new identity over a save that may still be repaired. */
        fprintf(stderr, "echo_bot: cannot start Tox (error %d)\n", (int)error);
        tox_kill(tox);
        return NULL;
    }

    return tox;
}

static void set_profile(Tox *tox, const Bot *bot)
{
    static const char status[] = "I say what you say";
    const char *name = bot->name;

    if (name == NULL && tox_self_get_name_size(tox) == 0) {
        name = "Echo Bot";
    }

    if (name != NULL && !tox_self_set_name(tox, (const uint8_t *)name, strlen(name), NULL)) {
        fputs("echo_bot: the name is too long\n", stderr);
    }

    tox_self_set_status_message(tox, (const uint8_t *)status, sizeof status - 1, NULL);
}

static void print_identity(const Tox *tox)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    tox_self_get_address(tox, address);
    print_hex("ID", address, sizeof address);

    printf("PORT %u\n", (unsigned)tox_self_get_udp_port(tox, NULL));

    uint8_t dht_key[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_dht_id(tox, dht_key);
    print_hex("DHT", dht_key, sizeof dht_key);
}

/* Bootstraps again now and then until there is a connection: the first datagram may have been lost. */
static void bootstrap_if_offline(Tox *tox, Bot *bot)
{
    const time_t now = time(NULL);

    if (bot->last_bootstrap != 0
        && (now - bot->last_bootstrap < BOOTSTRAP_RETRY_S
            || tox_self_get_connection_status(tox) != TOX_CONNECTION_NONE)) {
        return;
    }

    bot->last_bootstrap = now;

    for (size_t i = 0; i < bot->node_count; ++i) {
        const Bootstrap_Node *node = &bot->nodes[i];
        Tox_Err_Bootstrap error;

        if (!tox_bootstrap(tox, node->host, node->port, node->key, &error)) {
            fprintf(stderr, "echo_bot: cannot bootstrap from %s (error %d)\n", node->host, (int)error);
        }
    }
}

static void sleep_ms(uint32_t duration_ms)
{
    const struct timespec pause = {(time_t)(duration_ms / 1000), (long)(duration_ms % 1000) * 1000000L};
    nanosleep(&pause, NULL); /* a signal may cut it short, which is welcome */
}

static int usage(void)
{
    fputs("usage: echo_bot [--savedata FILE] [--port N] [--bootstrap HOST PORT HEXKEY]...\n"
          "                [--name NAME] [--loopback]\n",
          stderr);
    return 2;
}

static bool parse_arguments(int argc, char **argv, Bot *bot)
{
    for (int i = 1; i < argc; ++i) {
        const int left = argc - i - 1;

        if (strcmp(argv[i], "--loopback") == 0) {
            bot->loopback = true;
        } else if (strcmp(argv[i], "--savedata") == 0 && left >= 1) {
            bot->savedata_path = argv[++i];
        } else if (strcmp(argv[i], "--name") == 0 && left >= 1) {
            bot->name = argv[++i];
        } else if (strcmp(argv[i], "--port") == 0 && left >= 1) {
            if (!parse_port(argv[++i], &bot->port)) {
                return false;
            }
        } else if (strcmp(argv[i], "--bootstrap") == 0 && left >= 3
                   && bot->node_count < MAX_BOOTSTRAP_NODES) {
            Bootstrap_Node *node = &bot->nodes[bot->node_count++];
            node->host = argv[i + 1];

            if (!parse_port(argv[i + 2], &node->port)
                || !hex_string_to_bin(argv[i + 3], node->key, sizeof node->key)) {
                return false;
            }

            i += 3;
        } else {
            return false;
        }
    }

    return true;
}

int main(int argc, char **argv)
{
    Bot bot = {0};

    if (!parse_arguments(argc, argv, &bot)) {
        return usage();
    }

    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);

    Tox *tox = create_tox(&bot);

    if (tox == NULL) {
        return 1;
    }

    set_profile(tox, &bot);
    tox_callback_self_connection_status(tox, on_self_connection_status);
    tox_callback_friend_request(tox, on_friend_request);
    tox_callback_friend_connection_status(tox, on_friend_connection_status);
    tox_callback_friend_message(tox, on_friend_message);

    print_identity(tox);
    bool saved = save(tox, &bot);

    while (saved && stop_requested == 0) {
        bootstrap_if_offline(tox, &bot);
        tox_iterate(tox, &bot);

        if (bot.save_needed) {
            saved = save(tox, &bot);
        }

        sleep_ms(tox_iteration_interval(tox));
    }

    saved = save(tox, &bot) && saved;
    tox_kill(tox);
    return saved ? 0 : 1;
}
