/* The functions of toxav with good and bad arguments in every state of a call, one line of transcript each: what was
 * called, the result, the error code; and what either side is told. Run against the real library and ours, the
 * transcripts must be equal. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <tox/tox.h>
#include <tox/toxav.h>

#include "../host/check.h"

/* the onion needs some nodes around; a frame of 20 ms */
enum { NODES = 6, PASSES = 9000, SAMPLES = 960, SIDE = 16 };

static Tox *nodes[NODES];
static ToxAV *avs[2];
static int16_t pcm[2 * 6 * SAMPLES];
static uint8_t plane[SIDE * SIDE];
static int error, marks;

#define AT ((void *)&error)
#define CALL(call)                                                                                           \
    do {                                                                                                     \
        error = -1;                                                                                          \
        const int64_t result = (int64_t)(call);                                                              \
        printf("%s = %" PRId64 " error %d\n", #call, result, error);                                         \
    } while (0)

static const char *side_of(const ToxAV *av)
{
    return av == avs[0] ? "alice" : "bob";
}

static void on_call(ToxAV *av, uint32_t friend_number, bool audio, bool video, void *user_data)
{
    CHECK(user_data == &avs);
    printf("%s hears call %u %d %d\n", side_of(av), friend_number, audio, video);
}

static void on_state(ToxAV *av, uint32_t friend_number, uint32_t state, void *user_data)
{
    CHECK(user_data == &marks);
    printf("%s hears state %u %u\n", side_of(av), friend_number, state);
}

static void on_audio(ToxAV *av, uint32_t friend_number, const int16_t *samples, size_t count,
                     uint8_t channels, uint32_t rate, void *user_data)
{
    (void)av;
    (void)friend_number;
    (void)samples;
    (void)count;
    (void)channels;
    (void)rate;
    (void)user_data;
}

static void on_video(ToxAV *av, uint32_t friend_number, uint16_t width, uint16_t height, const uint8_t *y,
                     const uint8_t *u, const uint8_t *v, int32_t ystride, int32_t ustride, int32_t vstride,
                     void *user_data)
{
    (void)av;
    (void)friend_number;
    (void)width;
    (void)height;
    (void)y;
    (void)u;
    (void)v;
    (void)ystride;
    (void)ustride;
    (void)vstride;
    (void)user_data;
}

static void pass(void)
{
    const struct timespec pause = {0, 5000000};
    for (int i = 0; i < NODES; ++i) {
        tox_iterate(nodes[i], NULL);
    }
    for (int i = 0; i < 2; ++i) {
        toxav_iterate(avs[i]);
    }
    nanosleep(&pause, NULL);
}

#define UNTIL(condition)                                                                                     \
    do {                                                                                                     \
        int passes = 0;                                                                                      \
        while (!(condition)) {                                                                               \
            CHECK(passes++ < PASSES);                                                                        \
            pass();                                                                                          \
        }                                                                                                    \
    } while (0)

static void on_packet(Tox *tox, uint32_t friend_number, const uint8_t *data, size_t length, void *user_data)
{
    (void)tox;
    (void)friend_number;
    (void)user_data;
    marks += length == 4 && data[0] == 161;
}

/* Let what either side has sent arrive. */
static void settle(void)
{
    for (int i = 0; i < 2; ++i) {
        const int before = marks;
        const uint8_t end[] = {161, 'e', 'n', 'd'};
        CHECK(tox_friend_send_lossless_packet(nodes[i], 0, end, sizeof end, NULL));
        UNTIL(marks > before);
    }
}

static void start(void)
{
    for (int i = 0; i < NODES; ++i) {
        struct Tox_Options *options = tox_options_new(NULL);
        tox_options_set_local_discovery_enabled(options, false);
        nodes[i] = tox_new(options, NULL);
        tox_options_free(options);
        CHECK(nodes[i] != NULL);
        if (i > 0) {
            uint8_t id[TOX_PUBLIC_KEY_SIZE];
            tox_self_get_dht_id(nodes[i - 1], id);
            CHECK(tox_bootstrap(nodes[i], "127.0.0.1", tox_self_get_udp_port(nodes[i - 1], NULL), id, NULL));
        }
    }
    for (int i = 0; i < 2; ++i) {
        tox_callback_friend_lossless_packet(nodes[i], on_packet);
    }
}

static void befriend(void)
{
    for (int i = 0; i < 2; ++i) {
        uint8_t key[TOX_PUBLIC_KEY_SIZE];
        tox_self_get_public_key(nodes[1 - i], key);
        CHECK(tox_friend_add_norequest(nodes[i], key, NULL) == 0);
    }
}

static void lifecycle(void)
{
    CALL(toxav_new(NULL, AT) != NULL);
    CALL(toxav_new(NULL, NULL) != NULL);
    for (int i = 0; i < 2; ++i) {
        CALL((avs[i] = toxav_new(nodes[i], AT)) != NULL);
        CALL(toxav_get_tox(avs[i]) == nodes[i]);
    }
    CALL(toxav_new(nodes[0], AT) != NULL);
    CALL(toxav_new(nodes[0], NULL) != NULL);
    toxav_kill(NULL);
    toxav_kill(avs[0]);
    CALL((avs[0] = toxav_new(nodes[0], AT)) != NULL);
    CALL(toxav_iteration_interval(avs[0]));
    CALL(toxav_audio_iteration_interval(avs[0]));
    CALL(toxav_video_iteration_interval(avs[0]));
}

/* Sound in conferences, which need no ToxAV. */
static void about_conference(uint32_t number)
{
    Tox *tox = nodes[0];
    printf("-- conference %u\n", number);
    CALL(toxav_groupchat_av_enabled(tox, number));
    CALL(toxav_group_send_audio(tox, number, pcm, SAMPLES, 1, 48000));
    CALL(toxav_groupchat_enable_av(tox, number, NULL, NULL));
    CALL(toxav_groupchat_av_enabled(tox, number));
    CALL(toxav_groupchat_enable_av(tox, number, NULL, NULL));
    CALL(toxav_group_send_audio(tox, number, pcm, SAMPLES, 1, 48000));
    CALL(toxav_group_send_audio(tox, number, pcm, SAMPLES, 0, 48000));
    CALL(toxav_group_send_audio(tox, number, pcm, SAMPLES, 3, 48000));
    CALL(toxav_group_send_audio(tox, number, pcm, SAMPLES, 1, 44100));
    CALL(toxav_group_send_audio(tox, number, pcm, 7, 1, 48000));
    CALL(toxav_groupchat_disable_av(tox, number));
    CALL(toxav_groupchat_av_enabled(tox, number));
    CALL(toxav_groupchat_disable_av(tox, number));
    CALL(toxav_group_send_audio(tox, number, pcm, SAMPLES, 1, 48000));
    CALL(toxav_groupchat_enable_av(tox, number, NULL, NULL));
}

static void conferences(void)
{
    static const uint8_t cookie[35];
    CALL(toxav_join_av_groupchat(nodes[0], 0, cookie, sizeof cookie, NULL, NULL));
    CALL(toxav_join_av_groupchat(nodes[0], 0, cookie, 3, NULL, NULL));
    CALL(toxav_join_av_groupchat(nodes[0], 7, cookie, sizeof cookie, NULL, NULL));
    about_conference(0);
    CALL(tox_conference_new(nodes[0], AT));
    about_conference(0);
    CALL(toxav_add_av_groupchat(nodes[0], NULL, NULL));
    about_conference(1);
    CALL(tox_conference_get_type(nodes[0], 1, AT));
    CALL(tox_conference_delete(nodes[0], 1, AT));
    about_conference(1);
    CALL(tox_conference_delete(nodes[0], 0, AT));
}

/* All functions about a call, of side `av` about `friend_number`. */
static void everything(ToxAV *av, uint32_t friend_number)
{
    printf("-- %s about %u\n", side_of(av), friend_number);
    CALL(toxav_call(av, friend_number, 5, 0, AT));
    CALL(toxav_call(av, friend_number, 511, 0, AT));
    CALL(toxav_call(av, friend_number, 5, 100, NULL));
    CALL(toxav_answer(av, friend_number, 5, 0, AT));
    CALL(toxav_answer(av, friend_number, 511, 0, AT));
    CALL(toxav_answer(av, friend_number, 5, 0, NULL));
    CALL(toxav_audio_set_bit_rate(av, friend_number, 5, AT));
    CALL(toxav_audio_set_bit_rate(av, friend_number, 511, AT));
    CALL(toxav_audio_set_bit_rate(av, friend_number, 511, NULL));
    CALL(toxav_call_control(av, friend_number, (Toxav_Call_Control)99, AT));
}

/* What does not change a call that is not answered. */
static void unanswered(ToxAV *av, uint32_t friend_number)
{
    everything(av, friend_number);
    for (int control = TOXAV_CALL_CONTROL_RESUME; control <= TOXAV_CALL_CONTROL_SHOW_VIDEO; ++control) {
        if (control != TOXAV_CALL_CONTROL_CANCEL) {
            printf("%d: ", control);
            CALL(toxav_call_control(av, friend_number, (Toxav_Call_Control)control, AT));
        }
    }
    CALL(toxav_call_control(av, friend_number, TOXAV_CALL_CONTROL_PAUSE, NULL));
    CALL(toxav_audio_set_bit_rate(av, friend_number, 48, AT));
    CALL(toxav_video_set_bit_rate(av, friend_number, 500, AT));
    CALL(toxav_video_set_bit_rate(av, friend_number, 500, NULL));
    CALL(toxav_audio_send_frame(av, friend_number, NULL, 0, 0, 0, AT));
    CALL(toxav_audio_send_frame(av, friend_number, pcm, SAMPLES, 1, 48000, AT));
    CALL(toxav_audio_send_frame(av, friend_number, pcm, SAMPLES, 1, 48000, NULL));
    CALL(toxav_video_send_frame(av, friend_number, 0, 0, NULL, NULL, NULL, AT));
    CALL(toxav_video_send_frame(av, friend_number, SIDE, SIDE, plane, plane, plane, AT));
    CALL(toxav_video_send_frame(av, friend_number, SIDE, SIDE, plane, plane, plane, NULL));
}

static void no_call(ToxAV *av, uint32_t friend_number)
{
    unanswered(av, friend_number);
    CALL(toxav_answer(av, friend_number, 48, 500, AT));
    CALL(toxav_call_control(av, friend_number, TOXAV_CALL_CONTROL_CANCEL, AT));
    CALL(toxav_call_control(av, friend_number, TOXAV_CALL_CONTROL_CANCEL, NULL));
}

static void audio_frames(ToxAV *av)
{
    static const uint32_t rates[] = {8000, 12000, 16000, 24000, 48000, 0, 8001, 44100, 96000};
    static const uint32_t tenths_ms[] = {0, 25, 50, 100, 200, 400, 600, 800, 1000, 1200, 1, 300, 700, 1400};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; ++r) {
        for (size_t length = 0; length < sizeof tenths_ms / sizeof *tenths_ms; ++length) {
            const size_t count = (size_t)rates[r] * tenths_ms[length] / 10000;
            if (count <= sizeof pcm / sizeof *pcm / 2) {
                printf("%u Hz, %u tenths of a ms: ", rates[r], tenths_ms[length]);
                CALL(toxav_audio_send_frame(av, 0, pcm, count, 1, rates[r], AT));
            }
        }
    }
    for (int channels = 0; channels <= 4; ++channels) {
        printf("%d channels: ", channels);
        CALL(toxav_audio_send_frame(av, 0, pcm, SAMPLES, (uint8_t)channels, 48000, AT));
    }
    CALL(toxav_audio_send_frame(av, 0, NULL, SAMPLES, 1, 48000, AT));
    CALL(toxav_audio_send_frame(av, 0, NULL, 0, 9, 7, AT));
    CALL(toxav_audio_send_frame(av, 0, pcm, SAMPLES, 1, 48000, NULL));
    CALL(toxav_audio_send_frame(av, 7, pcm, SAMPLES, 1, 48000, AT));
}

static void video_frames(ToxAV *av)
{
    CALL(toxav_video_send_frame(av, 0, SIDE, SIDE, plane, plane, plane, AT));
    CALL(toxav_video_send_frame(av, 0, SIDE, SIDE, plane, plane, plane, NULL));
    CALL(toxav_video_send_frame(av, 0, 1, 1, plane, plane, plane, AT));
    CALL(toxav_video_send_frame(av, 0, 7, 3, plane, plane, plane, AT));
    CALL(toxav_video_send_frame(av, 0, 0, 0, plane, plane, plane, AT));
    CALL(toxav_video_send_frame(av, 0, 0, SIDE, plane, plane, plane, AT));
    CALL(toxav_video_send_frame(av, 0, SIDE, 0, plane, plane, plane, AT));
    CALL(toxav_video_send_frame(av, 0, SIDE, SIDE, NULL, plane, plane, AT));
    CALL(toxav_video_send_frame(av, 0, SIDE, SIDE, plane, NULL, plane, AT));
    CALL(toxav_video_send_frame(av, 0, SIDE, SIDE, plane, plane, NULL, AT));
    CALL(toxav_video_send_frame(av, 0, 0, 0, NULL, NULL, NULL, AT));
    CALL(toxav_video_send_frame(av, 7, SIDE, SIDE, plane, plane, plane, AT));
}

/* One control after the other, and what the friend hears of it. */
static void controls(ToxAV *av)
{
    static const Toxav_Call_Control steps[] = {
        TOXAV_CALL_CONTROL_RESUME,       TOXAV_CALL_CONTROL_UNMUTE_AUDIO, TOXAV_CALL_CONTROL_SHOW_VIDEO,
        TOXAV_CALL_CONTROL_MUTE_AUDIO,   TOXAV_CALL_CONTROL_MUTE_AUDIO,   TOXAV_CALL_CONTROL_HIDE_VIDEO,
        TOXAV_CALL_CONTROL_HIDE_VIDEO,   TOXAV_CALL_CONTROL_PAUSE,        TOXAV_CALL_CONTROL_PAUSE,
        TOXAV_CALL_CONTROL_RESUME,       TOXAV_CALL_CONTROL_RESUME,       TOXAV_CALL_CONTROL_UNMUTE_AUDIO,
        TOXAV_CALL_CONTROL_UNMUTE_AUDIO, TOXAV_CALL_CONTROL_SHOW_VIDEO,   TOXAV_CALL_CONTROL_SHOW_VIDEO,
        TOXAV_CALL_CONTROL_PAUSE,        TOXAV_CALL_CONTROL_RESUME,       (Toxav_Call_Control)99,
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; ++i) {
        printf("%d: ", (int)steps[i]);
        CALL(toxav_call_control(av, 0, steps[i], AT));
        settle();
    }
    CALL(toxav_call_control(av, 7, TOXAV_CALL_CONTROL_PAUSE, AT));
    CALL(toxav_call_control(av, 7, (Toxav_Call_Control)99, AT));
}

static void bit_rates(ToxAV *av)
{
    static const uint32_t rates[] = {48, 48, 6, 510, 0, 0, 5, 511, 64};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; ++i) {
        printf("%u: ", rates[i]);
        CALL(toxav_audio_set_bit_rate(av, 0, rates[i], AT));
        settle();
    }
    static const uint32_t of_video[] = {500, 500, 1, 0, 0, 1000, 4294967295, 1000};
    for (size_t i = 0; i < sizeof of_video / sizeof *of_video; ++i) {
        printf("%u: ", of_video[i]);
        CALL(toxav_video_set_bit_rate(av, 0, of_video[i], AT));
        settle();
    }
    CALL(toxav_audio_set_bit_rate(av, 7, 48, AT));
    CALL(toxav_video_set_bit_rate(av, 7, 500, AT));
}

static void answered(void)
{
    for (int i = 0; i < 2; ++i) {
        everything(avs[i], 0);
        CALL(toxav_call(avs[i], 0, 48, 500, AT));
        CALL(toxav_answer(avs[i], 0, 48, 500, AT));
        audio_frames(avs[i]);
        video_frames(avs[i]);
        controls(avs[i]);
        bit_rates(avs[i]);
    }
}

/* Frames that nobody takes: our rate is 0, the friend has muted or paused, or we have paused. */
static void disabled(void)
{
    static const Toxav_Call_Control pairs[][2] = {
        {TOXAV_CALL_CONTROL_MUTE_AUDIO, TOXAV_CALL_CONTROL_UNMUTE_AUDIO},
        {TOXAV_CALL_CONTROL_HIDE_VIDEO, TOXAV_CALL_CONTROL_SHOW_VIDEO},
        {TOXAV_CALL_CONTROL_PAUSE, TOXAV_CALL_CONTROL_RESUME},
    };
    for (size_t pair = 0; pair < 3; ++pair) {
        for (int there = 0; there < 2; ++there) {
            printf("-- %d\n", (int)pairs[pair][there]);
            CALL(toxav_call_control(avs[1], 0, pairs[pair][there], AT));
            settle();
            for (int i = 0; i < 2; ++i) {
                CALL(toxav_audio_send_frame(avs[i], 0, pcm, SAMPLES, 1, 48000, AT));
                CALL(toxav_audio_send_frame(avs[i], 0, NULL, 0, 0, 0, AT));
                CALL(toxav_video_send_frame(avs[i], 0, SIDE, SIDE, plane, plane, plane, AT));
                CALL(toxav_video_send_frame(avs[i], 0, 0, 0, NULL, NULL, NULL, AT));
            }
        }
    }
    CALL(toxav_audio_set_bit_rate(avs[0], 0, 0, AT));
    CALL(toxav_video_set_bit_rate(avs[0], 0, 0, AT));
    settle();
    CALL(toxav_audio_send_frame(avs[0], 0, pcm, SAMPLES, 1, 48000, AT));
    CALL(toxav_audio_send_frame(avs[0], 0, NULL, 0, 0, 0, AT));
    CALL(toxav_video_send_frame(avs[0], 0, SIDE, SIDE, plane, plane, plane, AT));
    CALL(toxav_video_send_frame(avs[0], 0, 0, 0, NULL, NULL, NULL, AT));
}

static void renew(bool listening)
{
    for (int i = 0; i < 2; ++i) {
        toxav_kill(avs[i]);
        avs[i] = toxav_new(nodes[i], NULL);
        CHECK(avs[i] != NULL);
        if (listening) {
            toxav_callback_call(avs[i], on_call, &avs);
            toxav_callback_call_state(avs[i], on_state, &marks);
        }
    }
}

static void ringing(void)
{
    CALL(toxav_call(avs[0], 0, 48, 0, AT));
    settle();
    printf("-- ringing\n");
    unanswered(avs[0], 0);
    unanswered(avs[1], 0);
    CALL(toxav_call(avs[0], 0, 48, 0, AT));
    CALL(toxav_call(avs[1], 0, 48, 0, AT));
    CALL(toxav_answer(avs[0], 0, 48, 0, AT));
}

static void calls(void)
{
    /* nobody listens: the call is refused */
    toxav_callback_call_state(avs[0], on_state, &marks);
    CALL(toxav_call(avs[0], 0, 48, 0, AT));
    settle();
    /* after that, 0.2.18 refuses all calls */
    renew(true);
    for (int i = 0; i < 2; ++i) {
        toxav_callback_audio_receive_frame(avs[i], on_audio, NULL);
        toxav_callback_video_receive_frame(avs[i], on_video, NULL);
    }
    ringing();
    CALL(toxav_call_control(avs[1], 0, TOXAV_CALL_CONTROL_CANCEL, AT));
    settle();
    no_call(avs[0], 0);
    no_call(avs[1], 0);
    CALL(toxav_call(avs[0], 0, 48, 500, AT));
    settle();
    CALL(toxav_call_control(avs[0], 0, TOXAV_CALL_CONTROL_CANCEL, AT));
    settle();
    CALL(toxav_call(avs[0], 0, 48, 500, AT));
    settle();
    CALL(toxav_answer(avs[1], 0, 6, 500, AT));
    settle();
    printf("-- answered\n");
    answered();
    disabled();
    CALL(toxav_call_control(avs[0], 0, TOXAV_CALL_CONTROL_CANCEL, AT));
    settle();
    no_call(avs[0], 0);
    no_call(avs[1], 0);

    /* the other way, with no sound or pictures of one side, and ended by toxav_kill() */
    CALL(toxav_call(avs[1], 0, 0, 0, AT));
    settle();
    CALL(toxav_answer(avs[0], 0, 0, 100, AT));
    settle();
    CALL(toxav_audio_send_frame(avs[0], 0, pcm, SAMPLES, 1, 48000, AT));
    CALL(toxav_audio_send_frame(avs[1], 0, pcm, SAMPLES, 1, 48000, AT));
    toxav_kill(avs[1]);
    avs[1] = NULL;
    const struct timespec pause = {0, 5000000};
    for (int i = 0; i < 100; ++i) {
        for (int node = 0; node < NODES; ++node) {
            tox_iterate(nodes[node], NULL);
        }
        toxav_iterate(avs[0]);
        nanosleep(&pause, NULL);
    }
    no_call(avs[0], 0);
}

/* Nobody takes sound or pictures. */
static void no_receivers(void)
{
    renew(true);
    ringing();
    CALL(toxav_answer(avs[1], 0, 48, 0, AT));
    CALL(toxav_answer(avs[1], 0, 48, 0, NULL));
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    start();
    lifecycle();
    no_call(avs[0], 0);
    befriend();
    conferences();
    printf("-- offline\n");
    no_call(avs[0], 0);
    no_call(avs[0], 7);
    CALL(toxav_call(avs[0], 0, 48, 500, AT));
    CALL(toxav_call(avs[0], 0, 0, 0, NULL));
    CALL(toxav_call(avs[0], 7, 48, 500, AT));
    UNTIL(tox_friend_get_connection_status(nodes[0], 0, NULL)
          && tox_friend_get_connection_status(nodes[1], 0, NULL));
    settle();
    printf("-- online\n");
    no_call(avs[0], 0);
    no_call(avs[1], 7);
    calls();
    no_receivers();
    /* 0.2.18 cannot even be ended now */
    exit(0);
}
