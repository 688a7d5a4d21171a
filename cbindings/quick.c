/* See quick.h.
 *
 * No question waits: a mutex that is taken (by another thread, or by one that a fork left behind) means that
 * Python is asked. Only the end of an instance gives a thread that is asking some time to finish. The memory of an instance is used for the next one but never freed, so that a thread that
 * works on an instance while another one ends it reads old answers of no version, and no foreign memory.
 */
#include <Python.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "quick.h"

#include "api_generated.h"

/* Powers of two. */
enum { ANSWERS = 512, BLOCKS = 16 };

/* `version` counts calls that may change the instance and are not over in its low bits, versions above. */
enum { CALL = 1, VERSION = 0x10000, CALLS = VERSION - 1 };

enum { MAX_STEPS = 8, SENT_REST_MS = 10, END_TRIES = 1000, END_PAUSE_NS = 100000 };

struct entry {
    uint64_t version;
    uint64_t arguments;
    uint64_t result;
    int code;
    int function;
};

struct block {
    struct entry entry;
    size_t length;
    uint8_t data[TOXPY_QUICK_DATA];
};

struct quick {
    _Atomic uint64_t version;
    pthread_mutex_t mutex; /* for all that follows */
    struct toxpy_rest rest;
    _Atomic int fd;
    struct quick *next; /* of those without an instance; under the GIL */
    struct entry answers[ANSWERS];
    struct block blocks[BLOCKS];
};

/* A Tox pointer is the address of one of these. What was never used is not in memory. */
static struct handle {
    struct quick *_Atomic quick;
    void *unused;
} handles[32768];

static struct quick *unused;

static struct {
    int count;
    int64_t age_ms[MAX_STEPS];
    uint32_t interval_ms[MAX_STEPS];
} steps;

uintptr_t toxpy_handles(size_t *count)
{
    *count = sizeof handles / sizeof *handles;
    return (uintptr_t)handles;
}

void toxpy_set_pace(int count, const int64_t *ages_ms, const int64_t *intervals_ms)
{
    steps.count = count < MAX_STEPS ? count : MAX_STEPS;
    for (int i = 0; i < steps.count; i++) {
        steps.age_ms[i] = ages_ms[i];
        steps.interval_ms[i] = (uint32_t)intervals_ms[i];
    }
}

static struct handle *handle_of(uintptr_t tox)
{
    uintptr_t offset = tox - (uintptr_t)handles;
    if (offset >= sizeof handles || offset % sizeof *handles != 0) {
        return NULL;
    }
    return &handles[offset / sizeof *handles];
}

static struct quick *quick_of(uintptr_t tox)
{
    struct handle *handle = handle_of(tox);
    return handle != NULL ? atomic_load_explicit(&handle->quick, memory_order_acquire) : NULL;
}

void toxpy_attach(uintptr_t tox, int fd)
{
    struct handle *handle = handle_of(tox);
    if (handle == NULL) {
        return;
    }
    PyGILState_STATE state = PyGILState_Ensure();
    struct quick *quick = unused;
    if (quick != NULL) {
        unused = quick->next;
    }
    PyGILState_Release(state);
    if (quick == NULL) {
        quick = (struct quick *)calloc(1, sizeof *quick);
        if (quick == NULL || pthread_mutex_init(&quick->mutex, NULL) != 0) {
            free(quick);
            return;
        }
    }
    atomic_store(&quick->fd, fd);
    /* another version, and no calls: those of the instance before end without a handle. Entries that were never
     * used have version 0 */
    atomic_store(&quick->version, (atomic_load(&quick->version) | CALLS) + 1);
    atomic_store_explicit(&handle->quick, quick, memory_order_release);
}

/* Once the version is another one: wipe what was remembered, and let a thread that looks at `fd` be done with it
 * before it is closed and its number becomes somebody else's. */
static void end(struct quick *quick)
{
    for (int i = 0; i < END_TRIES; i++) {
        if (pthread_mutex_trylock(&quick->mutex) == 0) {
            memset(quick->blocks, 0, sizeof quick->blocks);
            pthread_mutex_unlock(&quick->mutex);
            return;
        }
        const struct timespec pause = {0, END_PAUSE_NS};
        nanosleep(&pause, NULL);
    }
}

void toxpy_detach(uintptr_t tox)
{
    struct handle *handle = handle_of(tox);
    struct quick *quick = handle != NULL ? atomic_exchange(&handle->quick, NULL) : NULL;
    if (quick != NULL) {
        atomic_fetch_add(&quick->version, VERSION);
        end(quick);
        PyGILState_STATE state = PyGILState_Ensure();
        quick->next = unused;
        unused = quick;
        PyGILState_Release(state);
    }
}

uint64_t toxpy_touch(uintptr_t tox)
{
    struct quick *quick = quick_of(tox);
    return quick != NULL ? atomic_fetch_add(&quick->version, VERSION) + VERSION : 0;
}

void toxpy_begin(uintptr_t tox)
{
    struct quick *quick = quick_of(tox);
    if (quick != NULL) {
        atomic_fetch_add(&quick->version, CALL);
    }
}

void toxpy_end(uintptr_t tox)
{
    struct quick *quick = quick_of(tox);
    if (quick != NULL) {
        atomic_fetch_add(&quick->version, VERSION - CALL);
    }
}

/* getters */

static unsigned place(int function, uint64_t arguments)
{
    return (unsigned)function * 37u + (unsigned)arguments + (unsigned)(arguments >> 32) * 11u;
}

static bool matches(const struct entry *entry, uint64_t version, int function, uint64_t arguments)
{
    return entry->version == version && entry->function == function && entry->arguments == arguments;
}

bool toxpy_recall(const void *tox, int function, uint64_t arguments, struct toxpy_answer *answer, void *data)
{
    answer->version = 0;
    struct quick *quick = quick_of((uintptr_t)tox);
    if (quick == NULL) {
        return false;
    }
    uint64_t version = atomic_load(&quick->version);
    if ((version & CALLS) != 0) {
        return false;
    }
    answer->version = version;
    if (pthread_mutex_trylock(&quick->mutex) != 0) {
        return false;
    }
    unsigned number = place(function, arguments);
    const struct block *block = &quick->blocks[number & (BLOCKS - 1)];
    const struct entry *entry = data != NULL ? &block->entry : &quick->answers[number & (ANSWERS - 1)];
    bool found = matches(entry, version, function, arguments);
    if (found) {
        answer->result = entry->result;
        answer->code = entry->code;
        if (data != NULL && block->length != 0) {
            memcpy(data, block->data, block->length);
        }
    }
    pthread_mutex_unlock(&quick->mutex);
    return found;
}

void toxpy_remember(const void *tox, int function, uint64_t arguments, const struct toxpy_answer *answer,
                    const void *data, size_t length)
{
    struct quick *quick = quick_of((uintptr_t)tox);
    if (quick == NULL || answer->version == 0 || length > TOXPY_QUICK_DATA
        || pthread_mutex_trylock(&quick->mutex) != 0) {
        return;
    }
    unsigned number = place(function, arguments);
    struct block *block = &quick->blocks[number & (BLOCKS - 1)];
    struct entry *entry = data != NULL ? &block->entry : &quick->answers[number & (ANSWERS - 1)];
    /* if the version is not the same any more, this is an entry that nobody finds */
    *entry = (struct entry){answer->version, arguments, answer->result, answer->code, function};
    if (data != NULL) {
        block->length = length;
        memcpy(block->data, data, length);
    }
    pthread_mutex_unlock(&quick->mutex);
}

/* passes */

static int64_t now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        /* later than any deadline, with room for what is added */
        return INT64_MAX / 2;
    }
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void toxpy_end_sent(uintptr_t tox)
{
    struct quick *quick = quick_of(tox);
    if (quick == NULL) {
        return;
    }
    uint64_t before = atomic_fetch_add(&quick->version, VERSION - CALL) - CALL;
    if (pthread_mutex_trylock(&quick->mutex) == 0) {
        struct toxpy_rest *rest = &quick->rest;
        int64_t now = now_ms();
        if (rest->deadline_ms != 0 && rest->version == before) {
            rest->version = before + VERSION;
            rest->active_ms = now;
            if (rest->deadline_ms > now + SENT_REST_MS) {
                rest->deadline_ms = now + SENT_REST_MS;
            }
        }
        pthread_mutex_unlock(&quick->mutex);
    }
}

void toxpy_rest_begins(const void *tox, const struct toxpy_rest *rest)
{
    struct quick *quick = quick_of((uintptr_t)tox);
    if (quick != NULL && pthread_mutex_trylock(&quick->mutex) == 0) {
        quick->rest = *rest;
        pthread_mutex_unlock(&quick->mutex);
    }
}

/* False when the instance changed since its last pass, or has to do with the next one. Under the mutex. */
static bool rests(struct quick *quick)
{
    return quick->rest.deadline_ms != 0 && quick->rest.version == atomic_load(&quick->version);
}

bool toxpy_is_resting(const void *tox)
{
    struct quick *quick = quick_of((uintptr_t)tox);
    if (quick == NULL || pthread_mutex_trylock(&quick->mutex) != 0) {
        return false;
    }
    struct epoll_event event;
    /* an error, for example of a descriptor that the host closed, is for Python to see */
    bool resting = rests(quick) && now_ms() < quick->rest.deadline_ms
                   && epoll_wait(atomic_load(&quick->fd), &event, 1, 0) == 0;
    pthread_mutex_unlock(&quick->mutex);
    return resting;
}

uint32_t toxpy_rest_interval(const void *tox)
{
    struct quick *quick = quick_of((uintptr_t)tox);
    if (quick == NULL || pthread_mutex_trylock(&quick->mutex) != 0) {
        return 0;
    }
    const struct toxpy_rest rest = quick->rest;
    bool resting = rests(quick);
    pthread_mutex_unlock(&quick->mutex);
    if (!resting) {
        return 0;
    }
    int64_t now = now_ms(), left_ms = rest.deadline_ms - now;
    if (left_ms <= 0) {
        return 1;
    }
    for (int i = 0; i < steps.count - 1; i++) {
        int64_t interval_ms = steps.interval_ms[i];
        if (now - rest.active_ms < steps.age_ms[i]) {
            return (uint32_t)(left_ms < interval_ms ? left_ms : interval_ms);
        }
    }
    /* an idle client does not wake up for timers */
    return steps.count != 0 ? steps.interval_ms[steps.count - 1] : 0;
}
