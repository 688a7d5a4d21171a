/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls, and audio in conferences. All declarations are in toxcore.h. */
#include "../toxcore.h"
