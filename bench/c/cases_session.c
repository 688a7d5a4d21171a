/* Cases of one or two clients: start, connecting, round trips, idling, many instances, saves, single calls. */
#define _GNU_SOURCE
#include "launch.h"

void case_startup(void)
{
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "startup", "");
    need(a, &a->done, 60, "done");
    metric("first_ms", val(a, "first_ms"), "ms", "lower");
    metric("first_cpu_ms", val(a, "first_cpu_ms"), "ms CPU", "lower");
    metric("to_main_ms", val(a, "to_main_ms"), "ms", "");
    metric("more_ms", val(a, "more_ms"), "ms", "lower");
    metric("more_cpu_ms", val(a, "more_cpu_ms"), "ms CPU", "lower");
    metric("kill_ms", val(a, "kill_ms"), "ms", "lower");
    metric("rss1_mb", val(a, "rss1_kb") / 1024, "MiB", "lower");
    metric("anon1_mb", val(a, "anon1_kb") / 1024, "MiB", "lower");
    metric("rss11_mb", val(a, "rss11_kb") / 1024, "MiB", "lower");
    metric("per_instance_kb", (val(a, "anon11_kb") - val(a, "anon1_kb")) / 10, "KiB", "lower");
}

static void connect_metrics(const struct child *a, const struct child *b)
{
    metric("both_s", worst(a->ready_s, b->ready_s), "s", "lower");
    metric("a_s", a->ready_s, "s", "lower");
    metric("b_s", b->ready_s, "s", "lower");
    metric("a_cpu_ms", a->ready_cpu * 1e3, "ms CPU", "lower");
    metric("b_cpu_ms", b->ready_cpu * 1e3, "ms CPU", "lower");
}

void case_connect_udp(void)
{
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "plain", "");
    struct child *b = spawn("b", SIDE_B, "toxbench-node", "plain", "");
    connect_pair(a, b, NULL);
    connect_metrics(a, b);
}

void case_connect_tcp(void)
{
    struct child *r = start_relay(SIDE_R, "r");
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "plain", "udp=0");
    struct child *b = spawn("b", SIDE_B, "toxbench-node", "plain", "udp=0");
    connect_pair(a, b, r);
    connect_metrics(a, b);
}

void case_friend_request(void)
{
    const double limit = setting_num("limit", 120);
    char args[256];
    struct child *net = spawn("r", SIDE_R, "toxbench-node", "plain", "n=4");
    struct child *b = spawn("b", SIDE_B, "toxbench-node", "freq_rx", "");
    need(net, &net->up, 60, "up");
    need(b, &b->up, 60, "up");
    snprintf(args, sizeof(args), "addr=%s", b->hello[0].addr);
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "freq_tx", args);
    need(a, &a->up, 60, "up");

    for (int i = 1; i < 4; ++i) {
        tell_boot(net, i, net);
    }

    const int64_t t0 = now_ns();
    tell_boot(a, 0, net);
    tell_boot(b, 0, net);
    await(a, "self", "any", 60, t0);
    await(b, "self", "any", 60, t0);
    need(a, &a->ready, 65, "ready");
    need(b, &b->ready, 65, "ready");
    start(b);
    start(a);
    need(b, &b->done, limit + 5, "done");
    need(a, &a->done, limit + 5, "done");
    metric("join_s", worst(a->ready_s, b->ready_s), "s", "lower");
    metric("request_s", (val(b, "t_request") - val(a, "t_start")) / 1e9, "s", "lower");
    metric("online_s", (worst(val(a, "t_online"), val(b, "t_online")) - val(a, "t_start")) / 1e9, "s",
           "lower");
}

static void run_ping(const char *loop)
{
    char args[128];
    snprintf(args, sizeof(args), "loop=%s", loop);
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "ping", args);
    struct child *b = spawn("b", SIDE_B, "toxbench-node", "echo", args);
    connect_pair(a, b, NULL);
    rest(1);
    start(b);
    start(a);
    need(a, &a->done, 60, "done");
    stop(b);
    metric("p50_ms", val(a, "p50_ms"), "ms", "lower");
    metric("p99_ms", val(a, "p99_ms"), "ms", "lower");
    metric("count", val(a, "count"), "", "");
    cpu_share(a, "a_cpu");
    cpu_share(b, "b_cpu");
}

void case_ping_interval(void)
{
    run_ping("interval");
}

void case_ping_tight(void)
{
    run_ping("tight");
}

static void run_idle(int ghosts)
{
    const double seconds = setting_num("seconds", 30);
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "plain", "");
    struct child *b = spawn("r", SIDE_R, "toxbench-node", "plain", "");
    connect_pair(a, b, NULL);

    if (ghosts > 0) {
        msg_send(a->fd, "ghosts 0 %d", ghosts);
    }

    rest(setting_num("settle", 8));
    start(a);
    rest(seconds);
    stop(a);
    metric("cpu_s_per_min", val(a, "cpu_s") / val(a, "wall_s") * 60, "s CPU/min", "lower");
    metric("passes_per_s", val(a, "passes") / val(a, "wall_s"), "1/s", "");
    metric("us_per_pass", val(a, "cpu_s") / val(a, "passes") * 1e6, "us CPU", "lower");
    metric("anon_mb", val(a, "anon_kb") / 1024, "MiB", "lower");
}

void case_idle_1(void)
{
    run_idle(0);
}

void case_idle_100(void)
{
    run_idle(100);
}

void case_many(void)
{
    char args[32];
    snprintf(args, sizeof(args), "n=%.0f", setting_num("n", 20));
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "plain", args);
    need(a, &a->up, 60, "up");
    const int64_t t0 = now_ns();
    msg_send(a->fd, "ring");
    await(a, "friends", "udp", 120, t0);
    need(a, &a->ready, 125, "ready");
    metric("connected_s", a->ready_s, "s", "lower");
    metric("cpu_s", a->ready_cpu, "s CPU", "lower");
    start(a);
    rest(setting_num("seconds", 10));
    stop(a);
    metric("steady_cpu", val(a, "cpu_s") / val(a, "wall_s"), "CPU", "lower");
    metric("anon_mb", val(a, "anon_kb") / 1024, "MiB", "lower");
}

void case_save_load(void)
{
    static const char *const names[] = {"add_friends", "save",    "load",       "kill",
                                        "encrypt",     "decrypt", "key_encrypt"};
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "save", "");
    need(a, &a->done, 120, "done");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        char name[48];
        snprintf(name, sizeof(name), "%s_ms", names[i]);
        metric(name, val(a, name), "ms", "lower");
        snprintf(name, sizeof(name), "%s_cpu_ms", names[i]);
        metric(name, val(a, name), "ms CPU", "lower");
    }

    metric("save_bytes", val(a, "save_bytes"), "B", "");
}

void case_api(void)
{
    static const char *const names[] = {"iterate",       "interval", "public_key",
                                        "friend_status", "name_set", "hash_1000"};
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "api", "");
    need(a, &a->done, 120, "done");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        char name[48];
        snprintf(name, sizeof(name), "%s_us", names[i]);
        metric(name, val(a, name), "us CPU", "lower");
    }
}
