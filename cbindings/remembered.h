/* Getters that were asked before are answered without Python.
 *
 * What a getter answered at some version of the instance is still the answer as long as the version is the same. Which
 * functions are remembered is written in classify.py, one by one. A call that finds nothing here goes to Python as if
 * this file did not exist; so does one that finds the mutex taken, by another thread or by one that a fork left behind.
 */
#ifndef TOXPY_REMEMBERED_H
#define TOXPY_REMEMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
