/* Tox pointers, and how often what is behind one has changed.
 *
 * The state of an instance lives in Python and changes only while a call that may change it is inside of Python.
 * Each such call stands between toxpy_begin() and toxpy_end(), which makes a new version; while there is one, nothing
 * is remembered and nothing is known, or of two threads that ask meanwhile one could see the change and then the
 * other's older answer. What is known of a version (remembered.h, resting.h) is true as long as the version is the
 * same.
 */
#ifndef TOXPY_INSTANCES_H
#define TOXPY_INSTANCES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "toxcore.h"

#include "api_generated.h"

/* Longer outputs are not remembered. */
#define TOXPY_MAX_REMEMBERED 1024

/* Sizes of the two tables of remembered.c, powers of two. */
enum { TOXPY_ANSWERS = 512, TOXPY_BLOCKS = 16 };

/* What a getter answered. */
struct toxpy_entry {
    uint64_t version;
    uint64_t arguments;
    uint64_t result;
    int code;
    int function;
};

/* The same, with an output. */
struct toxpy_block {
    struct toxpy_entry entry;
    size_t length;
    uint8_t data[TOXPY_MAX_REMEMBERED];
};

/* What C knows of an instance. */
struct toxpy_instance {
    _Atomic uint64_t version; /* see toxpy_version() */
    pthread_mutex_t mutex;    /* for all that follows; only ever tried */
    struct toxpy_rest rest;
    _Atomic int fd;
    struct toxpy_instance *next; /* of those that no pointer leads to; under the GIL */
    struct toxpy_entry answers[TOXPY_ANSWERS];
    struct toxpy_block blocks[TOXPY_BLOCKS];
};

/* NULL for a pointer that is not in use. A thread that works with it while another one ends the instance sees another
 * version, and no foreign memory: the memory of an instance is used for the next one but never freed. */
struct toxpy_instance *toxpy_instance_of(uintptr_t tox);

/* The ToxAV of an instance: its address, which is the same for all it ever has; and back, NULL for one that is not in
 * use. It begins or ends; true if there was one before. */
ToxAV *toxpy_av_of(uintptr_t tox);
Tox *toxpy_tox_of(const ToxAV *av);
bool toxpy_set_av(uintptr_t tox, bool there);

/* An instance begins or ends; `fd` becomes readable when something arrives for it. */
void toxpy_attach(uintptr_t tox, int fd);
void toxpy_detach(uintptr_t tox);

/* The instance may change from now on, until as many calls of toxpy_end(). */
void toxpy_begin(uintptr_t tox);
void toxpy_end(uintptr_t tox);

/* The instance may have changed: forget all. Returns the new version, 0 when nothing is kept of this instance. */
uint64_t toxpy_touch(uintptr_t tox);

/* The low bits of a version count calls that may change the instance and are not over; versions are above. */
enum { TOXPY_CALL = 1, TOXPY_VERSION = 0x10000, TOXPY_CALLS = TOXPY_VERSION - 1 };

#endif
