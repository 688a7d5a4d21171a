/* tox_new with the default options, but for an instance that sends nothing into the network of the machine. */
#ifndef HOST_LOCAL_H
#define HOST_LOCAL_H

#include <stdbool.h>
#include <tox/tox.h>

static inline Tox *new_local(bool thread_safe, Tox_Err_New *error)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_experimental_thread_safety(options, thread_safe);
    Tox *tox = tox_new(options, error);
    tox_options_free(options);
    return tox;
}

#endif
