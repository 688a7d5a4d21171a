#define _GNU_SOURCE
#include "worker.h"

#include <dlfcn.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum await { AWAIT_NONE, AWAIT_SELF, AWAIT_FRIENDS, AWAIT_ROLE };

static struct {
    enum await what;
    Tox_Connection type;   /* TOX_CONNECTION_NONE: any */
    int64_t t0, deadline;
    double cpu0;
} waiting;

void report(const char *name, double value)
{
    msg_send(CTL_FD, "v %s %.17g", name, value);
}

void fail(const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    msg_send(CTL_FD, "fail %s", text);
    _exit(3);
}

/* Where the launcher says so: Noise, and no other handshake. Found by name, since c-toxcore's library has no such
 * function. */
static void choose_handshake(struct Tox_Options *o)
{
    typedef void set_mode(struct Tox_Options *, int);
    const char *wanted = getenv("TOXBENCH_HANDSHAKE");

    if (wanted == NULL || strcmp(wanted, "noise") != 0) {
        return;
    }

    set_mode *set = (set_mode *)dlsym(RTLD_DEFAULT, "tox_options_set_experimental_handshake_mode");

    if (set == NULL) {
        fail("unsupported: no handshake modes");
    }

    set(o, 0);
}

Tox *open_tox(char **argv, const uint8_t *save, size_t save_len, Tox_Err_New *err)
{
    struct Tox_Options *o = tox_options_new(NULL);
    const char *tcp = arg_str(argv, "tcp_port", "0");
    const bool any_port = strcmp(tcp, "auto") == 0;
    uint64_t seed = (uint64_t)now_ns() ^ (uint64_t)getpid();
    Tox *tox = NULL;

    if (o == NULL) {
        return NULL;
    }

    tox_options_set_udp_enabled(o, arg_num(argv, "udp", 1) != 0);
    tox_options_set_ipv6_enabled(o, arg_num(argv, "ipv6", 1) != 0);
    tox_options_set_local_discovery_enabled(o, arg_num(argv, "discovery", 0) != 0);

    choose_handshake(o);

    if (save != NULL) {
        tox_options_set_savedata_type(o, TOX_SAVEDATA_TYPE_TOX_SAVE);
        tox_options_set_savedata_data(o, save, save_len);
        tox_options_set_savedata_length(o, save_len);
    }

    for (int i = 0; tox == NULL && i < (any_port ? 20 : 1); ++i) {
        tox_options_set_tcp_port(o, any_port ? (uint16_t)(20000 + rng_next(&seed) % 40000)
                                             : (uint16_t)atoi(tcp));
        tox = tox_new(o, err);
    }

    tox_options_free(o);
    return tox;
}

static void on_self(Tox *tox, Tox_Connection c, void *user)
{
    (void)tox;
    ((struct inst *)user)->self_conn = c;
}

static void on_friend(Tox *tox, uint32_t f, Tox_Connection c, void *user)
{
    struct inst *in = (struct inst *)user;
    (void)tox;

    if (f >= in->conn_cap) {
        const uint32_t cap = f + 64;
        in->conn = (Tox_Connection *)realloc(in->conn, cap * sizeof(*in->conn));
        memset(in->conn + in->conn_cap, 0, (cap - in->conn_cap) * sizeof(*in->conn));
        in->conn_cap = cap;
    }

    in->online_udp += (c == TOX_CONNECTION_UDP) - (in->conn[f] == TOX_CONNECTION_UDP);
    in->online_tcp += (c == TOX_CONNECTION_TCP) - (in->conn[f] == TOX_CONNECTION_TCP);
    in->conn[f] = c;
}

void send_lib(void)
{
    char lib[512] = "?";
    char line[1024];
    FILE *maps = fopen("/proc/self/maps", "r");

    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        char *path = strchr(line, '/');

        if (path != NULL && strstr(path, "/libtoxcore.so") != NULL) {
            path[strcspn(path, "\n")] = '\0';
            snprintf(lib, sizeof(lib), "%s", path);
            break;
        }
    }

    if (maps != NULL) {
        fclose(maps);
    }

    msg_send(CTL_FD, "lib %u.%u.%u %s", tox_version_major(), tox_version_minor(), tox_version_patch(), lib);
}

static void send_hello(struct bench *b)
{
    send_lib();

    for (int i = 0; i < b->n; ++i) {
        uint8_t key[TOX_ADDRESS_SIZE];
        char dht[65];
        char addr[2 * TOX_ADDRESS_SIZE + 1];
        Tox *tox = b->in[i].tox;
        tox_self_get_dht_id(tox, key);
        to_hex(dht, key, 32);
        tox_self_get_address(tox, key);
        to_hex(addr, key, TOX_ADDRESS_SIZE);
        msg_send(CTL_FD, "hello %d %u %u %s %s", i, tox_self_get_udp_port(tox, NULL),
                 tox_self_get_tcp_port(tox, NULL), dht, addr);
    }

    msg_send(CTL_FD, "up");
}

static uint32_t add_friend(struct inst *in, const char *pk_hex)
{
    uint8_t pk[TOX_PUBLIC_KEY_SIZE];
    Tox_Err_Friend_Add err;

    if (!from_hex(pk, sizeof(pk), pk_hex)) {
        fail("bad key in command");
    }

    const uint32_t f = tox_friend_add_norequest(in->tox, pk, &err);

    if (err != TOX_ERR_FRIEND_ADD_OK) {
        fail("tox_friend_add_norequest: error %d", (int)err);
    }

    return f;
}

static void finish(struct bench *b)
{
    const double cpu = cpu_self_s() - b->start_cpu;
    const double wall = since_s(b->start_ns);
    long rss;
    long anon;
    mem_self_kb(&rss, &anon);
    b->running = false;
    report("cpu_s", cpu);
    report("wall_s", wall);
    report("passes", (double)b->passes);
    report("rss_kb", (double)rss);
    report("anon_kb", (double)anon);

    if (b->role->finish != NULL) {
        b->role->finish(b);
    }

    msg_send(CTL_FD, "done");
}

/* Friends that will never come online: random keys. */
static void add_ghosts(struct inst *in, unsigned count)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    char hex[2 * TOX_PUBLIC_KEY_SIZE + 1];

    for (unsigned k = 0; k < count; ++k) {
        uint64_t seed = k * 7919u + 12345u;
        fill_pattern(key, sizeof(key), rng_next(&seed));
        key[31] &= 0x7f;
        to_hex(hex, key, sizeof(key));
        add_friend(in, hex);
    }
}

/* instance -1: all of them */
static void add_node(struct bench *b, int instance, const char *host, uint16_t port, const char *hex,
                     bool relay)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    Tox_Err_Bootstrap err = TOX_ERR_BOOTSTRAP_OK;

    if (!from_hex(key, sizeof(key), hex)) {
        fail("bad key in command");
    }

    for (int k = instance < 0 ? 0 : instance; k < (instance < 0 ? b->n : instance + 1) && k < b->n; ++k) {
        Tox *tox = b->in[k].tox;

        if (!(relay ? tox_add_tcp_relay : tox_bootstrap)(tox, host, port, key, &err)) {
            fail("%s: error %d", relay ? "tox_add_tcp_relay" : "tox_bootstrap", (int)err);
        }
    }
}

/* Every instance befriends its two neighbours and bootstraps from instance 0. */
static void make_ring(struct bench *b)
{
    uint8_t id[TOX_PUBLIC_KEY_SIZE];
    uint8_t pk[TOX_PUBLIC_KEY_SIZE];
    char hex[2 * TOX_PUBLIC_KEY_SIZE + 1];
    tox_self_get_dht_id(b->in[0].tox, id);

    for (int k = 0; k < b->n; ++k) {
        const int next[2] = {(k + 1) % b->n, (k + b->n - 1) % b->n};

        for (int j = 0; j < (b->n > 2 ? 2 : 1); ++j) {
            tox_self_get_public_key(b->in[next[j]].tox, pk);
            to_hex(hex, pk, sizeof(pk));
            add_friend(&b->in[k], hex);
            ++b->in[k].expected;
        }

        if (k > 0) {
            tox_bootstrap(b->in[k].tox, "127.0.0.1", tox_self_get_udp_port(b->in[0].tox, NULL), id, NULL);
        }
    }
}

static void begin_await(const char *what, const char *type, double limit, long long t0)
{
    waiting.what = strcmp(what, "self") == 0      ? AWAIT_SELF
                   : strcmp(what, "friends") == 0 ? AWAIT_FRIENDS
                                                  : AWAIT_ROLE;
    waiting.type = strcmp(type, "udp") == 0   ? TOX_CONNECTION_UDP
                   : strcmp(type, "tcp") == 0 ? TOX_CONNECTION_TCP
                                              : TOX_CONNECTION_NONE;
    waiting.t0 = t0;
    waiting.cpu0 = cpu_self_s();
    waiting.deadline = t0 + (int64_t)(limit * 1e9);
}

static void begin(struct bench *b)
{
    b->start_cpu = cpu_self_s();
    b->start_ns = now_ns();
    b->passes = 0;
    b->running = true;

    if (b->role->start != NULL) {
        b->role->start(b);
    }

    msg_send(CTL_FD, "started");
}

/* Returns false when the worker should end. */
static bool handle(struct bench *b, char *line)
{
    char word[16];
    char type[16];
    char host[64];
    char key[160];
    int i = 0;
    unsigned number;
    double limit;
    long long t0;

    if (sscanf(line, "%15s", word) != 1) {
        return true;
    }

    if (strcmp(word, "quit") == 0) {
        return false;
    }

    if (sscanf(line, "friend %d %150s", &i, key) == 2 && i < b->n) {
        add_friend(&b->in[i], key);
        ++b->in[i].expected;
    } else if (sscanf(line, "ghosts %d %u", &i, &number) == 2 && i < b->n) {
        add_ghosts(&b->in[i], number);
    } else if (sscanf(line, "boot %d %63s %u %150s", &i, host, &number, key) == 4) {
        add_node(b, i, host, (uint16_t)number, key, false);
    } else if (sscanf(line, "relay %d %63s %u %150s", &i, host, &number, key) == 4) {
        add_node(b, i, host, (uint16_t)number, key, true);
    } else if (strcmp(word, "ring") == 0) {
        make_ring(b);
    } else if (sscanf(line, "await %15s %15s %lf %lld", word, type, &limit, &t0) == 4) {
        begin_await(word, type, limit, t0);
    } else if (sscanf(line, "start %d", &b->phase) == 1) {
        begin(b);
    } else if (strcmp(word, "stop") == 0) {
        if (b->running) {
            finish(b);
        }
    } else {
        fail("unknown command: %.60s", line);
    }

    return true;
}

static int count_ready(struct bench *b)
{
    int n = 0;

    for (int i = 0; i < b->n; ++i) {
        const struct inst *in = &b->in[i];

        if (waiting.what == AWAIT_SELF) {
            n += waiting.type == TOX_CONNECTION_NONE ? in->self_conn != TOX_CONNECTION_NONE
                                                     : in->self_conn == waiting.type;
        } else {
            const int on = waiting.type == TOX_CONNECTION_UDP   ? in->online_udp
                           : waiting.type == TOX_CONNECTION_TCP ? in->online_tcp
                                                                : in->online_udp + in->online_tcp;
            n += on >= in->expected;
        }
    }

    return n;
}

static void check_await(struct bench *b)
{
    const int n = waiting.what == AWAIT_ROLE ? (b->role->ready != NULL && b->role->ready(b) ? b->n : 0)
                                             : count_ready(b);

    if (n == b->n) {
        waiting.what = AWAIT_NONE;
        msg_send(CTL_FD, "ready %.6f %.6f", since_s(waiting.t0), cpu_self_s() - waiting.cpu0);
    } else if (now_ns() > waiting.deadline) {
        fail("timeout: %d of %d instances ready after %.1f s", n, b->n, since_s(waiting.t0));
    }
}

/* Sleeps until the next pass is due. Returns false when the worker should end. */
static bool pause_or_command(struct bench *b)
{
    char line[MSG_MAX];

    if (b->tight) {
        usleep(b->tight_us);

        if (b->wake_at != 0 && now_ns() >= b->wake_at) {
            b->wake_at = 0;
            b->role->timer(b);
        }

        if ((b->passes & 31) != 0) {
            return true;
        }

        const int r = msg_recv(CTL_FD, line, sizeof(line), 0);
        return r >= 0 && (r == 0 || handle(b, line));
    }

    uint32_t ms = b->max_pause_ms != 0 ? b->max_pause_ms : UINT32_MAX;

    for (int i = 0; i < b->n; ++i) {
        const uint32_t v = tox_iteration_interval(b->in[i].tox);
        ms = v < ms ? v : ms;
    }

    const int64_t due = now_ns() + (int64_t)ms * 1000000;

    for (;;) {
        const int64_t until = b->wake_at != 0 && b->wake_at < due ? b->wake_at : due;
        int64_t left = until - now_ns();
        left = left < 0 ? 0 : left;
        struct pollfd p = {.fd = CTL_FD, .events = POLLIN};
        const struct timespec ts = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};

        if (ppoll(&p, 1, &ts, NULL) > 0) {
            const int r = msg_recv(CTL_FD, line, sizeof(line), 0);

            if (r < 0 || (r > 0 && !handle(b, line))) {
                return false;
            }
        }

        if (b->wake_at != 0 && now_ns() >= b->wake_at) {
            b->wake_at = 0;
            b->role->timer(b);
        }

        if (now_ns() >= due) {
            return true;
        }
    }
}

int worker_main(char **argv, const struct role *role)
{
    struct bench b = {.argv = argv, .role = role};
    const double limit = arg_num(argv, "limit", 120);
    b.n = (int)arg_num(argv, "n", 1);
    b.tight = strcmp(arg_str(argv, "loop", "interval"), "tight") == 0;
    b.tight_us = (useconds_t)arg_num(argv, "pause_us", 50);
    b.in = (struct inst *)calloc((size_t)b.n, sizeof(struct inst));

    for (int i = 0; i < b.n; ++i) {
        Tox_Err_New err;
        b.in[i].idx = i;
        b.in[i].b = &b;
        b.in[i].tox = open_tox(argv, NULL, 0, &err);

        if (b.in[i].tox == NULL) {
            fail("tox_new: error %d", (int)err);
        }

        tox_callback_self_connection_status(b.in[i].tox, on_self);
        tox_callback_friend_connection_status(b.in[i].tox, on_friend);
    }

    if (role->setup != NULL) {
        role->setup(&b);
    }

    send_hello(&b);

    do {
        for (int i = 0; i < b.n; ++i) {
            tox_iterate(b.in[i].tox, &b.in[i]);
        }

        ++b.passes;

        if (waiting.what != AWAIT_NONE) {
            check_await(&b);
        }

        if (b.running && role->step != NULL && role->step(&b)) {
            finish(&b);
        }

        if (b.running && since_s(b.start_ns) > limit) {
            char text[256] = "";

            if (role->progress != NULL) {
                role->progress(&b, text, sizeof(text));
            }

            fail("timeout: not finished after %.0f s; %s", limit, text);
        }
    } while (pause_or_command(&b));

    if (arg_num(argv, "kill", 0) != 0) {
        for (int i = 0; i < b.n; ++i) {
            tox_kill(b.in[i].tox);
        }
    }

    return 0;
}
