/*
 * Answers every call and sends back what it hears and sees; accepts every friend request.
 *
 *     av_echo [--port N] [--bootstrap HOST PORT HEXKEY]... [--loopback]
 *
 * The first three lines on standard output are for whoever started it:
 *
 *     ID <76 hex digits>     what a friend request is addressed to; another one at each start
 *     PORT <number>          the UDP port, and
 *     DHT <64 hex digits>    the DHT key, with which others can bootstrap from it
 *
 * After that there is one line for each thing that happens. SIGINT and SIGTERM end it.
 *
 * One thread does everything, which is simple and safe with every toxcore. A client with a window has one for
 * toxav_iterate(), so that decoding does not hold up the rest.
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
#include <tox/toxav.h>

#define MAX_BOOTSTRAP_NODES 8
#define BOOTSTRAP_RETRY_S 5
#define AUDIO_KBIT 48
#define VIDEO_KBIT 1000
#define MAX_FRIENDS 256

typedef struct Bootstrap_Node {
    const char *host;
    uint16_t port;
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
} Bootstrap_Node;

typedef struct Echo {
    uint16_t port;
    bool loopback;
    Bootstrap_Node nodes[MAX_BOOTSTRAP_NODES];
    size_t node_count;
    time_t last_bootstrap;
    ToxAV *av;
    /* Frames sent back in the call with each friend. */
    unsigned long audio_frames[MAX_FRIENDS];
    unsigned long video_frames[MAX_FRIENDS];
    /* A picture without gaps between its lines. */
    uint8_t *picture;
    size_t picture_size;
} Echo;

static volatile sig_atomic_t stop_requested = 0;

static void on_signal(int number)
{
    (void)number;
    stop_requested = 1;
}

/* ------------------------------------------------------------- hex and numbers */

static bool hex_string_to_bin(const char *hex, uint8_t *bin, size_t size)
{
    if (strlen(hex) != 2 * size || strspn(hex, "0123456789abcdefABCDEF") != 2 * size) {
        return false;
    }

    for (size_t i = 0; i < size; ++i) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bin[i] = (uint8_t)strtoul(digits, NULL, 16);
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

/* ------------------------------------------------------------- friends */

static void on_friend_request(Tox *tox, const uint8_t *public_key, const uint8_t *message, size_t length,
                              void *user_data)
{
    (void)message;
    (void)length;
    (void)user_data;

    if (tox_self_get_friend_list_size(tox) >= MAX_FRIENDS
        || tox_friend_add_norequest(tox, public_key, NULL) == UINT32_MAX) {
        fputs("av_echo: cannot add the friend\n", stderr);
        return;
    }

    print_hex("FRIEND", public_key, TOX_PUBLIC_KEY_SIZE);
}

static void on_friend_connection_status(Tox *tox, uint32_t friend_number, Tox_Connection connection,
                                        void *user_data)
{
    (void)tox;
    (void)user_data;
    static const char *const names[] = {"NONE", "TCP", "UDP"};
    printf("FRIEND %lu %s\n", (unsigned long)friend_number, names[connection]);
}

/* ------------------------------------------------------------- calls: these come from tox_iterate() */

static void on_call(ToxAV *av, uint32_t friend_number, bool audio_enabled, bool video_enabled,
                    void *user_data)
{
    Echo *echo = (Echo *)user_data;
    echo->audio_frames[friend_number] = 0;
    echo->video_frames[friend_number] = 0;

    Toxav_Err_Answer error;

    /* What the friend sends we send back: neither a picture without one, nor sound without sound. */
    if (!toxav_answer(av, friend_number, audio_enabled ? AUDIO_KBIT : 0, video_enabled ? VIDEO_KBIT : 0,
                      &error)) {
        fprintf(stderr, "av_echo: cannot answer (error %d)\n", (int)error);
        toxav_call_control(av, friend_number, TOXAV_CALL_CONTROL_CANCEL, NULL);
        return;
    }

    printf("CALL %lu%s%s\n", (unsigned long)friend_number, audio_enabled ? " audio" : "",
           video_enabled ? " video" : "");
}

static void on_call_state(ToxAV *av, uint32_t friend_number, uint32_t state, void *user_data)
{
    Echo *echo = (Echo *)user_data;

    if ((state & (TOXAV_FRIEND_CALL_STATE_ERROR | TOXAV_FRIEND_CALL_STATE_FINISHED)) != 0) {
        printf("END %lu: %lu frames of sound, %lu pictures\n", (unsigned long)friend_number,
               echo->audio_frames[friend_number], echo->video_frames[friend_number]);
        return;
    }

    printf("STATE %lu %lu\n", (unsigned long)friend_number, (unsigned long)state);

    /* The friend may begin with a picture, or end it, in the middle of a call. */
    toxav_audio_set_bit_rate(av, friend_number, state & TOXAV_FRIEND_CALL_STATE_SENDING_A ? AUDIO_KBIT : 0,
                             NULL);
    toxav_video_set_bit_rate(av, friend_number, state & TOXAV_FRIEND_CALL_STATE_SENDING_V ? VIDEO_KBIT : 0,
                             NULL);
}

static void on_video_bit_rate(ToxAV *av, uint32_t friend_number, uint32_t video_bit_rate, void *user_data)
{
    (void)user_data;

    if (video_bit_rate > 0) {
        toxav_video_set_bit_rate(av, friend_number, video_bit_rate, NULL);
    }
}

/* ------------------------------------------------------------- media: these come from toxav_iterate() */

static void on_audio(ToxAV *av, uint32_t friend_number, const int16_t *pcm, size_t sample_count,
                     uint8_t channels, uint32_t sampling_rate, void *user_data)
{
    Echo *echo = (Echo *)user_data;

    /* A frame that cannot be sent is lost, as on the way: the next one comes soon. */
    if (toxav_audio_send_frame(av, friend_number, pcm, sample_count, channels, sampling_rate, NULL)) {
        ++echo->audio_frames[friend_number];
    }
}

static uint8_t *copy_plane(uint8_t *target, const uint8_t *plane, int32_t stride, size_t columns, size_t rows)
{
    for (size_t row = 0; row < rows; ++row) {
        memcpy(target, plane + (ptrdiff_t)row * stride, columns);
        target += columns;
    }

    return target;
}

static void on_video(ToxAV *av, uint32_t friend_number, uint16_t width, uint16_t height, const uint8_t *y,
                     const uint8_t *u, const uint8_t *v, int32_t ystride, int32_t ustride, int32_t vstride,
                     void *user_data)
{
    Echo *echo = (Echo *)user_data;
    const size_t columns = width / 2;
    const size_t rows = height / 2;
    const size_t size = (size_t)width * height + 2 * columns * rows;

    if (size > echo->picture_size) {
        uint8_t *larger = (uint8_t *)realloc(echo->picture, size);

        if (larger == NULL) {
            return;
        }

        echo->picture = larger;
        echo->picture_size = size;
    }

    /* Pictures come with gaps between the lines, and are sent without. */
    uint8_t *const u_copy = copy_plane(echo->picture, y, ystride, width, height);
    uint8_t *const v_copy = copy_plane(u_copy, u, ustride, columns, rows);
    copy_plane(v_copy, v, vstride, columns, rows);

    if (toxav_video_send_frame(av, friend_number, width, height, echo->picture, u_copy, v_copy, NULL)) {
        ++echo->video_frames[friend_number];
    }
}

static void sleep_ms(uint32_t duration_ms)
{
    const struct timespec pause = {(time_t)(duration_ms / 1000), (long)(duration_ms % 1000) * 1000000L};
    nanosleep(&pause, NULL); /* a signal may cut it short, which is welcome */
}

/* ------------------------------------------------------------- the program */

static Tox *create_tox(const Echo *echo)
{
    struct Tox_Options *options = tox_options_new(NULL);

    if (options == NULL) {
        return NULL;
    }

    if (echo->loopback) {
        tox_options_set_local_discovery_enabled(options, false);
        tox_options_set_ipv6_enabled(options, false);
    }

    if (echo->port != 0) {
        tox_options_set_start_port(options, echo->port);
        tox_options_set_end_port(options, echo->port);
    }

    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    return tox;
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
static void bootstrap_if_offline(Tox *tox, Echo *echo)
{
    const time_t now = time(NULL);

    if (echo->last_bootstrap != 0
        && (now - echo->last_bootstrap < BOOTSTRAP_RETRY_S
            || tox_self_get_connection_status(tox) != TOX_CONNECTION_NONE)) {
        return;
    }

    echo->last_bootstrap = now;

    for (size_t i = 0; i < echo->node_count; ++i) {
        const Bootstrap_Node *node = &echo->nodes[i];

        if (!tox_bootstrap(tox, node->host, node->port, node->key, NULL)) {
            fprintf(stderr, "av_echo: cannot bootstrap from %s\n", node->host);
        }
    }
}

static bool parse_arguments(int argc, char **argv, Echo *echo)
{
    for (int i = 1; i < argc; ++i) {
        const int left = argc - i - 1;

        if (strcmp(argv[i], "--loopback") == 0) {
            echo->loopback = true;
        } else if (strcmp(argv[i], "--port") == 0 && left >= 1) {
            if (!parse_port(argv[++i], &echo->port)) {
                return false;
            }
        } else if (strcmp(argv[i], "--bootstrap") == 0 && left >= 3
                   && echo->node_count < MAX_BOOTSTRAP_NODES) {
            Bootstrap_Node *node = &echo->nodes[echo->node_count++];
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

static bool run(Tox *tox, Echo *echo)
{
    Toxav_Err_New error;
    echo->av = toxav_new(tox, &error);

    if (echo->av == NULL) {
        fprintf(stderr, "av_echo: no calls (error %d)\n", (int)error);
        return false;
    }

    tox_callback_friend_request(tox, on_friend_request);
    tox_callback_friend_connection_status(tox, on_friend_connection_status);
    toxav_callback_call(echo->av, on_call, echo);
    toxav_callback_call_state(echo->av, on_call_state, echo);
    toxav_callback_video_bit_rate(echo->av, on_video_bit_rate, echo);
    toxav_callback_audio_receive_frame(echo->av, on_audio, echo);
    toxav_callback_video_receive_frame(echo->av, on_video, echo);

    print_identity(tox);

    while (stop_requested == 0) {
        bootstrap_if_offline(tox, echo);
        tox_iterate(tox, NULL);
        toxav_iterate(echo->av);

        const uint32_t interval = tox_iteration_interval(tox);
        const uint32_t av_interval = toxav_iteration_interval(echo->av);
        sleep_ms(interval < av_interval ? interval : av_interval);
    }

    toxav_kill(echo->av);
    return true;
}

int main(int argc, char **argv)
{
    static Echo echo;

    if (!parse_arguments(argc, argv, &echo)) {
        fputs("usage: av_echo [--port N] [--bootstrap HOST PORT HEXKEY]... [--loopback]\n", stderr);
        return 2;
    }

    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);

    Tox *tox = create_tox(&echo);

    if (tox == NULL) {
        fputs("av_echo: cannot start Tox\n", stderr);
        return 1;
    }

    const bool ok = run(tox, &echo);
    tox_kill(tox);
    free(echo.picture);
    return ok ? 0 : 1;
}
