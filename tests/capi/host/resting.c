/* While another thread keeps the interpreter for itself: getters asked before, passes with nothing to do and
 * tox_iteration_interval() answer all the same, which shows that they need no Python. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>
#include <tox/tox.h>
#include <tox/tox_events.h>

#include "check.h"
#include "local.h"

enum { TRIES = 40, PATIENCE_MS = 300 };

static int (*ensure)(void);
static void (*release)(int);
static sem_t held, finished;
static atomic_bool gave_up;

static void *hold(void *unused)
{
    (void)unused;
    int state = ensure();
    sem_post(&held);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PATIENCE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (sem_timedwait(&finished, &until) != 0) {
        atomic_store(&gave_up, true);
    }
    release(state);
    return NULL;
}

/* True when the call came back while Python was not to be had. */
static bool needs_no_python(Tox *tox, void (*call)(Tox *))
{
    pthread_t holder;
    atomic_store(&gave_up, false);
    CHECK(pthread_create(&holder, NULL, hold, NULL) == 0);
    sem_wait(&held);
    call(tox);
    sem_post(&finished);
    CHECK(pthread_join(holder, NULL) == 0);
    if (atomic_load(&gave_up)) {
        sem_wait(&finished);
        return false;
    }
    return true;
}

static void get(Tox *tox)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    Tox_Err_Friend_Query error;
    tox_self_get_public_key(tox, key);
    CHECK(tox_self_get_name_size(tox) == 4);
    CHECK(tox_friend_get_connection_status(tox, 0, &error) == TOX_CONNECTION_NONE
          && error != TOX_ERR_FRIEND_QUERY_OK);
}

static void change(Tox *tox)
{
    tox_self_set_status(tox, TOX_USER_STATUS_AWAY);
}

static void wait_for_events(Tox *tox)
{
    Tox_Err_Events_Iterate error;
    Tox_Events *events = tox_events_iterate(tox, NULL, &error);
    CHECK(tox_events_get_size(events) == 0 && error == TOX_ERR_EVENTS_ITERATE_OK);
    tox_events_free(events);
}

static void pass(Tox *tox)
{
    tox_iterate(tox, NULL);
    uint32_t interval_ms = tox_iteration_interval(tox);
    CHECK(interval_ms == 1 || interval_ms == 50);
}

/* A timer may be due just then, so that one of several tries must do. */
static bool rests(Tox *tox, void (*call)(Tox *))
{
    for (int i = 0; i < TRIES; i++) {
        tox_iterate(tox, NULL);
        if (needs_no_python(tox, call)) {
            return true;
        }
    }
    return false;
}

/* What only sends does not end a rest; what changes the instance does. */
static bool rests_after(Tox *tox, void (*call)(Tox *))
{
    for (int i = 0; i < TRIES; i++) {
        tox_iterate(tox, NULL);
        call(tox);
        if (needs_no_python(tox, pass)) {
            return true;
        }
    }
    return false;
}

static void send(Tox *tox)
{
    const uint8_t packet[] = {200};
    CHECK(!tox_friend_send_lossy_packet(tox, 0, packet, sizeof packet, NULL));
}

int main(void)
{
    CHECK(sem_init(&held, 0, 0) == 0 && sem_init(&finished, 0, 0) == 0);
    Tox *tox = new_local(false, NULL);
    CHECK(tox != NULL);
    *(void **)&ensure = dlsym(RTLD_DEFAULT, "PyGILState_Ensure");
    *(void **)&release = dlsym(RTLD_DEFAULT, "PyGILState_Release");
    CHECK(ensure != NULL && release != NULL);

    CHECK(tox_self_set_name(tox, (const uint8_t *)"name", 4, NULL));
    get(tox);
    CHECK(needs_no_python(tox, get));
    CHECK(!needs_no_python(tox, change));
    CHECK(!needs_no_python(tox, get));
    CHECK(needs_no_python(tox, get));
    CHECK(rests(tox, pass));
    CHECK(rests(tox, wait_for_events));
    CHECK(rests_after(tox, send));
    tox_iterate(tox, NULL);
    change(tox);
    CHECK(!needs_no_python(tox, pass));
    tox_kill(tox);

    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_udp_enabled(options, false);
    Tox *without_udp = tox_new(options, NULL);
    tox_options_free(options);
    CHECK(without_udp != NULL && rests(without_udp, pass));
    tox_kill(without_udp);
    puts("ok");
    return 0;
}
