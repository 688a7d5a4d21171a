/* Workers without a loop: start-up, saves, the cost of single calls. */
#define _GNU_SOURCE
#include "roles.h"

#include <tox/toxencryptsave.h>

/* ---- start-up and saves: no loop --------------------------------------------- */

int run_startup(char **argv, int64_t t_main)
{
    enum { MORE = 10 };
    Tox *tox[MORE + 1];
    double wall[MORE];
    double dead[MORE + 1];
    long rss;
    long anon;
    Tox_Err_New err;
    const char *t0_text = getenv("BENCH_T0");
    const int64_t t0 = t0_text != NULL ? atoll(t0_text) : t_main;

    tox[0] = open_tox(argv, NULL, 0, &err);

    if (tox[0] == NULL) {
        fail("tox_new: error %d", (int)err);
    }

    report("to_main_ms", (double)(t_main - t0) / 1e6);
    report("first_ms", since_s(t0) * 1e3);
    report("first_cpu_ms", cpu_self_s() * 1e3);
    mem_self_kb(&rss, &anon);
    report("rss1_kb", (double)rss);
    report("anon1_kb", (double)anon);
    const double cpu = cpu_self_s();

    for (int i = 0; i < MORE; ++i) {
        const int64_t t = now_ns();
        tox[i + 1] = open_tox(argv, NULL, 0, &err);
        wall[i] = since_s(t) * 1e3;

        if (tox[i + 1] == NULL) {
            fail("tox_new number %d: error %d", i + 2, (int)err);
        }
    }

    report("more_cpu_ms", (cpu_self_s() - cpu) * 1e3 / MORE);
    qsort(wall, MORE, sizeof(double), cmp_double);
    report("more_ms", percentile(wall, MORE, 50));
    mem_self_kb(&rss, &anon);
    report("rss11_kb", (double)rss);
    report("anon11_kb", (double)anon);

    for (int i = 0; i <= MORE; ++i) {
        const int64_t t = now_ns();
        tox_kill(tox[i]);
        dead[i] = since_s(t) * 1e3;
    }

    qsort(dead, MORE + 1, sizeof(double), cmp_double);
    report("kill_ms", percentile(dead, MORE + 1, 50));
    send_lib();
    msg_send(CTL_FD, "done");
    return 0;
}

static void timed(const char *name, int64_t t, double cpu)
{
    char full[64];
    snprintf(full, sizeof(full), "%s_ms", name);
    report(full, since_s(t) * 1e3);
    snprintf(full, sizeof(full), "%s_cpu_ms", name);
    report(full, (cpu_self_s() - cpu) * 1e3);
}

int run_save(char **argv)
{
    const uint32_t friends = (uint32_t)arg_num(argv, "friends", 1000);
    static const uint8_t pass[] = "correct horse";
    Tox_Err_New err;
    Tox *tox = open_tox(argv, NULL, 0, &err);
    double cpu = cpu_self_s();
    int64_t t = now_ns();

    if (tox == NULL) {
        fail("tox_new: error %d", (int)err);
    }

    for (uint32_t i = 0; i < friends; ++i) {
        uint8_t pk[TOX_PUBLIC_KEY_SIZE];
        Tox_Err_Friend_Add e;
        fill_pattern(pk, sizeof(pk), i + 1);
        pk[31] &= 0x7f;
        tox_friend_add_norequest(tox, pk, &e);

        if (e != TOX_ERR_FRIEND_ADD_OK) {
            fail("adding friend %u: error %d", i, (int)e);
        }
    }

    timed("add_friends", t, cpu);

    cpu = cpu_self_s(), t = now_ns();
    const size_t n = tox_get_savedata_size(tox);
    uint8_t *save = (uint8_t *)malloc(n);
    tox_get_savedata(tox, save);
    timed("save", t, cpu);
    report("save_bytes", (double)n);

    cpu = cpu_self_s(), t = now_ns();
    Tox *copy = open_tox(argv, save, n, &err);
    timed("load", t, cpu);

    if (copy == NULL || err != TOX_ERR_NEW_OK || tox_self_get_friend_list_size(copy) != friends) {
        fail("loading the save: error %d", (int)err);
    }

    cpu = cpu_self_s(), t = now_ns();
    tox_kill(copy);
    timed("kill", t, cpu);

    uint8_t *box = (uint8_t *)malloc(n + TOX_PASS_ENCRYPTION_EXTRA_LENGTH);
    uint8_t *plain = (uint8_t *)malloc(n);
    cpu = cpu_self_s(), t = now_ns();
    const bool e1 = tox_pass_encrypt(save, n, pass, sizeof(pass), box, NULL);
    timed("encrypt", t, cpu);
    cpu = cpu_self_s(), t = now_ns();
    const bool e2 =
        tox_pass_decrypt(box, n + TOX_PASS_ENCRYPTION_EXTRA_LENGTH, pass, sizeof(pass), plain, NULL);
    timed("decrypt", t, cpu);

    if (!e1 || !e2 || memcmp(save, plain, n) != 0) {
        fail("encrypt or decrypt failed");
    }

    Tox_Pass_Key *key = tox_pass_key_derive(pass, sizeof(pass), NULL);
    cpu = cpu_self_s(), t = now_ns();
    const bool e3 = tox_pass_key_encrypt(key, save, n, box, NULL);
    timed("key_encrypt", t, cpu);

    if (!e3) {
        fail("tox_pass_key_encrypt failed");
    }

    tox_pass_key_free(key);
    tox_kill(tox);
    send_lib();
    msg_send(CTL_FD, "done");
    return 0;
}

/* CPU microseconds of one call; each loop runs for about a third of a second. */
#define COST(name, call)                                                                                     \
    do {                                                                                                     \
        const double c0 = cpu_self_s();                                                                      \
        double n = 0;                                                                                        \
        while (cpu_self_s() - c0 < 0.3) {                                                                    \
            for (int k = 0; k < 100; ++k, ++n) {                                                             \
                call;                                                                                        \
            }                                                                                                \
        }                                                                                                    \
        report(name "_us", (cpu_self_s() - c0) / n * 1e6);                                                   \
    } while (0)

int run_api(char **argv)
{
    Tox *tox = open_tox(argv, NULL, 0, NULL);
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    uint8_t data[1000] = {1};

    if (tox == NULL) {
        fail("tox_new failed");
    }

    for (uint32_t i = 0; i < 100; ++i) {
        fill_pattern(key, sizeof(key), i + 1);
        key[31] &= 0x7f;
        tox_friend_add_norequest(tox, key, NULL);
    }

    COST("iterate", tox_iterate(tox, NULL));
    COST("interval", tox_iteration_interval(tox));
    COST("public_key", tox_self_get_public_key(tox, key));
    COST("friend_status", tox_friend_get_connection_status(tox, (uint32_t)k, NULL));
    COST("name_set", tox_self_set_name(tox, data, 8 + (size_t)(k & 7), NULL));
    COST("hash_1000", tox_hash(key, data, sizeof(data)));
    send_lib();
    msg_send(CTL_FD, "done");
    return 0;
}

/* ---- calls as often as asked for, for the micro-benchmarks ------------------------ */

enum { CALLS_FRIENDS = 100 };

static Tox *called;
static uint32_t call_number;
static uint8_t call_buffer[TOX_MAX_NAME_LENGTH];

static void call_iterate(void)
{
    tox_iterate(called, NULL);
}

static void call_interval(void)
{
    tox_iteration_interval(called);
}

static void call_public_key(void)
{
    tox_self_get_public_key(called, call_buffer);
}

static void call_address(void)
{
    tox_self_get_address(called, call_buffer);
}

static void call_friend_status(void)
{
    tox_friend_get_connection_status(called, call_number++ % CALLS_FRIENDS, NULL);
}

static void call_friend_exists(void)
{
    tox_friend_exists(called, call_number++ % CALLS_FRIENDS);
}

static void call_friend_key(void)
{
    tox_friend_get_public_key(called, call_number++ % CALLS_FRIENDS, call_buffer, NULL);
}

static void call_name_get(void)
{
    tox_self_get_name(called, call_buffer);
}

static void call_name_set(void)
{
    tox_self_set_name(called, call_buffer, 8 + (call_number++ & 7), NULL);
}

static void call_status_set(void)
{
    tox_self_set_status(called, (call_number++ & 1) != 0 ? TOX_USER_STATUS_AWAY : TOX_USER_STATUS_NONE);
}

/* to a friend who is offline */
static void call_message_refused(void)
{
    tox_friend_send_message(called, 0, TOX_MESSAGE_TYPE_NORMAL, call_buffer, 100, NULL);
}

static void call_hash_1000(void)
{
    static const uint8_t data[1000] = {1};
    tox_hash(call_buffer, data, sizeof(data));
}

static void call_savedata(void)
{
    uint8_t *save = (uint8_t *)malloc(tox_get_savedata_size(called));
    tox_get_savedata(called, save);
    free(save);
}

static const struct {
    const char *name;
    void (*call)(void);
} calls[] = {
    {"iterate", call_iterate},
    {"interval", call_interval},
    {"public_key", call_public_key},
    {"address", call_address},
    {"friend_status", call_friend_status},
    {"friend_exists", call_friend_exists},
    {"friend_key", call_friend_key},
    {"name_get", call_name_get},
    {"name_set", call_name_set},
    {"status_set", call_status_set},
    {"message_refused", call_message_refused},
    {"hash_1000", call_hash_1000},
    {"savedata", call_savedata},
};

static bool call_times(const char *name, long count)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); ++i) {
        if (strcmp(name, calls[i].name) == 0) {
            for (long k = 0; k < count; ++k) {
                calls[i].call();
            }

            return true;
        }
    }

    return false;
}

int run_calls(char **argv)
{
    char name[32];
    long count;
    called = open_tox(argv, NULL, 0, NULL);

    if (called == NULL) {
        return 1;
    }

    for (uint32_t i = 0; i < CALLS_FRIENDS; ++i) {
        uint8_t key[TOX_PUBLIC_KEY_SIZE];
        fill_pattern(key, sizeof(key), i + 1);
        key[31] &= 0x7f;
        tox_friend_add_norequest(called, key, NULL);
    }

    memset(call_buffer, 'x', sizeof(call_buffer));
    puts("ready");
    fflush(stdout);

    while (scanf("%31s %ld", name, &count) == 2) {
        puts(call_times(name, count) ? "done" : "unknown");
        fflush(stdout);
    }

    tox_kill(called);
    return 0;
}
