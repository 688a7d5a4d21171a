/* Starts the workers, each its own process with its own library path, and talks with them
 * over control sockets. */
#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_CHILDREN = 8 };

static struct child children[MAX_CHILDREN];
static int child_count;

double workers_cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
           + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

void end_workers(bool politely)
{
    const int64_t deadline = now_ns() + (politely ? 5000000000 : 0);

    for (int i = 0; politely && i < child_count; ++i) {
        msg_send(children[i].fd, "quit");
    }

    for (int i = 0; i < child_count; ++i) {
        int status;

        while (waitpid(children[i].pid, &status, WNOHANG) == 0) {
            if (now_ns() >= deadline) {
                kill(children[i].pid, SIGKILL);
                waitpid(children[i].pid, &status, 0);
                break;
            }

            usleep(2000);
        }
    }
}

double setting_num(const char *key, double fallback)
{
    return arg_num(setup.settings, key, fallback);
}

/* args: one string of key=value separated by blanks; the settings come first and win */
struct child *spawn(const char *tag, int side, const char *program, const char *role, const char *args)
{
    struct child *c = &children[child_count];
    int sv[2];
    char path[600];
    char text[1024];
    char t0[32];
    char *argv[96];
    int n = 0;
    snprintf(path, sizeof(path), "%s/%s", setup.bin_dir, program);
    snprintf(text, sizeof(text), "%s", args);
    argv[n++] = path;
    argv[n++] = (char *)(uintptr_t)role;

    for (int i = 0; i < setup.setting_count; ++i) {
        argv[n++] = setup.settings[i];
    }

    for (char *s = strtok(text, " "); s != NULL && n < 95; s = strtok(NULL, " ")) {
        argv[n++] = s;
    }

    argv[n] = NULL;

    if (child_count == MAX_CHILDREN || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) != 0) {
        stop_case("error", "socketpair: %s", strerror(errno));
    }

    snprintf(t0, sizeof(t0), "%lld", (long long)now_ns());
    fflush(NULL);
    const pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_DFL);

        if (setup.announce) {
            prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  /* a profiler that is not our parent */
        }

        setenv("BENCH_T0", t0, 1);
        unsetenv("LD_LIBRARY_PATH");

        if (setup.sides[side].lib != NULL && setup.sides[side].lib[0] != '\0') {
            setenv("LD_LIBRARY_PATH", setup.sides[side].lib, 1);
        }

        for (int i = 0; i < setup.sides[side].env_count; ++i) {
            putenv((char *)(uintptr_t)setup.sides[side].env[i]);
        }

        if (sv[1] == CTL_FD) {
            fcntl(CTL_FD, F_SETFD, 0);
        } else {
            dup2(sv[1], CTL_FD);
        }

        execv(path, argv);
        _exit(127);
    }

    close(sv[1]);

    if (pid < 0) {
        stop_case("error", "fork: %s", strerror(errno));
    }

    *c = (struct child){.tag = tag, .pid = pid, .fd = sv[0]};
    ++child_count;
    return c;
}

double val(const struct child *c, const char *name)
{
    for (int i = 0; i < c->val_count; ++i) {
        if (strcmp(c->val[i].name, name) == 0) {
            return c->val[i].v;
        }
    }

    return NAN;
}

static void take_message(struct child *c, char *m)
{
    char name[32];
    char version[32];
    char path[512];
    double v;
    int i;
    int udp;
    int tcp;
    char dht[80];
    char addr[96];

    if (sscanf(m, "v %31s %lf", name, &v) == 2) {
        if (c->val_count < MAX_VALUES) {
            snprintf(c->val[c->val_count].name, sizeof(name), "%s", name);
            c->val[c->val_count++].v = v;
        }
    } else if (sscanf(m, "hello %d %d %d %79s %95s", &i, &udp, &tcp, dht, addr) == 5 && i < MAX_HELLO) {
        c->hello[i].udp = udp;
        c->hello[i].tcp = tcp;
        memcpy(c->hello[i].dht, dht, sizeof(dht));
        memcpy(c->hello[i].addr, addr, sizeof(addr));
    } else if (sscanf(m, "lib %31s %511s", version, path) == 2) {
        add_library(c->tag, version, path);
    } else if (sscanf(m, "ready %lf %lf", &c->ready_s, &c->ready_cpu) == 2) {
        c->ready = true;
    } else if (strcmp(m, "up") == 0) {
        c->up = true;
    } else if (strcmp(m, "started") == 0) {
        c->started = true;
    } else if (strcmp(m, "done") == 0) {
        c->done = true;
    } else if (strncmp(m, "fail ", 5) == 0) {
        const char *status = strncmp(m + 5, "timeout", 7) == 0        ? "timeout"
                             : strncmp(m + 5, "unsupported", 11) == 0 ? "unsupported"
                                                                      : "error";
        stop_case(status, "%s: %s", c->tag, m + 5);
    }
}

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    interrupted = sig;
}

void watch_signals(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
}

/* Serves all workers until *flag is set; false after the given seconds. */
bool wait_flag(const bool *flag, double seconds)
{
    const int64_t deadline = now_ns() + (int64_t)(seconds * 1e9);

    while (!*flag) {
        struct pollfd p[MAX_CHILDREN];
        char m[MSG_MAX];

        for (int i = 0; i < child_count; ++i) {
            p[i] = (struct pollfd){.fd = children[i].fd, .events = POLLIN};
        }

        if (interrupted) {
            stop_case("interrupted", "signal %d", (int)interrupted);
        }

        if (now_ns() > deadline) {
            return false;
        }

        if (poll(p, (nfds_t)child_count, 50) <= 0) {
            continue;
        }

        for (int i = 0; i < child_count; ++i) {
            if (p[i].revents != 0) {
                if (msg_recv(children[i].fd, m, sizeof(m), 0) < 0) {
                    if (children[i].done) {     /* start-up and save workers end on their own */
                        usleep(1000);
                        continue;
                    }

                    int status = 0;
                    waitpid(children[i].pid, &status, WNOHANG);
                    stop_case("error", "worker %s died (%s %d)", children[i].tag,
                              WIFSIGNALED(status) ? "signal" : "exit",
                              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
                }

                take_message(&children[i], m);
            }
        }
    }

    return true;
}

void need(const struct child *c, const bool *flag, double seconds, const char *what)
{
    if (!wait_flag(flag, seconds)) {
        stop_case("timeout", "%s: no '%s' within %.0f s", c->tag, what, seconds);
    }
}

void rest(double seconds)
{
    static const bool never = false;
    wait_flag(&never, seconds);
}

void tell_friend(struct child *to, int inst, const struct child *who, int who_inst)
{
    char pk[65];
    snprintf(pk, sizeof(pk), "%.64s", who->hello[who_inst].addr);
    msg_send(to->fd, "friend %d %s", inst, pk);
}

void tell_boot(struct child *to, int inst, const struct child *who)
{
    msg_send(to->fd, "boot %d 127.0.0.1 %d %s", inst, who->hello[0].udp, who->hello[0].dht);
}

void await(struct child *c, const char *what, const char *type, double limit, int64_t t0)
{
    c->ready = false;
    msg_send(c->fd, "await %s %s %.1f %lld", what, type, limit, (long long)t0);
}

/* Makes a and b friends and waits until both see each other; relay: TCP through it. */
void connect_pair(struct child *a, struct child *b, struct child *relay)
{
    const double limit = setting_num("connect_limit", 90);
    const char *type = relay != NULL ? "tcp" : "udp";
    struct child *ab[2] = {a, b};
    need(a, &a->up, 60, "up");
    need(b, &b->up, 60, "up");
    const int64_t t0 = now_ns();
    tell_friend(a, 0, b, 0);
    tell_friend(b, 0, a, 0);

    if (relay == NULL) {
        tell_boot(a, 0, b);
    } else {
        for (int i = 0; i < 2; ++i) {
            tell_boot(ab[i], 0, relay);
            msg_send(ab[i]->fd, "relay 0 127.0.0.1 %d %s", relay->hello[0].tcp, relay->hello[0].dht);
        }
    }

    await(a, "friends", type, limit, t0);
    await(b, "friends", type, limit, t0);
    need(a, &a->ready, limit + 5, "ready");
    need(b, &b->ready, limit + 5, "ready");
}

struct child *start_relay(int side, const char *tag)
{
    struct child *r = spawn(tag, side, "toxbench-node", "plain", "tcp_port=auto");
    need(r, &r->up, 60, "up");
    return r;
}

static void announce(const char *what, const struct child *c)
{
    if (setup.announce) {
        fprintf(stderr, "%s %s %d\n", what, c->tag, (int)c->pid);
    }
}

void start(struct child *c)
{
    start_phase(c, 0);
}

void start_phase(struct child *c, int phase)
{
    c->started = c->done = false;
    c->val_count = 0;
    msg_send(c->fd, "start %d", phase);
    need(c, &c->started, 30, "started");
    announce("measuring", c);
}

void stop(struct child *c)
{
    announce("measured", c);
    msg_send(c->fd, "stop");
    need(c, &c->done, 30, "done");
}
