/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is less stable: locks, DHT queries, traffic counters. All declarations are in toxcore.h. */
#include "../toxcore.h"
