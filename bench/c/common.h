/* Helpers shared by all programs (no Tox in here). */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTL_FD 3          /* control socket of a worker (one message per packet) */
#define MSG_MAX 4096

/* What a worker of a conference or group does after "start": see role_fanout.c. */
enum { PHASE_REST, PHASE_PACED, PHASE_BURST, PHASE_SPACED };

int64_t now_ns(void);                     /* CLOCK_MONOTONIC, the same in every process */
double since_s(int64_t t0);
double cpu_self_s(void);                  /* user + system seconds of this process */
void mem_self_kb(long *rss, long *anon);  /* VmRSS and RssAnon */

/* One packet on the control socket. msg_recv: length, 0 on timeout, -1 when the other end is gone. */
bool msg_send(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int msg_recv(int fd, char *buf, size_t cap, int timeout_ms);

void to_hex(char *out, const uint8_t *in, size_t n);
bool from_hex(uint8_t *out, size_t n, const char *hex);

/* key=value arguments of a worker */
const char *arg_str(char **argv, const char *key, const char *fallback);
double arg_num(char **argv, const char *key, double fallback);

/* A small fast generator: reproducible test content, no need for quality. */
uint64_t rng_next(uint64_t *state);
void fill_pattern(uint8_t *buf, size_t n, uint64_t seed);

int cmp_double(const void *a, const void *b);
double percentile(double *sorted, size_t n, double p);

#endif
