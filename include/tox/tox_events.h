/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All events of one iteration. All declarations are in toxcore.h. */
#include "../toxcore.h"
