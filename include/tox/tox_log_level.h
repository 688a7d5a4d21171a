/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much a log message matters. All declarations are in toxcore.h. */
#include "../toxcore.h"
