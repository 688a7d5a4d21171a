/* tox_new with the default options, but for an instance that sends nothing into the network of the machine and
 * leaves the ports of the default to programs under test: there are 101 of them for all that run at once. */
#ifndef HOST_LOCAL_H
#define HOST_LOCAL_H

#include <stdbool.h>
#include <tox/tox.h>

static inline Tox *new_local(bool thread_safe, Tox_Err_New *error)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_start_port(options, 33600);
    tox_options_set_end_port(options, 33999);
    tox_options_set_experimental_thread_safety(options, thread_safe);
    Tox *tox = tox_new(options, error);
    tox_options_free(options);
    return tox;
}

#endif
