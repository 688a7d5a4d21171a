/* One side of a call in the laboratory, with threads as desktop clients have them; it shows a clip and says tones.
 *
 * Commands on stdin: bootstrap HOST PORT KEY | relay HOST PORT KEY | friend KEY | call AUDIO_KBIT VIDEO_KBIT |
 * file BYTES | quit.
 * Whoever is called answers with the same bit rates. Events are lines that begin with milliseconds:
 *   KEY hex | FRIEND none/tcp/udp | STATE state | RATE kbit
 *   SECOND right delay_ms pictures psnr broken      what came in that second: frames of sound that were newer
 * than all before and their median delay, pictures shown, their mean PSNR in dB, and how many had less than 25 */
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tox/tox.h>
#include <tox/toxav.h>
#include <unistd.h>

#include "clip.h"

enum { LINE_SIZE = 256, FRAME_NS = 20000000, PICTURE_NS = 33333333, SECOND_MS = 1000, MAX_RIGHT = 100 };

static const double BROKEN_DB = 25;

static struct {
    Tox *tox;
    ToxAV *av;
    uint32_t audio_kbit, video_kbit;
    bool in_call, caller, stop;
    uint8_t *clip;
    int16_t tones[TONES][TONE_SAMPLES];
} side;

static struct {
    pthread_mutex_t lock;
    int64_t newest;
    int right, pictures, broken;
    double late_ms[MAX_RIGHT], psnr;
} got = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void event(const char *what, const char *text)
{
    printf("%" PRId64 " %s %s\n", now_ns() / 1000000, what, text);
    fflush(stdout);
}

static void event_number(const char *what, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", number);
    event(what, text);
}

static void on_friend(Tox *tox, uint32_t number, TOX_CONNECTION connection, void *user)
{
    static const char *const names[] = {"none", "tcp", "udp"};
    (void)tox, (void)number, (void)user;
    event("FRIEND", names[connection]);
}

static void on_file(Tox *tox, uint32_t number, uint32_t file, uint32_t kind, uint64_t size,
                    const uint8_t *name, size_t length, void *user)
{
    (void)kind, (void)size, (void)name, (void)length, (void)user;
    tox_file_control(tox, number, file, TOX_FILE_CONTROL_RESUME, NULL);
}

static void on_request(Tox *tox, uint32_t number, uint32_t file, uint64_t position, size_t length, void *user)
{
    static const uint8_t zeros[2048];
    (void)user;
    tox_file_send_chunk(tox, number, file, position, zeros, length, NULL);
}

static void on_call(ToxAV *av, uint32_t number, bool audio, bool video, void *user)
{
    (void)user;
    side.in_call = toxav_answer(av, number, audio ? 48 : 0, video ? side.video_kbit : 0, NULL);
}

static void on_state(ToxAV *av, uint32_t number, uint32_t state, void *user)
{
    (void)av, (void)number, (void)user;
    side.in_call = state > TOXAV_FRIEND_CALL_STATE_FINISHED;
    event_number("STATE", state);
}

static void on_rate(ToxAV *av, uint32_t number, uint32_t kbit, void *user)
{
    (void)av, (void)number, (void)user;
    event_number("RATE", kbit);
}

/* As in the benchmark: the youngest frame of that tone, both processes know when each is sent. */
static void on_audio(ToxAV *av, uint32_t number, const int16_t *pcm, size_t samples, uint8_t channels,
                     uint32_t rate, void *user)
{
    (void)av, (void)number, (void)channels, (void)rate, (void)user;
    const int64_t now = now_ns(), newest = now / FRAME_NS;
    const int tone = tone_number(pcm, samples);
    const int64_t frame = newest - (newest - tone + TONES) % TONES;
    pthread_mutex_lock(&got.lock);
    if (tone >= 0 && frame > got.newest) {
        got.newest = frame;
        if (got.right < MAX_RIGHT) {
            got.late_ms[got.right++] = (double)(now - frame * FRAME_NS) / 1e6;
        }
    }
    pthread_mutex_unlock(&got.lock);
}

static void on_video(ToxAV *av, uint32_t number, uint16_t width, uint16_t height, const uint8_t *y,
                     const uint8_t *u, const uint8_t *v, int32_t y_stride, int32_t u_stride, int32_t v_stride,
                     void *user)
{
    (void)av, (void)number, (void)u, (void)v, (void)u_stride, (void)v_stride, (void)user;
    if (width != CLIP_W || height != CLIP_H) {
        return;
    }
    const int picture = clip_number(y, y_stride);
    const double psnr = picture < 0 ? 0 : clip_psnr(side.clip + (size_t)picture * CLIP_SIZE, y, y_stride);
    pthread_mutex_lock(&got.lock);
    ++got.pictures;
    got.psnr += psnr;
    got.broken += psnr < BROKEN_DB;
    pthread_mutex_unlock(&got.lock);
}

static void *play(void *unused)
{
    (void)unused;
    while (!side.stop) {
        toxav_iterate(side.av);
        usleep(1000 * toxav_iteration_interval(side.av));
    }
    return NULL;
}

static void *speak(void *is_video)
{
    const int64_t step = is_video != NULL ? PICTURE_NS : FRAME_NS;
    while (!side.stop) {
        const int64_t number = now_ns() / step + 1;
        const struct timespec due = {.tv_sec = number * step / 1000000000,
                                     .tv_nsec = number * step % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        const uint8_t *y = side.clip + (size_t)(number % CLIP_PICTURES) * CLIP_SIZE;
        const uint8_t *u = y + CLIP_W * CLIP_H;
        if (side.in_call && is_video == NULL) {
            toxav_audio_send_frame(side.av, 0, side.tones[number % TONES], TONE_SAMPLES, 1, TONE_RATE, NULL);
        } else if (side.in_call && side.caller) {
            toxav_video_send_frame(side.av, 0, CLIP_W, CLIP_H, y, u, u + CLIP_W * CLIP_H / 4, NULL);
        }
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell_second(void)
{
    char text[LINE_SIZE];
    pthread_mutex_lock(&got.lock);
    qsort(got.late_ms, (size_t)got.right, sizeof(double), compare);
    snprintf(text, sizeof(text), "%d %.1f %d %.2f %d", got.right,
             got.right > 0 ? got.late_ms[got.right / 2] : 0, got.pictures,
             got.pictures > 0 ? got.psnr / got.pictures : 0, got.broken);
    got.right = got.pictures = got.broken = 0;
    got.psnr = 0;
    pthread_mutex_unlock(&got.lock);
    event("SECOND", text);
}

static bool from_hex(const char *hex, uint8_t *key)
{
    for (size_t i = 0; i < TOX_PUBLIC_KEY_SIZE; ++i) {
        if (sscanf(hex + 2 * i, "%2hhx", &key[i]) != 1) {
            return false;
        }
    }
    return true;
}

static void command(const char *line)
{
    char host[64], hex[TOX_PUBLIC_KEY_SIZE * 2 + 1];
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    unsigned port = 0;
    unsigned long long size = 0;
    if (sscanf(line, "bootstrap %63s %u %64s", host, &port, hex) == 3 && from_hex(hex, key)) {
        tox_bootstrap(side.tox, host, (uint16_t)port, key, NULL);
    } else if (sscanf(line, "relay %63s %u %64s", host, &port, hex) == 3 && from_hex(hex, key)) {
        tox_add_tcp_relay(side.tox, host, (uint16_t)port, key, NULL);
    } else if (sscanf(line, "friend %64s", hex) == 1 && from_hex(hex, key)) {
        tox_friend_add_norequest(side.tox, key, NULL);
    } else if (sscanf(line, "call %u %u", &side.audio_kbit, &side.video_kbit) == 2) {
        side.caller = true;
        toxav_call(side.av, 0, side.audio_kbit, side.video_kbit, NULL);
    } else if (sscanf(line, "file %llu", &size) == 1) {
        tox_file_send(side.tox, 0, TOX_FILE_KIND_DATA, size, NULL, (const uint8_t *)"zeros", 5, NULL);
    } else {
        side.stop = true;
    }
}

static void obey(void)
{
    static char line[LINE_SIZE];
    static size_t used;
    struct pollfd in = {STDIN_FILENO, POLLIN, 0};
    if (poll(&in, 1, (int)tox_iteration_interval(side.tox)) <= 0) {
        return;
    }
    const ssize_t length = read(STDIN_FILENO, line + used, sizeof(line) - used - 1);
    side.stop = length <= 0;
    used += length > 0 ? (size_t)length : 0;
    line[used] = '\0';
    for (char *end; (end = strchr(line, '\n')) != NULL;) {
        *end = '\0';
        command(line);
        used -= (size_t)(end + 1 - line);
        memmove(line, end + 1, used + 1);
    }
}

static void begin(void)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_ipv6_enabled(options, false);
    side.tox = tox_new(options, NULL);
    tox_options_free(options);
    side.av = toxav_new(side.tox, NULL);
    tox_callback_friend_connection_status(side.tox, on_friend);
    tox_callback_file_recv(side.tox, on_file);
    tox_callback_file_chunk_request(side.tox, on_request);
    toxav_callback_call(side.av, on_call, NULL);
    toxav_callback_call_state(side.av, on_state, NULL);
    toxav_callback_video_bit_rate(side.av, on_rate, NULL);
    toxav_callback_audio_receive_frame(side.av, on_audio, NULL);
    toxav_callback_video_receive_frame(side.av, on_video, NULL);
    side.clip = (uint8_t *)malloc((size_t)CLIP_PICTURES * CLIP_SIZE);
    for (int i = 0; i < CLIP_PICTURES; ++i) {
        clip_picture(side.clip + (size_t)i * CLIP_SIZE, i);
    }
    for (int i = 0; i < TONES; ++i) {
        tone_frame(side.tones[i], i);
    }
}

int main(void)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    char hex[TOX_PUBLIC_KEY_SIZE * 2 + 1];
    pthread_t threads[3];
    begin();
    tox_self_get_public_key(side.tox, key);
    for (size_t i = 0; i < sizeof(key); ++i) {
        snprintf(hex + i * 2, 3, "%02X", key[i]);
    }
    event("KEY", hex);
    pthread_create(&threads[0], NULL, play, NULL);
    pthread_create(&threads[1], NULL, speak, NULL);
    pthread_create(&threads[2], NULL, speak, &side);
    for (int64_t due_ms = now_ns() / 1000000; !side.stop;) {
        tox_iterate(side.tox, NULL);
        if (now_ns() / 1000000 >= due_ms) {
            due_ms += SECOND_MS;
            tell_second();
        }
        obey();
    }
    return 0; /* nobody waits for a farewell */
}
