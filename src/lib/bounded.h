/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that the kernel may make wait without end, done by a child process. */
#ifndef LIB_BOUNDED_H
#define LIB_BOUNDED_H

#include <stddef.h>

/** bounded_fn - do piece @i of the work, and write its result, of a fixed size, to @result (zeroed); 0 or -errno */
typedef int (*bounded_fn)(size_t i, const void *arg, void *result);

/**
 * bounded_each - do @n pieces of work in a child process, each for at most @limit_ms
 * @results: @n results of @size bytes each; zeroes where a piece failed
 * @nums: @n, take what @fn returned, or -ETIMEDOUT
 *
 * A process that waits in the kernel for a lock cannot be killed. When a piece
 * takes longer than the limit, its child is killed and left behind, and
 * another child does the pieces after it. A child has none of this process's
 * files open, and what @fn changes in memory is lost. After the third stuck
 * piece the rest is not tried, and has -ETIMEDOUT. -EAGAIN or the like:
 * where no child can be made, every piece that is left has that as its number.
 */
void bounded_each(size_t n, bounded_fn fn, const void *arg, void *results, size_t size,
		  int *nums, int limit_ms) __attribute__((nonnull(2, 4, 6)));

#endif
