/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files without a name, for what does not fit into memory. */
#ifndef BASE_TEMPFILE_H
#define BASE_TEMPFILE_H

#include "lib/err.h"

/**
 * tempfile_open - an empty file in $TMPDIR, else /tmp, that no folder lists
 *
 * Mode 0600, to be read and written. It is gone when the descriptor, which is
 * the caller's, is closed, and so with the process. -1 with err set.
 */
int tempfile_open(struct err *err) __attribute__((nonnull(1)));

#endif
