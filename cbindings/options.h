/* Reading Tox_Options that may be 80 or 88 bytes long; see options.c. */
#ifndef TOXPY_OPTIONS_H
#define TOXPY_OPTIONS_H

#include "toxcore.h"

/* Was this block made by tox_options_new(), so that all 88 bytes are there and initialised? */
bool toxpy_options_known(const Tox_Options *options);
/* A full, clean copy of what may be read of `options`; the defaults for NULL. Pointers stay the caller's. */
void toxpy_options_read(Tox_Options *clean, const Tox_Options *options);

/* What the options say of other networks; beside the struct. All zero for options of somebody else. */
struct toxpy_networks {
    int type; /* Tox_Endpoint_Type */
    uint32_t only; /* bits by Tox_Network_Type, 0 for all networks */
    char *address;
    char *secret;
    uint16_t port;
};
const struct toxpy_networks *toxpy_options_networks(const Tox_Options *options);

#endif
