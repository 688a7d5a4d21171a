/* See resting.h. */
#include "resting.h"

#include <sys/epoll.h>
#include <time.h>

#include "instances.h"

static int64_t now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        /* later than any deadline */
        return INT64_MAX;
    }
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void toxpy_rest_begins(const void *tox, const struct toxpy_rest *rest)
{
    struct toxpy_instance *instance = toxpy_instance_of((uintptr_t)tox);
    if (instance != NULL && pthread_mutex_trylock(&instance->mutex) == 0) {
        instance->rest = *rest;
        pthread_mutex_unlock(&instance->mutex);
    }
}

static __thread int64_t sooner_ms = INT64_MAX;

void toxpy_due_sooner(int64_t deadline_ms)
{
    if (deadline_ms < sooner_ms) {
        sooner_ms = deadline_ms;
    }
}

/* A new version, in which a rest goes on unless something else has changed: until what became due in this thread, with
 * this interval, or the one it had for 0. The version counts this call. */
static void go_on(struct toxpy_instance *instance, int64_t interval_ms)
{
    int64_t due_ms = sooner_ms;
    sooner_ms = INT64_MAX;
    uint64_t before = atomic_fetch_add(&instance->version, TOXPY_VERSION - TOXPY_CALL) - TOXPY_CALL;
    if (pthread_mutex_trylock(&instance->mutex) != 0) {
        return;
    }
    struct toxpy_rest *rest = &instance->rest;
    if (rest->deadline_ms != 0 && rest->version == before) {
        rest->version = before + TOXPY_VERSION;
        if (interval_ms != 0) {
            rest->interval_ms = interval_ms;
        }
        if (due_ms < rest->deadline_ms) {
            rest->deadline_ms = due_ms;
        }
    }
    pthread_mutex_unlock(&instance->mutex);
}

void toxpy_end_sent(uintptr_t tox)
{
    struct toxpy_instance *instance = toxpy_instance_of(tox);
    if (instance != NULL) {
        go_on(instance, TOXPY_SHORTEST_INTERVAL_MS);
    }
}

void toxpy_end_media(uintptr_t tox)
{
    struct toxpy_instance *instance = sooner_ms != INT64_MAX ? toxpy_instance_of(tox) : NULL;
    if (instance != NULL) {
        atomic_fetch_add(&instance->version, TOXPY_CALL);
        go_on(instance, 0);
    }
}

/* False when the instance changed since its last pass, or has to do with the next one. Under the mutex. */
static bool rests(struct toxpy_instance *instance)
{
    return instance->rest.deadline_ms != 0 && instance->rest.version == atomic_load(&instance->version);
}

bool toxpy_is_resting(const void *tox, int64_t *left_out_ms)
{
    struct toxpy_instance *instance = toxpy_instance_of((uintptr_t)tox);
    if (instance == NULL || pthread_mutex_trylock(&instance->mutex) != 0) {
        return false;
    }
    struct epoll_event event;
    const int64_t now = now_ms();
    /* an error, for example of a descriptor that the host closed, is for Python to see */
    bool resting = rests(instance) && now < instance->rest.deadline_ms
                   && epoll_wait(atomic_load(&instance->fd), &event, 1, 0) == 0;
    *left_out_ms = instance->rest.left_out_ms;
    if (resting) {
        instance->rest.left_out_ms = now;
    }
    pthread_mutex_unlock(&instance->mutex);
    return resting;
}

uint32_t toxpy_rest_interval(const void *tox)
{
    struct toxpy_instance *instance = toxpy_instance_of((uintptr_t)tox);
    if (instance == NULL || pthread_mutex_trylock(&instance->mutex) != 0) {
        return 0;
    }
    const struct toxpy_rest rest = instance->rest;
    bool resting = rests(instance);
    pthread_mutex_unlock(&instance->mutex);
    if (!resting) {
        return 0;
    }
    int64_t left_ms = rest.deadline_ms - now_ms();
    if (left_ms < TOXPY_SHORTEST_INTERVAL_MS) {
        return TOXPY_SHORTEST_INTERVAL_MS;
    }
    bool idle = rest.interval_ms >= TOXPY_IDLE_INTERVAL_MS;
    return idle || left_ms > rest.interval_ms ? (uint32_t)rest.interval_ms : (uint32_t)left_ms;
}
