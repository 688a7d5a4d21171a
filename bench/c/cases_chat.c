/* Cases of conferences and groups: half of the members are side a's, whose first one speaks, half side b's. */
#define _GNU_SOURCE
#include "launch.h"

struct chat {
    struct child *a, *b;
    int members;
};

/* A chat whose members are friends of the first one. more: settings of the role. */
static struct chat make_friends(const char *role, int members, const char *more)
{
    char args[256];
    char host[280];
    const int of_a = (members + 1) / 2;
    snprintf(args, sizeof(args), "n=%d peers=%d limit=60 %s", members - of_a, members, more);
    snprintf(host, sizeof(host), "n=%d peers=%d limit=60 host=1 %s", of_a, members, more);
    struct chat chat = {spawn("a", SIDE_A, "toxbench-node", role, host),
                        spawn("b", SIDE_B, "toxbench-node", role, args), members};
    need(chat.a, &chat.a->up, 60, "up");
    need(chat.b, &chat.b->up, 60, "up");
    const int64_t t0 = now_ns();

    for (int i = 1; i < members; ++i) {
        struct child *c = i < of_a ? chat.a : chat.b;
        const int number = i < of_a ? i : i - of_a;
        tell_friend(chat.a, 0, c, number);
        tell_friend(c, number, chat.a, 0);
        tell_boot(c, number, chat.a);
    }

    await(chat.a, "friends", "udp", 120, t0);
    await(chat.b, "friends", "udp", 120, t0);
    need(chat.a, &chat.a->ready, 125, "ready");
    need(chat.b, &chat.b->ready, 125, "ready");
    metric("friends_s", worst(chat.a->ready_s, chat.b->ready_s), "s", "lower");
    return chat;
}

/* Everybody is invited, until everybody sees everybody; in a group, until the first one does, and the others it. */
static void join(const struct chat *chat, double limit)
{
    const int64_t t0 = now_ns();
    await(chat->a, "role", "any", limit, t0);
    await(chat->b, "role", "any", limit, t0);
    need(chat->a, &chat->a->ready, limit + 5, "ready");
    need(chat->b, &chat->b->ready, limit + 5, "ready");
    metric("join_s", worst(chat->a->ready_s, chat->b->ready_s), "s", "lower");
}

/* Nobody says anything: the CPU of all per second, in percent; anon_kb is the memory of both processes. */
static double be_idle(const struct chat *chat, double seconds, double *anon_kb)
{
    start(chat->a);
    start(chat->b);
    rest(seconds);
    stop(chat->a);
    stop(chat->b);
    *anon_kb = val(chat->a, "anon_kb") + val(chat->b, "anon_kb");
    return 100
           * (val(chat->a, "cpu_s") / val(chat->a, "wall_s")
              + val(chat->b, "cpu_s") / val(chat->b, "wall_s"));
}

static void named(const char *phase, const char *what, double v, const char *unit, const char *better)
{
    char name[48];
    snprintf(name, sizeof(name), "%s%s", phase, what);
    metric(name, v, unit, better);
}

/* The first member speaks; the figures' names begin with `name`. */
static void speak(const struct chat *chat, int phase, const char *name)
{
    struct child *a = chat->a;
    struct child *b = chat->b;
    start_phase(b, phase);
    start_phase(a, phase);
    need(a, &a->done, 70, "done");

    /* what is lost for good is not waited for */
    if (!wait_flag(&b->done, phase == PHASE_SPACED ? 15 : 70)) {
        stop(b);
    }

    const double others = chat->members - 1;
    const double got = val(a, "got") + val(b, "got");
    const double last = fmax(val(a, "t_last"), val(b, "t_last"));
    named(name, "msgs_per_s", got / others / ((last - val(a, "t_start")) / 1e9), "1/s", "higher");
    named(name, "delivered_pct", 100 * got / (others * val(a, "sent")), "%", "higher");
    named(name, "cpu_us_per_delivery", (val(a, "cpu_s") + val(b, "cpu_s")) / got * 1e6, "us CPU", "lower");
    named(name, "p50_ms", val(b, "p50_ms"), "ms", "lower");
    named(name, "p90_ms", val(b, "p90_ms"), "ms", "lower");
    named(name, "duplicates", val(a, "dup") + val(b, "dup"), "", "lower");
    named(name, "out_of_order", val(a, "out_of_order") + val(b, "out_of_order"), "", "lower");
    named(name, "refused", val(a, "refused"), "", "");
}

/* Some time after the last word: the CPU of all, left out with seconds=0. The memory of both in kB. */
static double idle(const struct chat *chat)
{
    double kb;
    const double seconds = setting_num("seconds", 10);
    rest(seconds > 0 ? setting_num("settle", 20) : 0);
    const double pct = be_idle(chat, seconds > 0 ? seconds : 0.1, &kb);

    if (seconds > 0) {
        metric("idle_cpu_pct", pct, "% CPU", "lower");
    }

    return kb;
}

static void run_conference(int members, const char *more)
{
    const struct chat chat = make_friends("conf", members, more);
    join(&chat, 120);
    rest(2);
    speak(&chat, PHASE_PACED, "");
    speak(&chat, PHASE_BURST, "tight_");

    if (members == 30) {
        idle(&chat);
    }
}

/* The first member of a conference with audio speaks, all others hear. */
static void run_voices(int members)
{
    char more[48];
    snprintf(more, sizeof(more), "seconds=%.1f", setting_num("seconds", 10));
    const struct chat chat = make_friends("voices", members, more);
    struct child *a = chat.a;
    struct child *b = chat.b;
    join(&chat, 120);
    rest(2);
    start(b);
    start(a);
    need(b, &b->done, setting_num("seconds", 10) + 30, "done");
    need(a, &a->done, setting_num("seconds", 10) + 30, "done");
    const double right = val(a, "right") + val(b, "right");
    metric("late_p50_ms", val(b, "late_p50_ms"), "ms", "lower");
    metric("late_p95_ms", val(b, "late_p95_ms"), "ms", "lower");
    metric("right_pct", 100 * right / (members - 1) / val(a, "sent"), "%", "higher");
    metric("refused", val(a, "refused"), "", "lower");
    metric("cpu_us_per_delivery", (val(a, "cpu_s") + val(b, "cpu_s")) / right * 1e6, "us CPU", "lower");
}

void case_conference_audio_3(void)
{
    run_voices(3);
}

void case_conference_audio_10(void)
{
    run_voices(10);
}

void case_conference_2(void)
{
    run_conference(2, "paced=500 burst=3000 per_step=10");
}

void case_conference_10(void)
{
    run_conference(10, "paced=300 burst=1000 per_step=10");
}

void case_conference_30(void)
{
    run_conference(30, "paced=200 burst=300 per_step=10 one_by_one=1");
}

static void run_join(const char *role, int members)
{
    const struct chat chat = make_friends(role, members, "");
    join(&chat, setting_num("join_limit", 60));
}

void case_conference_join_10(void)
{
    run_join("conf", 10);
}

void case_conference_join_30(void)
{
    run_join("conf", 30);
}

static void run_group(int members, const char *more)
{
    double before_kb;
    const struct chat chat = make_friends("group", members, more);
    be_idle(&chat, 1, &before_kb);
    join(&chat, 120);
    rest(2);
    speak(&chat, PHASE_PACED, "");
    speak(&chat, PHASE_BURST, "burst_");

    if (members == 30) {
        const double kb = idle(&chat) - before_kb;
        metric("kb_per_member", kb / (val(chat.a, "others") + val(chat.b, "others")), "KiB", "lower");
    }
}

void case_group_2(void)
{
    run_group(2, "paced=1000 burst=1000 per_step=20");
}

void case_group_10(void)
{
    run_group(10, "paced=600 burst=1000 per_step=20 one_by_one=1");
}

void case_group_30(void)
{
    run_group(30, "paced=400 burst=1000 per_step=20 one_by_one=1");
}

/* 1300 bytes at a time, while some percent of all packets are lost. */
static void run_group_loss(int percent)
{
    char args[80];
    snprintf(args, sizeof(args), "spaced=200 every_ms=200 size=1300 loss=%d", percent);
    const struct chat chat = make_friends("group", 2, args);
    join(&chat, 60);
    speak(&chat, PHASE_SPACED, "");
}

void case_group_loss_2(void)
{
    run_group_loss(2);
}

void case_group_loss_5(void)
{
    run_group_loss(5);
}
