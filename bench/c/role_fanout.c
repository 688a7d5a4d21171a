/* Worker role for conferences and groups: one sender, everybody else counts.
 *
 * Two workers hold the members. Instance 0 of the worker with host=1 creates
 * the chat, invites its friends (all others, at once or one by one) and later
 * sends. Everything measured is a phase of its own:
 *
 *     PHASE_REST     nobody says anything
 *     PHASE_PACED    "per_step" messages after each pass, at the library's own
 *                    interval, at most "window" ahead of the slowest receiver
 *                    in the sender's process
 *     PHASE_BURST    as many as the library takes after each pass of a loop
 *                    that does not wait for it; in conferences at most
 *                    "window" ahead
 *     PHASE_SPACED   one message every "every_ms", with the time when it left
 *
 * The tox_group_* functions came after 0.2.18 and are looked up at run time:
 * with a library that lacks them the role reports "unsupported". */
#define _GNU_SOURCE
#include "roles.h"

#include <dlfcn.h>

enum { MAX_INST = 64, MAX_FRIENDS = 256, MAX_MESSAGES = 65536 };

struct peer {
    bool joined;            /* accepted an invitation, or created the chat */
    uint32_t chat;
    uint32_t others;        /* groups: peers that joined and did not leave */
    int64_t invited_at[MAX_FRIENDS];
    uint32_t got, dup, out_of_order, next;
    uint8_t *seen;
};

static struct {
    bool group, host, one_by_one;
    uint32_t peers, window, per_step, every_ms;
    size_t size;
    struct peer p[MAX_INST];
    /* of this phase; numbers of messages go on from phase to phase */
    uint32_t first, count, sent, refused;
    uint32_t slowest_seen;
    int64_t slowest_at;
    uint32_t written_off;
    double last_at;
    double *waited_ms;
    uint32_t waits;
} fan;

/* tox_group_* as documented in the public headers of 0.2.19 and later; enums passed as int */
static struct {
    uint32_t (*make)(Tox *, int, const uint8_t *, size_t, const uint8_t *, size_t, int *);
    bool (*invite)(const Tox *, uint32_t, uint32_t, int *);
    uint32_t (*accept)(Tox *, uint32_t, const uint8_t *, size_t, const uint8_t *, size_t, const uint8_t *,
                       size_t, int *);
    uint32_t (*send)(Tox *, uint32_t, int, const uint8_t *, size_t, int *);
    bool (*send_0219)(Tox *, uint32_t, int, const uint8_t *, size_t, uint32_t *, int *);
    void (*on_invite)(Tox *,
                      void (*)(Tox *, uint32_t, const uint8_t *, size_t, const uint8_t *, size_t, void *));
    void (*on_join)(Tox *, void (*)(Tox *, uint32_t, uint32_t, void *));
    void (*on_exit)(Tox *, void (*)(Tox *, uint32_t, uint32_t, int, const uint8_t *, size_t, const uint8_t *,
                                    size_t, void *));
    void (*on_message)(Tox *,
                       void (*)(Tox *, uint32_t, uint32_t, int, const uint8_t *, size_t, uint32_t, void *));
} g;

static bool load_group_api(void)
{
    struct {
        void **slot;
        const char *name;
    } want[] = {
        {(void **)&g.make, "tox_group_new"},
        {(void **)&g.invite, "tox_group_invite_friend"},
        {(void **)&g.accept, "tox_group_invite_accept"},
        {(void **)&g.send, "tox_group_send_message"},
        {(void **)&g.on_invite, "tox_callback_group_invite"},
        {(void **)&g.on_join, "tox_callback_group_peer_join"},
        {(void **)&g.on_exit, "tox_callback_group_peer_exit"},
        {(void **)&g.on_message, "tox_callback_group_message"},
    };

    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); ++i) {
        *want[i].slot = dlsym(RTLD_DEFAULT, want[i].name);

        if (*want[i].slot == NULL) {
            return false;
        }
    }

    g.send_0219 = (bool (*)(Tox *, uint32_t, int, const uint8_t *, size_t, uint32_t *, int *))(void *)g.send;
    return true;
}

static bool old_group_api(void)
{
    return tox_version_major() == 0 && tox_version_minor() == 2 && tox_version_patch() < 20;
}

static struct peer *peer_of(void *user)
{
    return &fan.p[((struct inst *)user)->idx];
}

static void take(struct peer *p, const uint8_t *msg, size_t len)
{
    uint32_t seq;
    int64_t left_at;

    if (len != fan.size) {
        fail("message of wrong length %zu", len);
    }

    memcpy(&seq, msg + 1, sizeof(seq));
    memcpy(&left_at, msg + 1 + sizeof(seq), sizeof(left_at));

    if (seq >= MAX_MESSAGES || msg[len - 1] != 'a' + seq % 26) {
        fail("message with wrong content");
    }

    if (p->seen[seq]) {
        ++p->dup;
        return;
    }

    p->seen[seq] = 1;
    p->out_of_order += seq < p->next;
    p->next = seq + 1;

    if (seq < fan.first) {
        return;     /* of the phase before */
    }

    const int64_t now = now_ns();
    ++p->got;
    fan.last_at = (double)now;

    if (fan.waits < MAX_MESSAGES) {
        fan.waited_ms[fan.waits++] = (double)(now - left_at) / 1e6;
    }
}

static void conf_on_invite(Tox *tox, uint32_t f, Tox_Conference_Type type, const uint8_t *cookie, size_t len,
                           void *user)
{
    Tox_Err_Conference_Join err;
    struct peer *p = peer_of(user);
    (void)type;

    if (p->joined) {
        return;
    }

    p->chat = tox_conference_join(tox, f, cookie, len, &err);
    p->joined = err == TOX_ERR_CONFERENCE_JOIN_OK;
}

static void conf_on_message(Tox *tox, uint32_t chat, uint32_t from, Tox_Message_Type type, const uint8_t *msg,
                            size_t len, void *user)
{
    (void)type;

    if (!tox_conference_peer_number_is_ours(tox, chat, from, NULL)) {
        take(peer_of(user), msg, len);
    }
}

static void group_on_invite(Tox *tox, uint32_t f, const uint8_t *data, size_t len, const uint8_t *name,
                            size_t name_len, void *user)
{
    struct peer *p = peer_of(user);
    char self[16];
    int err = 0;
    (void)name, (void)name_len;

    if (p->joined) {
        return;
    }

    snprintf(self, sizeof(self), "member %d", ((struct inst *)user)->idx);
    p->chat = g.accept(tox, f, data, len, (const uint8_t *)self, strlen(self), NULL, 0, &err);
    p->joined = err == 0;
}

static void group_on_join(Tox *tox, uint32_t chat, uint32_t peer, void *user)
{
    (void)tox, (void)chat, (void)peer;
    ++peer_of(user)->others;
}

static void group_on_exit(Tox *tox, uint32_t chat, uint32_t peer, int why, const uint8_t *name,
                          size_t name_len, const uint8_t *part, size_t part_len, void *user)
{
    (void)tox, (void)chat, (void)peer, (void)why, (void)name, (void)name_len, (void)part, (void)part_len;
    --peer_of(user)->others;
}

static void group_on_message(Tox *tox, uint32_t chat, uint32_t from, int type, const uint8_t *msg, size_t len,
                             uint32_t id, void *user)
{
    (void)tox, (void)chat, (void)from, (void)type, (void)id;
    take(peer_of(user), msg, len);
}

static void setup(struct bench *b)
{
    fan.group = strcmp(b->role->name, "group") == 0;
    fan.host = arg_num(b->argv, "host", 0) != 0;
    fan.one_by_one = arg_num(b->argv, "one_by_one", 0) != 0;
    fan.peers = (uint32_t)arg_num(b->argv, "peers", 8);
    fan.window = (uint32_t)arg_num(b->argv, "window", 64);
    fan.per_step = (uint32_t)arg_num(b->argv, "per_step", 10);
    fan.every_ms = (uint32_t)arg_num(b->argv, "every_ms", 50);
    fan.size = (size_t)arg_num(b->argv, "size", 40);
    fan.waited_ms = (double *)calloc(MAX_MESSAGES, sizeof(*fan.waited_ms));

    if (fan.group && !load_group_api()) {
        fail("unsupported: this library has no tox_group_* functions");
    }

    for (int i = 0; i < b->n; ++i) {
        Tox *tox = b->in[i].tox;
        fan.p[i].seen = (uint8_t *)calloc(1, MAX_MESSAGES);

        if (fan.group) {
            g.on_invite(tox, group_on_invite);
            g.on_join(tox, group_on_join);
            g.on_exit(tox, group_on_exit);
            g.on_message(tox, group_on_message);
        } else {
            tox_callback_conference_invite(tox, conf_on_invite);
            tox_callback_conference_message(tox, conf_on_message);
        }
    }
}

/* Invites all friends that were not invited in the last 3 s, or the next one of those who are not here. */
static void invite(Tox *tox, struct peer *p, uint32_t have)
{
    for (uint32_t f = 0; have < fan.peers && f < fan.peers - 1; ++f) {
        if (fan.one_by_one && f + 1 != have) {
            continue;   /* friends come in the order of their numbers */
        }

        if (now_ns() - p->invited_at[f] > 3000000000) {
            int err;

            /* a second invitation to a member is harmless: it ignores it */
            if (fan.group) {
                g.invite(tox, p->chat, f, &err);
            } else {
                tox_conference_invite(tox, f, p->chat, NULL);
            }

            p->invited_at[f] = now_ns();
        }
    }
}

/* While the launcher awaits this: creates, invites, and counts peers. */
static bool ready(struct bench *b)
{
    bool all = true;

    if (fan.host) {
        Tox *tox = b->in[0].tox;
        struct peer *p = &fan.p[0];

        if (!p->joined) {
            int err = 0;
            p->chat = fan.group
                          ? g.make(tox, 1, (const uint8_t *)"bench", 5, (const uint8_t *)"host", 4, &err)
                          : tox_conference_new(tox, NULL);
            p->joined = true;

            if (err != 0) {
                fail("tox_group_new: error %d", err);
            }
        }

        invite(tox, p, fan.group ? p->others + 1 : tox_conference_peer_count(tox, p->chat, NULL));
    }

    for (int i = 0; i < b->n; ++i) {
        const struct peer *p = &fan.p[i];
        const uint32_t have = !p->joined  ? 0
                              : fan.group ? p->others + 1
                                          : tox_conference_peer_count(b->in[i].tox, p->chat, NULL);
        /* c-toxcore's members of a group need minutes to find each other: who speaks and who listens is enough */
        all = all && have >= (fan.group && !(fan.host && i == 0) ? 2 : fan.peers);
    }

    return all;
}

static bool send_one(struct bench *b)
{
    uint8_t msg[1400];
    bool ok;
    const uint32_t seq = fan.first + fan.sent;
    const int64_t now = now_ns();
    memset(msg, 'a' + (int)(seq % 26), fan.size);
    msg[0] = 'm';
    memcpy(msg + 1, &seq, sizeof(seq));
    memcpy(msg + 1 + sizeof(seq), &now, sizeof(now));

    if (fan.group) {
        int err = 0;
        uint32_t id;

        if (old_group_api()) {
            g.send_0219(b->in[0].tox, fan.p[0].chat, 0, msg, fan.size, &id, &err);
        } else {
            g.send(b->in[0].tox, fan.p[0].chat, 0, msg, fan.size, &err);
        }

        ok = err == 0;
    } else {
        ok = tox_conference_send_message(b->in[0].tox, fan.p[0].chat, TOX_MESSAGE_TYPE_NORMAL, msg, fan.size,
                                         NULL);
    }

    fan.sent += ok;
    fan.refused += !ok;
    return ok;
}

static void start(struct bench *b)
{
    static const char *const counts[] = {"", "paced", "burst", "spaced"};
    /* otherwise they come back when the library asks them to, as clients do */
    b->tight = b->phase == PHASE_BURST;
    fan.first += fan.count;
    fan.count = b->phase == PHASE_REST ? 0 : (uint32_t)arg_num(b->argv, counts[b->phase], 500);
    fan.sent = fan.refused = fan.written_off = fan.waits = 0;
    fan.slowest_at = 0;
    fan.last_at = 0;

    if (fan.first + fan.count > MAX_MESSAGES) {
        fail("too many messages");
    }

    for (int i = 0; i < b->n; ++i) {
        fan.p[i].got = fan.p[i].dup = fan.p[i].out_of_order = 0;
    }

    if (fan.host && b->phase == PHASE_SPACED) {
        b->wake_at = b->start_ns;
    }

    lost_percent = b->phase == PHASE_SPACED ? arg_num(b->argv, "loss", 0) : 0;
}

static void timer(struct bench *b)
{
    if (b->running && fan.sent < fan.count) {
        send_one(b);
        b->wake_at = now_ns() + (int64_t)fan.every_ms * 1000000;
    }
}

static bool step(struct bench *b)
{
    uint32_t slowest = fan.count;
    uint32_t left = b->phase == PHASE_PACED ? fan.per_step : b->phase == PHASE_BURST ? fan.count : 0;

    if (b->phase == PHASE_REST) {
        return false;
    }

    for (int i = fan.host; i < b->n; ++i) {
        slowest = fan.p[i].got < slowest ? fan.p[i].got : slowest;
    }

    if (slowest != fan.slowest_seen || fan.slowest_at == 0) {
        fan.slowest_seen = slowest;
        fan.slowest_at = now_ns();
    } else if (now_ns() - fan.slowest_at > 1000000000LL * (fan.host ? 1 : 4) && b->phase != PHASE_SPACED) {
        /* nothing came for a second: those messages are lost, do not wait for them */
        if (fan.host ? fan.sent >= fan.count : fan.last_at != 0) {
            return true;
        }

        fan.written_off = fan.sent - slowest;
        fan.slowest_at = now_ns();
    }

    /* a conference remembers eight messages of each member: what comes later another way is lost */
    const uint32_t ahead = b->phase == PHASE_PACED || !fan.group ? fan.window : fan.count;

    while (fan.host && left > 0 && fan.sent < fan.count && fan.sent < slowest + fan.written_off + ahead
           && send_one(b)) {
        --left;
    }

    return fan.sent >= (fan.host ? fan.count : 0) && slowest >= fan.count;
}

static void finish(struct bench *b)
{
    uint32_t got = 0;
    uint32_t dup = 0;
    uint32_t ooo = 0;
    uint32_t others = 0;

    for (int i = 0; i < b->n; ++i) {
        got += fan.p[i].got;
        dup += fan.p[i].dup;
        ooo += fan.p[i].out_of_order;
        others += fan.p[i].others;
    }

    b->tight = false;
    qsort(fan.waited_ms, fan.waits, sizeof(double), cmp_double);
    report("others", others);
    report("sent", fan.sent);
    report("refused", fan.refused);
    report("got", got);
    report("dup", dup);
    report("out_of_order", ooo);
    report("t_start", (double)b->start_ns);
    report("t_last", fan.last_at);
    report("p50_ms", percentile(fan.waited_ms, fan.waits, 50));
    report("p90_ms", percentile(fan.waited_ms, fan.waits, 90));
}

static void progress(struct bench *b, char *out, size_t cap)
{
    uint32_t got = 0;

    for (int i = 0; i < b->n; ++i) {
        got += fan.p[i].got;
    }

    snprintf(out, cap, "%u of %u sent, %u delivered in this process", fan.sent, fan.count, got);
}

#define FANOUT(NAME)                                                                                         \
    {.name = NAME,                                                                                           \
     .setup = setup,                                                                                         \
     .ready = ready,                                                                                         \
     .start = start,                                                                                         \
     .timer = timer,                                                                                         \
     .step = step,                                                                                           \
     .finish = finish,                                                                                       \
     .progress = progress}
static const struct role roles[] = {FANOUT("conf"), FANOUT("group")};

const struct role *fanout_role(const char *name)
{
    return strcmp(name, "conf") == 0 ? &roles[0] : strcmp(name, "group") == 0 ? &roles[1] : NULL;
}
