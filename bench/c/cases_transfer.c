/* Cases in which something is moved: messages, files, custom packets. */
#define _GNU_SOURCE
#include "launch.h"
#include "machine.h"

static void check_flow(const struct child *a, const struct child *b, double count)
{
    if (val(b, "got") != count || val(b, "dup") != 0 || val(b, "out_of_order") != 0 || val(b, "bad") != 0) {
        stop_case("invalid", "sent %.0f, got %.0f, duplicates %.0f, out of order %.0f, damaged %.0f",
                  val(a, "sent"), val(b, "got"), val(b, "dup"), val(b, "out_of_order"), val(b, "bad"));
    }
}

static void wire_metrics(struct wire before, double payload, double items)
{
    const struct wire now = wire_now();

    if (setup.in_netns) {
        metric("wire_bytes_per_byte", (now.bytes - before.bytes) / payload, "", "lower");
        metric("wire_packets_per_item", (now.packets - before.packets) / items, "", "lower");
        metric("socket_drops", now.dropped - before.dropped, "", "lower");
    }
}

static void run_messages(const char *loop, double default_count, int window)
{
    char args[128];
    const double count = setting_num("count", default_count);
    snprintf(args, sizeof(args), "loop=%s kind=message count=%.0f window=%d limit=60", loop, count, window);
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "flow_tx", args);
    struct child *b = spawn("b", SIDE_B, "toxbench-node", "flow_rx", args);
    connect_pair(a, b, NULL);
    rest(1);
    const struct wire w = wire_now();
    start(b);
    start(a);
    need(a, &a->done, 70, "done");
    need(b, &b->done, 10, "done");
    check_flow(a, b, count);
    const double s = (val(a, "t_receipt") - val(a, "t_start")) / 1e9;
    metric("msgs_per_s", count / s, "1/s", "higher");
    metric("mb_per_s", count * setting_num("size", 1000) / s / 1e6, "MB/s", "higher");
    metric("a_cpu_us_per_msg", val(a, "cpu_s") / count * 1e6, "us CPU", "lower");
    metric("b_cpu_us_per_msg", val(b, "cpu_s") / count * 1e6, "us CPU", "lower");
    metric("refused", val(a, "refused"), "", "");
    wire_metrics(w, count * setting_num("size", 1000), count);
}

void case_msgs_burst(void)
{
    run_messages("tight", 10000, 0);
}

void case_msgs_tight(void)
{
    run_messages("tight", 60000, 0);
}

void case_msgs_window(void)
{
    run_messages("tight", 30000, 256);
}

void case_msgs_interval(void)
{
    run_messages("interval", 5000, 0);
}

void case_msgs_interval_window(void)
{
    run_messages("interval", 5000, 256);
}

static void run_file(struct child *a, struct child *b, struct child *relay, double size)
{
    connect_pair(a, b, relay);
    rest(1);

    if (relay != NULL) {
        start(relay);
    }

    const struct wire w = wire_now();
    start(b);
    start(a);
    need(b, &b->done, setting_num("limit", 60) + 10, "done");
    need(a, &a->done, 30, "done");

    if (relay != NULL) {
        stop(relay);
    }

    if (val(b, "ok") != 1 || val(b, "out_of_order") != 0) {
        stop_case("invalid", "content %s, chunks out of order %.0f", val(b, "ok") == 1 ? "ok" : "WRONG",
                  val(b, "out_of_order"));
    }

    const double mb = size / 1e6;
    metric("mb_per_s", mb / ((val(b, "t_end") - val(a, "t_start")) / 1e9), "MB/s", "higher");
    metric("first_mib_s", (val(b, "t_mib") - val(a, "t_start")) / 1e9, "s", "lower");
    metric("second_half_mb_per_s", mb / 2 / ((val(b, "t_end") - val(b, "t_half")) / 1e9), "MB/s", "higher");
    const struct child *ab[2] = {a, b};

    for (int i = 0; i < 2; ++i) {
        char name[48];
        snprintf(name, sizeof(name), "%s_cpu_s_per_mb", ab[i]->tag);
        metric(name, val(ab[i], "cpu_s") / mb, "s CPU/MB", "lower");
        snprintf(name, sizeof(name), "%s_cpu", ab[i]->tag);
        cpu_share(ab[i], name);
        snprintf(name, sizeof(name), "%s_passes_per_s", ab[i]->tag);
        metric(name, val(ab[i], "passes") / val(ab[i], "wall_s"), "1/s", "");
    }

    metric("refused", val(a, "refused"), "", "");
    wire_metrics(w, size, val(a, "chunks"));
}

void run_file_pair(const char *loop, double default_mib, const char *more, struct child *relay, int side_a,
                   int side_b)
{
    char args[160];
    const double size = setting_num("mib", default_mib) * 1048576;
    snprintf(args, sizeof(args), "loop=%s size=%.0f limit=60 %s", loop, size, more);
    struct child *a = spawn("a", side_a, "toxbench-node", "file_tx", args);
    struct child *b = spawn("b", side_b, "toxbench-node", "file_rx", args);
    a->tag = relay != NULL && side_a == SIDE_R ? "c1" : "a";
    b->tag = relay != NULL && side_b == SIDE_R ? "c2" : "b";
    run_file(a, b, relay, size);
}

void case_file_tight(void)
{
    run_file_pair("tight", 64, "", NULL, SIDE_A, SIDE_B);
}

void case_file_interval(void)
{
    run_file_pair("interval", 16, "", NULL, SIDE_A, SIDE_B);
}

void case_file_small(void)
{
    run_file_pair("interval", 1, "", NULL, SIDE_A, SIDE_B);
}

void case_file_big(void)
{
    run_file_pair("tight", 192, "", NULL, SIDE_A, SIDE_B);
}

void case_file_tcp(void)
{
    run_file_pair("tight", 16, "udp=0", start_relay(SIDE_R, "r"), SIDE_A, SIDE_B);
}

static void run_packets(const char *args)
{
    char full[256];
    snprintf(full, sizeof(full), "loop=tight %s", args);
    const bool lossless = strstr(args, "lossless") != NULL;
    struct child *a = spawn("a", SIDE_A, "toxbench-node", "flow_tx", full);
    struct child *b = spawn("b", SIDE_B, "toxbench-node", "flow_rx", full);
    connect_pair(a, b, NULL);
    rest(1);
    start(b);
    start(a);

    if (lossless) {
        need(b, &b->done, 70, "done");
        stop(a);
        check_flow(a, b, val(a, "sent"));
    } else {
        need(a, &a->done, 30, "done");
        rest(1);
        stop(b);

        if (val(b, "bad") != 0) {
            stop_case("invalid", "%.0f damaged packets", val(b, "bad"));
        }
    }

    const double sent = val(a, "sent");
    const double got = val(b, "got");

    if (!lossless) {
        metric("offered_per_s", sent / val(a, "wall_s"), "1/s", "");
    }

    metric("delivered_per_s",
           got / ((val(b, "t_last") - (lossless ? val(a, "t_start") : val(b, "t_first"))) / 1e9), "1/s",
           "higher");
    metric("loss_pct", 100 * (1 - got / sent), "%", "lower");
    metric("a_cpu_us_per_packet", val(a, "cpu_s") / sent * 1e6, "us CPU", "lower");
    metric("b_cpu_us_per_packet", val(b, "cpu_s") / got * 1e6, "us CPU", "lower");
}

void case_lossy_flood(void)
{
    run_packets("kind=lossy size=1000 seconds=4");
}

void case_lossy_paced(void)
{
    run_packets("kind=lossy size=200 seconds=5 rate=2000");
}

void case_lossless(void)
{
    run_packets("kind=lossless size=1000 count=20000");
}
