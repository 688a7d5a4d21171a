/* Passes in which nothing happens need no Python.
 *
 * At the end of a pass Python tells until when there is nothing to do unless something arrives, and how soon a client
 * should come back (struct toxpy_rest; Core.tell_rest); and later, when something falls due sooner than that. Nothing
 * here knows why: the one place for what is due when is Python. As long as the instance is of that version, tox_iterate() needs a look at the clock
 * and one at the descriptor. A mutex that is taken means that Python is asked.
 */
#ifndef TOXPY_RESTING_H
#define TOXPY_RESTING_H

#include <stdbool.h>
#include <stdint.h>

#include "toxcore.h"

#include "api_generated.h"

/* What c-toxcore answers at most, and for an instance that is not there; a client that is told so is not to wake up
 * for timers. */
enum { TOXPY_IDLE_INTERVAL_MS = 50 };
/* The shortest that is answered. */
enum { TOXPY_SHORTEST_INTERVAL_MS = 1 };

/* After a pass: as `rest` says from now on. */
void toxpy_rest_begins(const void *tox, const struct toxpy_rest *rest);

/* Python: the call of this thread made something due before the moment that was told. */
void toxpy_due_sooner(int64_t deadline_ms);

/* toxpy_end() of a call that only sends: a rest goes on, until the moment that was told meanwhile at most, and the client
 * should come back soon for the answer. */
void toxpy_end_sent(uintptr_t tox);

/* After a call that makes no version, because it only moves sound and pictures, and after a pass: what became due in
 * this thread since the moment was told. The rest goes on until then. */
void toxpy_end_media(uintptr_t tox);

/* Would a pass find nothing to do? Then it counts as one that was left out now; and `*left_out_ms` is when one was left
 * out before, or 0: what the next one receives has waited since then at most. */
bool toxpy_is_resting(const void *tox, int64_t *left_out_ms);

/* tox_iteration_interval() of a resting instance; 0 when Python must be asked. */
uint32_t toxpy_rest_interval(const void *tox);

#endif
