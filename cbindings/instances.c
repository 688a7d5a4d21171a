/* See instances.h. */
#include <Python.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "instances.h"

enum { MAX_INSTANCES = 32768, END_TRIES = 1000, END_PAUSE_NS = 100000 };

/* A Tox pointer is the address of one of these, and its ToxAV that of `av`. What was never used is not in memory. */
static struct handle {
    struct toxpy_instance *_Atomic instance;
    _Atomic uintptr_t av; /* 1 while there is one */
} handles[MAX_INSTANCES];

static struct toxpy_instance *unused;

uintptr_t toxpy_handles(size_t *count)
{
    *count = MAX_INSTANCES;
    return (uintptr_t)handles;
}

static struct handle *handle_of(uintptr_t tox)
{
    uintptr_t offset = tox - (uintptr_t)handles;
    if (offset >= sizeof handles || offset % sizeof *handles != 0) {
        return NULL;
    }
    return &handles[offset / sizeof *handles];
}

struct toxpy_instance *toxpy_instance_of(uintptr_t tox)
{
    struct handle *handle = handle_of(tox);
    return handle != NULL ? atomic_load_explicit(&handle->instance, memory_order_acquire) : NULL;
}

ToxAV *toxpy_av_of(uintptr_t tox)
{
    return (ToxAV *)(tox + offsetof(struct handle, av));
}

Tox *toxpy_tox_of(const ToxAV *av)
{
    uintptr_t tox = (uintptr_t)av - offsetof(struct handle, av);
    struct handle *handle = handle_of(tox);
    return handle != NULL && atomic_load(&handle->av) != 0 ? (Tox *)tox : NULL;
}

bool toxpy_set_av(uintptr_t tox, bool there)
{
    struct handle *handle = handle_of(tox);
    return handle != NULL && atomic_exchange(&handle->av, there) != 0;
}

static struct toxpy_instance *take_unused(void)
{
    PyGILState_STATE state = PyGILState_Ensure();
    struct toxpy_instance *instance = unused;
    if (instance != NULL) {
        unused = instance->next;
    }
    PyGILState_Release(state);
    if (instance == NULL) {
        instance = (struct toxpy_instance *)calloc(1, sizeof *instance);
        if (instance == NULL || pthread_mutex_init(&instance->mutex, NULL) != 0) {
            free(instance);
            return NULL;
        }
    }
    return instance;
}

void toxpy_attach(uintptr_t tox, int fd)
{
    struct handle *handle = handle_of(tox);
    struct toxpy_instance *instance = handle != NULL ? take_unused() : NULL;
    if (instance == NULL) {
        return;
    }
    atomic_store(&instance->fd, fd);
    /* another version, and no calls: those of the instance before end without a handle. Entries that were never
     * used have version 0 */
    atomic_store(&instance->version, (atomic_load(&instance->version) | TOXPY_CALLS) + 1);
    atomic_store_explicit(&handle->instance, instance, memory_order_release);
}

/* Once the version is another one: wipe what was remembered, and let a thread that looks at `fd` be done with it
 * before it is closed and its number becomes somebody else's. */
static void wipe(struct toxpy_instance *instance)
{
    for (int i = 0; i < END_TRIES; i++) {
        if (pthread_mutex_trylock(&instance->mutex) == 0) {
            memset(instance->blocks, 0, sizeof instance->blocks);
            pthread_mutex_unlock(&instance->mutex);
            return;
        }
        const struct timespec pause = {0, END_PAUSE_NS};
        nanosleep(&pause, NULL);
    }
}

void toxpy_detach(uintptr_t tox)
{
    struct handle *handle = handle_of(tox);
    struct toxpy_instance *instance = handle != NULL ? atomic_exchange(&handle->instance, NULL) : NULL;
    toxpy_set_av(tox, false);
    if (instance != NULL) {
        atomic_fetch_add(&instance->version, TOXPY_VERSION);
        wipe(instance);
        PyGILState_STATE state = PyGILState_Ensure();
        instance->next = unused;
        unused = instance;
        PyGILState_Release(state);
    }
}

uint64_t toxpy_touch(uintptr_t tox)
{
    struct toxpy_instance *instance = toxpy_instance_of(tox);
    return instance != NULL ? atomic_fetch_add(&instance->version, TOXPY_VERSION) + TOXPY_VERSION : 0;
}

void toxpy_begin(uintptr_t tox)
{
    struct toxpy_instance *instance = toxpy_instance_of(tox);
    if (instance != NULL) {
        atomic_fetch_add(&instance->version, TOXPY_CALL);
    }
}

void toxpy_end(uintptr_t tox)
{
    struct toxpy_instance *instance = toxpy_instance_of(tox);
    if (instance != NULL) {
        atomic_fetch_add(&instance->version, TOXPY_VERSION - TOXPY_CALL);
    }
}
