/* What the parts of libtoxcore.so share; none of it is exported. */
#ifndef TOXPY_LIBRARY_H
#define TOXPY_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host.h"
#include "toxcore.h"

/* boot.c: true once the interpreter runs and toxpy is imported. The first call does that, all others are cheap. */
bool toxpy_boot(void);
/* boot.c: the interpreter is ours alone, not that of a host program. */
bool toxpy_owns_python(void);
/* In the module that cffi generates: make it known to the running interpreter, run the init code; -1 for a failure. */
int toxpy_start_module(void);

/* api_special.c: the Python function behind wrapper `index` is there. Starts Python when needed. */
bool toxpy_bind(int index);
extern bool toxpy_bound[];
/* Set by Python when a call ended in an exception that nobody foresaw; taken back by toxpy_call_end(). */
extern __thread bool toxpy_raised;
void toxpy_mark_raised(void);

/* api_special.c: one pass and its callbacks; false when it failed. */
bool toxpy_iterate(Tox *tox, void *user_data);

/* Every call of a Python function stands between these two. True when it can be made: Python is started when needed. */
static inline bool toxpy_call_begin(void)
{
    return toxpy_boot() && (!toxpy_host_is_python || toxpy_host_begin());
}

/* True when the call failed in a way that nobody foresaw. */
static inline bool toxpy_call_end(void)
{
    if (toxpy_host_is_python) {
        toxpy_host_end();
    }
    bool raised = toxpy_raised;
    toxpy_raised = false;
    return raised;
}

/* toxpy_call_begin() for the function behind wrapper `index`. */
static inline bool toxpy_enter(const void *tox, int index)
{
    if (tox == NULL || (!__atomic_load_n(&toxpy_bound[index], __ATOMIC_ACQUIRE) && !toxpy_bind(index))) {
        return false;
    }
    return !toxpy_host_is_python || toxpy_host_begin();
}

#endif
