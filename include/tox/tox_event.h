/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is in an event. All declarations are in toxcore.h. */
#include "../toxcore.h"
