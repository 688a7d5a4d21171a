/* Worker role for the sound of conferences: the first member of the worker with host=1 speaks, all others hear. */
#define _GNU_SOURCE
#include "clip.h"
#include "roles.h"

#include <tox/toxav.h>

enum { MAX_MEMBERS = 64, MAX_TIMES = 200000, INVITE_AGAIN_NS = 1000000000 };

static struct {
    bool host;
    uint32_t peers;
    uint32_t sent, refused;
    int64_t next_frame;
    int16_t pcm[TONES][TONE_SAMPLES];
    double *late_ms;
    size_t right;
    struct {
        bool joined;
        uint32_t chat;
        int64_t newest, invited_at;
    } members[MAX_MEMBERS];
} voices;

/* In the order of c-toxcore's callback, whose first argument is the Tox. */
static void on_sound(void *tox, uint32_t chat, uint32_t peer, const int16_t pcm[], uint32_t samples,
                     uint8_t channels, uint32_t rate, void *user)
{
    (void)tox, (void)chat, (void)peer, (void)channels, (void)rate;
    struct inst *in = (struct inst *)user;
    const int64_t now = now_ns();
    const int64_t frame = tone_sent(tone_number(pcm, samples), now);

    if (in->b->running && frame > voices.members[in->idx].newest && voices.right < MAX_TIMES) {
        voices.members[in->idx].newest = frame;
        voices.late_ms[voices.right++] = (double)(now - frame * TONE_NS) / 1e6;
    }
}

static void on_invite(Tox *tox, uint32_t f, Tox_Conference_Type type, const uint8_t *cookie, size_t size,
                      void *user)
{
    struct inst *in = (struct inst *)user;

    if (type == TOX_CONFERENCE_TYPE_AV && !voices.members[in->idx].joined) {
        const int32_t chat = toxav_join_av_groupchat(tox, f, cookie, (uint16_t)size, on_sound, in);
        voices.members[in->idx].joined = chat >= 0;
        voices.members[in->idx].chat = (uint32_t)chat;
    }
}

static void setup(struct bench *b)
{
    voices.host = arg_num(b->argv, "host", 0) != 0;
    voices.peers = (uint32_t)arg_num(b->argv, "peers", 3);
    voices.late_ms = (double *)calloc(MAX_TIMES, sizeof(double));

    for (int i = 0; i < TONES; ++i) {
        tone_frame(voices.pcm[i], i);
    }

    for (int i = 0; i < b->n; ++i) {
        tox_callback_conference_invite(b->in[i].tox, on_invite);
    }
}

static void invite(Tox *tox, uint32_t chat)
{
    if (now_ns() - voices.members[0].invited_at > INVITE_AGAIN_NS) {
        voices.members[0].invited_at = now_ns();

        /* a second invitation to a member is harmless: it ignores it */
        for (uint32_t f = 0; f < voices.peers - 1; ++f) {
            tox_conference_invite(tox, f, chat, NULL);
        }
    }
}

static bool ready(struct bench *b)
{
    bool all = true;

    for (int i = 0; i < b->n; ++i) {
        Tox *tox = b->in[i].tox;

        if (voices.host && i == 0) {
            if (!voices.members[0].joined) {
                const int32_t chat = toxav_add_av_groupchat(tox, on_sound, &b->in[0]);
                voices.members[0].joined = chat >= 0;
                voices.members[0].chat = (uint32_t)chat;
            }

            invite(tox, voices.members[0].chat);
        }

        all = all && voices.members[i].joined
              && tox_conference_peer_count(tox, voices.members[i].chat, NULL) >= voices.peers;
    }

    return all;
}

static void start(struct bench *b)
{
    if (voices.host) {
        voices.next_frame = now_ns() / TONE_NS + 1;
        b->wake_at = voices.next_frame * TONE_NS;
    }
}

/* A frame at each of the moments that all processes know. */
static void timer(struct bench *b)
{
    const int16_t *pcm = voices.pcm[voices.next_frame % TONES];

    if (!b->running) {
        return;
    }

    if (toxav_group_send_audio(b->in[0].tox, voices.members[0].chat, pcm, TONE_SAMPLES, 1, TONE_RATE) == 0) {
        ++voices.sent;
    } else {
        ++voices.refused;
    }

    voices.next_frame = now_ns() / TONE_NS + 1;
    b->wake_at = voices.next_frame * TONE_NS;
}

static bool step(struct bench *b)
{
    return since_s(b->start_ns) > arg_num(b->argv, "seconds", 10);
}

static void finish(struct bench *b)
{
    (void)b;
    qsort(voices.late_ms, voices.right, sizeof(double), cmp_double);
    report("sent", voices.sent);
    report("refused", voices.refused);
    report("right", (double)voices.right);
    report("late_p50_ms", percentile(voices.late_ms, voices.right, 50));
    report("late_p95_ms", percentile(voices.late_ms, voices.right, 95));
}

const struct role *voices_role(const char *name)
{
    static const struct role role = {.name = "voices",
                                     .setup = setup,
                                     .ready = ready,
                                     .start = start,
                                     .timer = timer,
                                     .step = step,
                                     .finish = finish};
    return strcmp(name, role.name) == 0 ? &role : NULL;
}
