/* Cases of calls: sound both ways, pictures from a to b. */
#define _GNU_SOURCE
#include "launch.h"

enum { VIDEO_KBIT = 1000 };

/* The smaller one of both sides. */
static double least(const struct child *a, const struct child *b, const char *name)
{
    const double x = val(a, name);
    const double y = val(b, name);
    return x < y ? x : y;
}

static void run_av(bool video, double lost_percent)
{
    char args_a[160];
    char args_b[160];
    char more[80];
    const double seconds = setting_num("seconds", 10);
    const double kbit = video ? setting_num("video_kbit", VIDEO_KBIT) : 0;
    snprintf(more, sizeof(more), "seconds=%.1f clip=%d lost_percent=%.1f", seconds, video, lost_percent);
    snprintf(args_a, sizeof(args_a), "%s caller=1 video_kbit=%.0f", more, kbit);
    snprintf(args_b, sizeof(args_b), "%s", more);
    struct child *b = spawn("b", SIDE_B, "toxbench-av", "av", args_b);
    struct child *a = spawn("a", SIDE_A, "toxbench-av", "av", args_a);
    connect_pair(a, b, NULL);
    rest(1);
    const int64_t t0 = now_ns();
    /* the callee first: it has to be there when it rings */
    await(b, "role", "any", 30, t0);
    await(a, "role", "any", 30, t0);
    need(a, &a->ready, 35, "ready");
    need(b, &b->ready, 35, "ready");
    rest(1);
    start(b);
    start(a);
    need(a, &a->done, seconds + 30, "done");
    need(b, &b->done, seconds + 30, "done");
    metric("caller_hears_ms", (val(a, "first_audio") - val(a, "called")) * 1e3, "ms", "lower");
    metric("callee_hears_ms", (val(b, "first_audio") - val(a, "called")) * 1e3, "ms", "lower");
    metric("a_late_p50_ms", val(a, "late_p50_ms"), "ms", "lower");
    metric("a_late_p95_ms", val(a, "late_p95_ms"), "ms", "lower");
    metric("b_late_p50_ms", val(b, "late_p50_ms"), "ms", "lower");
    metric("b_late_p95_ms", val(b, "late_p95_ms"), "ms", "lower");
    metric("right_per_s", least(a, b, "audio_right") / val(b, "wall_s"), "1/s", "higher");
    metric("a_call_mb", val(a, "call_kb") / 1024, "MiB", "lower");
    metric("b_call_mb", val(b, "call_kb") / 1024, "MiB", "lower");
    metric("send_errors", val(a, "send_errors") + val(b, "send_errors"), "", "lower");
    cpu_share(a, "a_cpu_per_s");
    cpu_share(b, "b_cpu_per_s");

    if (video) {
        metric("pictures_per_s", val(b, "pictures") / val(b, "wall_s"), "1/s", "higher");
        metric("sent_pictures_per_s", val(a, "video_sent") / val(a, "wall_s"), "1/s", "");
        metric("psnr_db", val(b, "psnr"), "dB", "higher");
        metric("broken_pct", val(b, "broken_pct"), "%", "lower");
    }
}

void case_av_audio(void)
{
    run_av(false, 0);
}

void case_av_audio_loss_5(void)
{
    run_av(false, 5);
}

void case_av_audio_loss_20(void)
{
    run_av(false, 20);
}

void case_av_video(void)
{
    run_av(true, 0);
}

void case_av_video_loss_5(void)
{
    run_av(true, 5);
}

void case_av_video_loss_20(void)
{
    run_av(true, 20);
}
