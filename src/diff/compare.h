/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of two streams whose pieces are paired, read and compared by some threads. */
#ifndef DIFF_COMPARE_H
#define DIFF_COMPARE_H

#include "diff/diff.h"
#include "image/view.h"
#include "lib/err.h"

/**
 * struct compare - how
 * @views: of both streams
 * @progress: as in struct pump; may be NULL
 */
struct compare {
	const struct view *views[DIFF_SIDES];
	progress_fn progress;
	void *progress_data;
};

/**
 * compare_run - hold the pieces of each pair against each other
 * @diff: sides, pairs, limit and gap are there; takes what differs, also on
 *        failure
 *
 * Each byte that has a partner is read once. 0 or -1.
 */
int compare_run(struct diff *diff, const struct compare *how, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

#endif
