/* Cases of what a node does for others. */
#define _GNU_SOURCE
#include "launch.h"

void case_relay_load(void)
{
    struct child *relay =
        spawn("a", SIDE_A, "toxbench-node", "plain",
              setting_num("relay_tight", 1) != 0 ? "tcp_port=auto loop=tight" : "tcp_port=auto");
    need(relay, &relay->up, 60, "up");
    run_file_pair("tight", 16, "udp=0", relay, SIDE_R, SIDE_R);
    const double mb = setting_num("mib", 16) * 1.048576;
    metric("relay_cpu_s_per_mb", val(relay, "cpu_s") / mb, "s CPU/MB", "lower");
    cpu_share(relay, "relay_cpu");
}

void case_relay_load_interval(void)
{
    struct child *relay = spawn("a", SIDE_A, "toxbench-node", "plain", "tcp_port=auto");
    need(relay, &relay->up, 60, "up");
    run_file_pair("tight", 4, "udp=0", relay, SIDE_R, SIDE_R);
    const double mb = setting_num("mib", 4) * 1.048576;
    metric("relay_cpu_s_per_mb", val(relay, "cpu_s") / mb, "s CPU/MB", "lower");
    cpu_share(relay, "relay_cpu");
}

void case_dht_join(void)
{
    char args[32];
    snprintf(args, sizeof(args), "n=%.0f", setting_num("n", 30));
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "plain", "");
    struct child *net = spawn("r", SIDE_R, "toxbench-node", "plain", args);
    need(a, &a->up, 60, "up");
    need(net, &net->up, 60, "up");
    const int64_t t0 = now_ns();
    start(a);
    tell_boot(net, -1, a);
    await(net, "self", "any", 90, t0);
    need(net, &net->ready, 95, "ready");
    stop(a);
    metric("joined_s", net->ready_s, "s", "lower");
    metric("join_cpu_ms", val(a, "cpu_s") * 1e3, "ms CPU", "lower");
    start(a);
    rest(setting_num("seconds", 20));
    stop(a);
    metric("steady_cpu_s_per_min", val(a, "cpu_s") / val(a, "wall_s") * 60, "s CPU/min", "lower");
}

void case_dht_flood(void)
{
    static const char *const modes[] = {"ping", "nodes", "nodes_keys"};
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "plain", "loop=tight");
    struct child *net = spawn("r", SIDE_R, "toxbench-node", "plain", "n=8");
    need(a, &a->up, 60, "up");
    need(net, &net->up, 60, "up");
    tell_boot(net, -1, a);
    await(net, "self", "any", 60, now_ns());
    need(net, &net->ready, 65, "ready");

    for (int i = 0; i < 3; ++i) {
        char args[256];
        char name[48];
        snprintf(args, sizeof(args), "mode=%s port=%d key=%s seconds=%.1f", modes[i], a->hello[0].udp,
                 a->hello[0].dht, setting_num("seconds", 3));
        start(a);
        struct child *f = spawn("f", SIDE_R, "toxbench-limits", "flood", args);
        need(f, &f->done, 30, "done");
        stop(a);
        snprintf(name, sizeof(name), "%s_replies_per_s", modes[i]);
        metric(name, val(f, "replies") / val(f, "seconds"), "1/s", "higher");
        snprintf(name, sizeof(name), "%s_answered_pct", modes[i]);
        metric(name, 100 * val(f, "replies") / val(f, "requests"), "%", "");
        snprintf(name, sizeof(name), "%s_cpu_us_per_reply", modes[i]);
        metric(name, val(a, "cpu_s") / val(f, "replies") * 1e6, "us CPU", "lower");
    }
}
