/* What is answered without Python: getters asked before, and passes in which nothing happens.
 *
 * The state of an instance lives in Python and changes only while a call that may change it is inside of Python.
 * Each such call stands between toxpy_begin() and toxpy_end(), which makes a new version; while there is one, nothing
 * is remembered and nothing is known, or of two threads that ask meanwhile one could see the change and then the
 * other's older answer. What a getter answered at some version is still the answer as long as the version is the
 * same, and so is the moment until which the instance rests. A call that finds nothing here goes to Python as if this file did not exist.
 */
#ifndef TOXPY_QUICK_H
#define TOXPY_QUICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer outputs are not kept. */
#define TOXPY_QUICK_DATA 1024

/* A getter's answer. toxpy_recall() sets `version` also when it knows none: 0 when none can be remembered. */
struct toxpy_answer {
    uint64_t version;
    uint64_t result;
    int code;
};

/* What was remembered for this function (its index) and these arguments; `data`, if the function has an output,
 * gets it. */
bool toxpy_recall(const void *tox, int function, uint64_t arguments, struct toxpy_answer *answer, void *data);
/* Remember an answer that was asked for after toxpy_recall(). */
void toxpy_remember(const void *tox, int function, uint64_t arguments, const struct toxpy_answer *answer,
                    const void *data, size_t length);

/* The instance may change from now on, until as many calls of toxpy_end(). */
void toxpy_begin(uintptr_t tox);
void toxpy_end(uintptr_t tox);

/* The end of a call that only sends: an instance that rests goes on resting, for SENT_REST_MS at most.
 * The next thing that such a call makes due is a time-out, and those are longer. */
void toxpy_end_sent(uintptr_t tox);

/* The instance may have changed: forget all. Returns the new version, 0 when nothing is kept of this instance. */
uint64_t toxpy_touch(uintptr_t tox);

/* An instance begins or ends; `fd` becomes readable when something arrives for it. */
void toxpy_attach(uintptr_t tox, int fd);
void toxpy_detach(uintptr_t tox);

/* What Python tells at the end of a pass: as of this version there is nothing to do before the deadline unless
 * something arrives. Times are milliseconds of CLOCK_MONOTONIC; no rest is a deadline of 0. */
struct toxpy_rest {
    uint64_t version;
    int64_t deadline_ms;
    int64_t active_ms; /* see Pace in toxpy/runtime.py */
};

void toxpy_rest_begins(const void *tox, const struct toxpy_rest *rest);
/* Would a pass find nothing to do? */
bool toxpy_is_resting(const void *tox);
/* tox_iteration_interval() of a resting instance; 0 when Python must be asked. */
uint32_t toxpy_rest_interval(const void *tox);

#endif
