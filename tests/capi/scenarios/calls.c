#include "calls.h"

#include <stdlib.h>

enum {
    PICTURE_MS = 100,
    STEP_HZ = 100, /* tones are so far apart */
    LOUDNESS = 9000,
    BARS = 8,
    DARK = 50,
    BRIGHT = 200
};

/* ---- marks ---- */

/* sin and cos of one sample's angle, by the recurrences of both, so that no library is needed. */
static void angle(int tone, double *sine, double *cosine)
{
    const double x = 2 * 3.14159265358979 * STEP_HZ * (3 + tone) / RATE;
    *sine = x * (1 - x * x / 6 * (1 - x * x / 20 * (1 - x * x / 42)));
    *cosine = 1 - x * x / 2 * (1 - x * x / 12 * (1 - x * x / 30));
}

void make_tone(int tone, int16_t *pcm)
{
    double sine, cosine, before = 0;
    angle(tone, &sine, &cosine);
    double now = LOUDNESS * sine;
    pcm[0] = 0;
    for (int i = 1; i < SAMPLES; ++i) {
        pcm[i] = (int16_t)now;
        const double next = 2 * cosine * now - before;
        before = now;
        now = next;
    }
}

int read_tone(const int16_t *pcm, size_t samples, uint8_t channels)
{
    double energy = 1;
    int best = NOTHING;
    double most = 0;
    for (size_t i = 0; i < samples; ++i) {
        energy += (double)pcm[i * channels] * pcm[i * channels];
    }
    for (int tone = 0; tone < TONES; ++tone) {
        double sine, cosine, last = 0, before = 0;
        angle(tone, &sine, &cosine);
        for (size_t i = 0; i < samples; ++i) {
            const double next = pcm[i * channels] + 2 * cosine * last - before;
            before = last;
            last = next;
        }
        const double power = last * last + before * before - 2 * cosine * last * before;
        if (power > most) {
            most = power;
            best = tone;
        }
    }
    return most > energy * (double)samples / 4 && energy > (double)samples * 900 * 900 ? best : NOTHING;
}

static void make_picture(int picture, uint8_t *y)
{
    for (int i = 0; i < WIDTH * HEIGHT; ++i) {
        y[i] = (picture >> (i % WIDTH * BARS / WIDTH) & 1) != 0 ? BRIGHT : DARK;
    }
}

static int read_picture(const uint8_t *line, int width)
{
    int picture = 0;
    for (int bar = 0; bar < BARS; ++bar) {
        const int level = line[width * (2 * bar + 1) / (2 * BARS)];
        if (abs(level - DARK) > 40 && abs(level - BRIGHT) > 40) {
            return NOTHING;
        }
        picture |= (level > (DARK + BRIGHT) / 2) << bar;
    }
    return picture;
}

/* ---- callbacks ---- */

static void keep(Seen_List *list, uint32_t friend_number, uint32_t value)
{
    CHECK(list->count - list->taken < MAX_SEEN);
    Seen *seen = &list->items[list->count++ % MAX_SEEN];
    memset(seen, 0, sizeof(*seen));
    seen->friend_number = friend_number;
    seen->value = value;
}

static void on_call(ToxAV *av, uint32_t friend_number, bool audio, bool video, void *phone)
{
    (void)av;
    keep(&((Phone *)phone)->calls, friend_number, audio + 2u * video);
}

static void on_state(ToxAV *av, uint32_t friend_number, uint32_t state, void *phone)
{
    (void)av;
    keep(&((Phone *)phone)->states, friend_number, state);
}

static void on_audio_rate(ToxAV *av, uint32_t friend_number, uint32_t rate, void *phone)
{
    (void)av;
    keep(&((Phone *)phone)->audio_rates, friend_number, rate);
}

static void on_video_rate(ToxAV *av, uint32_t friend_number, uint32_t rate, void *phone)
{
    (void)av;
    keep(&((Phone *)phone)->video_rates, friend_number, rate);
}

static void on_audio(ToxAV *av, uint32_t friend_number, const int16_t *pcm, size_t samples, uint8_t channels,
                     uint32_t rate, void *phone)
{
    const int tone = read_tone(pcm, samples, channels);
    CHECK(((Phone *)phone)->av == av && friend_number < MAX_CALLED && rate == RATE && channels == 1);
    if (tone != NOTHING) {
        ++((Phone *)phone)->heard[friend_number][tone];
    }
}

static void on_video(ToxAV *av, uint32_t friend_number, uint16_t width, uint16_t height, const uint8_t *y,
                     const uint8_t *u, const uint8_t *v, int32_t y_stride, int32_t u_stride, int32_t v_stride,
                     void *phone)
{
    const int picture = read_picture(y + height / 2 * y_stride, width);
    CHECK(((Phone *)phone)->av == av && friend_number < MAX_CALLED && width == WIDTH && height == HEIGHT);
    CHECK(abs(y_stride) >= width && abs(u_stride) >= width / 2 && abs(v_stride) >= width / 2);
    CHECK(abs(u[height / 4 * u_stride] - 110) < 20 && abs(v[height / 4 * v_stride] - 140) < 20);
    if (picture != NOTHING) {
        ++((Phone *)phone)->seen[friend_number][picture];
    }
}

/* ---- running ---- */

static Phone *phones;

static void send_tone(Phone *phone)
{
    int16_t pcm[SAMPLES];
    make_tone(phone->tone, pcm);
    for (size_t i = 0; i < phone->audience_size; ++i) {
        toxav_audio_send_frame(phone->av, phone->audience[i], pcm, SAMPLES, 1, RATE, &phone->audio_error);
    }
}

static void send_picture(Phone *phone)
{
    uint8_t y[WIDTH * HEIGHT], u[WIDTH * HEIGHT / 4], v[WIDTH * HEIGHT / 4];
    make_picture(phone->picture, y);
    memset(u, 110, sizeof(u));
    memset(v, 140, sizeof(v));
    for (size_t i = 0; i < phone->audience_size; ++i) {
        toxav_video_send_frame(phone->av, phone->audience[i], WIDTH, HEIGHT, y, u, v, &phone->video_error);
    }
}

static void run_phones(Side *side)
{
    const uint64_t now_ms = scenario_now_ms();
    (void)side;
    for (Phone *phone = phones; phone != NULL; phone = phone->next) {
        if (phone->tone != NOTHING && phone->tone_ms <= now_ms) {
            phone->tone_ms = (phone->tone_ms + TONE_MS < now_ms ? now_ms : phone->tone_ms) + TONE_MS;
            send_tone(phone);
        }
        if (phone->picture != NOTHING && phone->picture_ms <= now_ms) {
            phone->picture_ms = now_ms + PICTURE_MS;
            send_picture(phone);
        }
        toxav_iterate(phone->av);
    }
}

void get_phone(Phone *phone, Side *side, Side *owner)
{
    Toxav_Err_New error;
    memset(phone, 0, sizeof(*phone));
    phone->side = side;
    phone->av = toxav_new(owner->tox, &error);
    CHECK(phone->av != NULL && error == TOXAV_ERR_NEW_OK && toxav_get_tox(phone->av) == owner->tox);
    phone->audience_size = 1;
    silence(phone);
    toxav_callback_call(phone->av, on_call, phone);
    toxav_callback_call_state(phone->av, on_state, phone);
    toxav_callback_audio_bit_rate(phone->av, on_audio_rate, phone);
    toxav_callback_video_bit_rate(phone->av, on_video_rate, phone);
    toxav_callback_audio_receive_frame(phone->av, on_audio, phone);
    toxav_callback_video_receive_frame(phone->av, on_video, phone);
    phone->next = phones;
    phones = phone;
    side->on_iterate = run_phones;
}

static ToxAV *given_back[MAX_CALLED];
static size_t given_back_count;

static void kill_given_back(void)
{
    for (size_t i = 0; i < given_back_count; ++i) {
        toxav_kill(given_back[i]);
    }
}

/* In c-toxcore toxav_kill frees what a later tox_iterate uses when a friend goes offline (msi.c, on_peer_status). */
void give_back(Phone *phone)
{
    Phone **at = &phones;
    while (*at != phone) {
        at = &(*at)->next;
    }
    *at = phone->next;
    CHECK(given_back_count < MAX_CALLED);
    given_back[given_back_count++] = phone->av;
    phone->side->on_end = kill_given_back;
}

void call(Phone *phone, uint32_t friend_number, uint32_t audio_kbit, uint32_t video_kbit)
{
    Toxav_Err_Call error;
    CHECK(toxav_call(phone->av, friend_number, audio_kbit, video_kbit, &error));
    CHECK(error == TOXAV_ERR_CALL_OK);
}

void rings(Phone *phone, uint32_t friend_number, uint32_t kinds)
{
    const Seen *seen = take(phone->side, &phone->calls, CALL_S);
    CHECK(seen->friend_number == friend_number && seen->value == kinds);
}

void answer(Phone *phone, uint32_t friend_number, uint32_t audio_kbit, uint32_t video_kbit)
{
    Toxav_Err_Answer error;
    CHECK(take(phone->side, &phone->calls, CALL_S)->friend_number == friend_number);
    CHECK(toxav_answer(phone->av, friend_number, audio_kbit, video_kbit, &error));
    CHECK(error == TOXAV_ERR_ANSWER_OK);
}

void wait_state(Phone *phone, uint32_t friend_number, uint32_t state)
{
    const Seen *seen = take(phone->side, &phone->states, CALL_S);
    if (seen->friend_number != friend_number || seen->value != state) {
        fprintf(stderr, "%s: state %u of friend %u\n", phone->side->name, seen->value, seen->friend_number);
    }
    CHECK(seen->friend_number == friend_number && seen->value == state);
}

Toxav_Err_Call_Control control(Phone *phone, uint32_t friend_number, Toxav_Call_Control what)
{
    Toxav_Err_Call_Control error;
    const bool done = toxav_call_control(phone->av, friend_number, what, &error);
    CHECK(done == (error == TOXAV_ERR_CALL_CONTROL_OK));
    return error;
}

void hears(Phone *phone, uint32_t friend_number, int tone)
{
    const uint32_t until_now = phone->heard[friend_number][tone];
    UNTIL(phone->side, phone->heard[friend_number][tone] > until_now, CALL_S);
}

void sees(Phone *phone, uint32_t friend_number, int picture)
{
    const uint32_t until_now = phone->seen[friend_number][picture];
    UNTIL(phone->side, phone->seen[friend_number][picture] > until_now, CALL_S);
}

void silence(Phone *phone)
{
    phone->tone = phone->picture = NOTHING;
}

bool nothing_left(const Phone *phone)
{
    return phone->calls.taken == phone->calls.count && phone->states.taken == phone->states.count;
}
