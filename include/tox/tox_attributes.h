/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Clang's words for pointers that may or may not be NULL, for programs that use them with other compilers too.
 * toxcore.h itself does without.
 */
#ifndef TOXCORE_TOX_ATTRIBUTES_H
#define TOXCORE_TOX_ATTRIBUTES_H

#ifndef __clang__
#ifndef _Nonnull
#define _Nonnull
#endif
#ifndef _Nullable
#define _Nullable
#endif
#endif

#include "../toxcore.h"

#endif /* TOXCORE_TOX_ATTRIBUTES_H */
