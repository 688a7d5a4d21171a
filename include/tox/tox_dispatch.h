/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Giving events to callbacks. All declarations are in toxcore.h. */
#include "../toxcore.h"
