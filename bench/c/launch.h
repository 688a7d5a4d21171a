/* toxbench: one case, its workers and what they report. */
#ifndef BENCH_LAUNCH_H
#define BENCH_LAUNCH_H

#include "common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

enum { SIDE_A, SIDE_B, SIDE_R, MAX_SETTINGS = 64, MAX_ENV = 8, MAX_VALUES = 64, MAX_HELLO = 64 };

/* What the command line says. */
struct setup {
    const char *case_name;
    struct {
        const char *lib;            /* folder of its libtoxcore.so.2; NULL or empty: the system's */
        const char *env[MAX_ENV];
        int env_count;
    } sides[3];
    char *settings[MAX_SETTINGS];   /* --set key=value, NULL at the end */
    int setting_count;
    char bin_dir[512];
    bool in_netns;
    bool announce;                  /* say on stderr which process starts and ends being measured */
};

extern struct setup setup;

struct child {
    const char *tag;
    pid_t pid;
    int fd;
    bool up, ready, started, done;
    double ready_s, ready_cpu;
    struct {
        int udp, tcp;
        char dht[80], addr[96];
    } hello[MAX_HELLO];
    struct {
        char name[32];
        double v;
    } val[MAX_VALUES];
    int val_count;
};

/* result.c: the line of JSON */

void begin_case(void);
void end_case(const char *status, const char *detail) __attribute__((noreturn));
void stop_case(const char *status, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
void add_library(const char *tag, const char *version, const char *path);

/* better: "lower", "higher", or "" for a number that only informs */
void metric(const char *name, double v, const char *unit, const char *better);

/* "CPU seconds per second" of a worker's measured phase */
void cpu_share(const struct child *c, const char *name);
double worst(double x, double y);

/* workers.c: processes and the talk with them */

double setting_num(const char *key, double fallback);
struct child *spawn(const char *tag, int side, const char *program, const char *role, const char *args);
void end_workers(bool politely);
double workers_cpu_s(void);
void watch_signals(void);

/* Serves all workers until *flag is set; false after the given seconds. */
bool wait_flag(const bool *flag, double seconds);
void need(const struct child *c, const bool *flag, double seconds, const char *what);
void rest(double seconds);
double val(const struct child *c, const char *name);

void tell_friend(struct child *to, int inst, const struct child *who, int who_inst);
void tell_boot(struct child *to, int inst, const struct child *who);
void await(struct child *c, const char *what, const char *type, double limit, int64_t t0);

/* Makes a and b friends and waits until both see each other; relay: TCP through it. */
void connect_pair(struct child *a, struct child *b, struct child *relay);
struct child *start_relay(int side, const char *tag);
void start(struct child *c);
void start_phase(struct child *c, int phase);
void stop(struct child *c);

/* cases_transfer.c, also used for what a relay carries */
void run_file_pair(const char *loop, double default_mib, const char *more, struct child *relay, int side_a,
                   int side_b);

void case_msgs_burst(void);
void case_msgs_tight(void);
void case_msgs_window(void);
void case_msgs_interval(void);
void case_msgs_interval_window(void);
void case_file_tight(void);
void case_file_interval(void);
void case_file_small(void);
void case_file_big(void);
void case_file_tcp(void);
void case_lossy_flood(void);
void case_lossy_paced(void);
void case_lossless(void);
void case_startup(void);
void case_connect_udp(void);
void case_connect_tcp(void);
void case_friend_request(void);
void case_ping_interval(void);
void case_ping_tight(void);
void case_idle_1(void);
void case_idle_100(void);
void case_many(void);
void case_save_load(void);
void case_api(void);
void case_relay_load(void);
void case_relay_load_interval(void);
void case_conference_audio_3(void);
void case_conference_audio_10(void);
void case_conference_2(void);
void case_conference_10(void);
void case_conference_30(void);
void case_conference_join_10(void);
void case_conference_join_30(void);
void case_group_2(void);
void case_group_10(void);
void case_group_30(void);
void case_group_loss_2(void);
void case_group_loss_5(void);
void case_dht_join(void);
void case_dht_flood(void);
void case_av_audio(void);
void case_av_audio_loss_5(void);
void case_av_audio_loss_20(void);
void case_av_video(void);
void case_av_video_loss_5(void);
void case_av_video_loss_20(void);

#endif
