/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The core: identity, friends, messages, files, conferences, groups. All declarations are in toxcore.h. */
#include "../toxcore.h"
