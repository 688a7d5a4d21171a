/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encryption with a passphrase. All declarations are in toxcore.h. */
#include "../toxcore.h"
