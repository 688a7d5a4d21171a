/* Threads that go on using an instance while another one ends it get failures: nothing breaks, and nothing is kept of
 * it. With an argument the instances are thread-safe ones. */
#include <pthread.h>
#include <stdatomic.h>
#include <tox/tox.h>
#include <tox/tox_events.h>

#include "check.h"
#include "local.h"

enum { INSTANCES = 60, THREADS = 5 };

static Tox *_Atomic shared;
static atomic_bool over;

static void *get(void *unused)
{
    uint8_t room[TOX_MAX_STATUS_MESSAGE_LENGTH];
    uint32_t friends[4];
    while (!atomic_load(&over)) {
        Tox *tox = atomic_load(&shared);
        tox_self_get_address(tox, room);
        tox_self_get_secret_key(tox, room);
        tox_self_get_connection_status(tox);
        tox_friend_get_name(tox, 0, room, NULL);
        if (tox_self_get_friend_list_size(tox) <= 1) {
            tox_self_get_friend_list(tox, friends);
        }
        tox_iteration_interval(tox);
    }
    return unused;
}

static void *iterate(void *unused)
{
    while (!atomic_load(&over)) {
        Tox *tox = atomic_load(&shared);
        tox_iterate(tox, NULL);
        tox_events_free(tox_events_iterate(tox, NULL, NULL));
        CHECK(tox_iteration_interval(tox) > 0);
    }
    return unused;
}

static void *set(void *unused)
{
    const uint8_t packet[] = {200}, key[TOX_PUBLIC_KEY_SIZE] = {9};
    while (!atomic_load(&over)) {
        Tox *tox = atomic_load(&shared);
        tox_self_set_name(tox, packet, sizeof packet, NULL);
        tox_friend_add_norequest(tox, key, NULL);
        tox_friend_send_lossy_packet(tox, 0, packet, sizeof packet, NULL);
    }
    return unused;
}

int main(int argc, char **argv)
{
    (void)argv;
    bool thread_safe = argc > 1;
    void *(*const work[THREADS])(void *) = {get, get, iterate, iterate, set};
    pthread_t threads[THREADS];
    atomic_store(&shared, new_local(thread_safe, NULL));
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, work[i], NULL) == 0);
    }
    for (int i = 0; i < INSTANCES; i++) {
        Tox *next = new_local(thread_safe, NULL);
        CHECK(next != NULL);
        Tox *last = atomic_exchange(&shared, next);
        tox_kill(last);
        CHECK(tox_self_get_name_size(last) == 0);
    }
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    tox_kill(atomic_load(&shared));
    puts("ok");
    return 0;
}
