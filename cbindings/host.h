/* Hosts that are Python: an extension module may call us with the interpreter's lock (the GIL) held.
 *
 * Inside of a call our own Python code runs, which must not see an exception that the caller has pending, and which lets
 * go of the GIL for callbacks, while the caller's callbacks count on it. So a call puts the pending exception aside; a
 * callback gets the GIL back and begins without an exception; one that it leaves behind is pending when the call
 * returns, as if all of this were C. Of several the last one stays, as always in C.
 */
#ifndef TOXPY_HOST_H
#define TOXPY_HOST_H

#include <stdbool.h>

/* What is put aside for the innermost call of a thread. */
struct toxpy_host {
    bool holds_gil;
    struct _object *type, *value, *trace; /* of the pending exception, NULL for none */
};

/* True when the interpreter belongs to the host program. Constant after the start. */
extern bool toxpy_host_is_python;

/* Around every call of a Python function of ours; false when the interpreter has ended. */
bool toxpy_host_begin(void);
void toxpy_host_end(void);

/* Around every callback. `state` is for toxpy_host_back(). */
struct toxpy_host toxpy_host_callback(int *state);
void toxpy_host_back(struct toxpy_host *outer, int state);

/* A signal handler of the host raised KeyboardInterrupt in the middle of our Python code: it is raised again when
 * the call is over. */
void toxpy_mark_interrupted(void);

#endif
