/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of two streams whose pieces are paired, read and compared by some threads. */
#ifndef ENGINE_COMPARE_H
#define ENGINE_COMPARE_H

#include "base/err.h"
#include "image/view.h"
#include "model/diff.h"
#include "model/transfer.h"

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
