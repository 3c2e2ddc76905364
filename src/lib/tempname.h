/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names beside a file that is being written. No other user can foresee them,
 * so that nothing of another user's stands under them.
 */
#ifndef LIB_TEMPNAME_H
#define LIB_TEMPNAME_H

#include <limits.h>

#define TEMPNAME_SIZE (NAME_MAX + 1)

/** tempname_part - ".BASE.0123456789ab.mlxmigctl": of what is not whole yet, and goes when its writer was killed */
void tempname_part(char name[TEMPNAME_SIZE], const char *base) __attribute__((nonnull(1, 2)));

/** tempname_kept - "BASE.0123456789ab": of what is whole, and is never removed */
void tempname_kept(char name[TEMPNAME_SIZE], const char *base) __attribute__((nonnull(1, 2)));

/**
 * tempname_sweep - remove from the directory @dir what killed writers of @base have left
 *
 * Regular files of the caller's own with one name, which no living writer has
 * locked with flock(2), and nothing else. Never blocks; looks at a limited
 * number of entries; a failure leaves a file, and is not reported.
 */
void tempname_sweep(int dir, const char *base) __attribute__((nonnull(2)));

#endif
