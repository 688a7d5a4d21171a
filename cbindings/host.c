/* See host.h. */
#include <Python.h>

#include "host.h"

bool toxpy_host_is_python;

static __thread struct toxpy_host current;
static __thread bool interrupted;

bool toxpy_host_begin(void)
{
    if (!Py_IsInitialized()) {
        return false;
    }
    current = (struct toxpy_host){false, NULL, NULL, NULL};
    if (PyGILState_Check()) {
        current.holds_gil = true;
        PyErr_Fetch(&current.type, &current.value, &current.trace);
    }
    return true;
}

void toxpy_host_end(void)
{
    if (current.holds_gil) {
        current.holds_gil = false;
        /* without one this clears what is not there */
        PyErr_Restore(current.type, current.value, current.trace);
    }
    if (interrupted) {
        interrupted = false;
        PyErr_SetInterrupt();
    }
}

struct toxpy_host toxpy_host_callback(int *state)
{
    struct toxpy_host outer = current;
    current = (struct toxpy_host){false, NULL, NULL, NULL};
    if (outer.holds_gil) {
        *state = (int)PyGILState_Ensure();
    }
    return outer;
}

void toxpy_host_back(struct toxpy_host *outer, int state)
{
    if (outer->holds_gil) {
        if (PyErr_Occurred() != NULL) {
            Py_XDECREF(outer->type);
            Py_XDECREF(outer->value);
            Py_XDECREF(outer->trace);
            PyErr_Fetch(&outer->type, &outer->value, &outer->trace);
        }
        PyGILState_Release((PyGILState_STATE)state);
    }
    current = *outer;
}

void toxpy_mark_interrupted(void)
{
    interrupted = true;
}
