/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How an instance is started. All declarations are in toxcore.h. */
#include "../toxcore.h"
