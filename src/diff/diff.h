/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Holding the streams of two files against each other. */
#ifndef DIFF_DIFF_H
#define DIFF_DIFF_H

#include "image/view.h"
#include "lib/err.h"
#include "migrate/transfer.h"
#include "model/diff.h"

/**
 * struct diff_options
 * @map_layout: how many bytes a cell of a map of so many bytes has, which is
 *              @map_width columns wide; NULL: no map is wanted
 * @progress: as in struct pump; may be NULL
 */
struct diff_options {
	struct image_json json;
	uint64_t (*map_layout)(uint64_t bytes, unsigned int width);
	unsigned int map_width;
	progress_fn progress;
	void *progress_data;
};

/**
 * diff_run - compare the streams in diff->sides[].path, "-" being standard input
 * @diff: zeroed but for both paths, align, limit and gap; diff_free() in any case
 *
 * Reads each byte once, blocks of both sides in some threads; what is equal is
 * not looked at any further. No digests are checked, but for what has to be
 * copied out first: see view_open(). A difference is no failure. 0, or -1 with
 * ERR_DAMAGED and the like.
 */
int diff_run(struct diff *diff, const struct diff_options *options,
	     struct err *err) __attribute__((nonnull(1, 2, 3)));

void diff_free(struct diff *diff) __attribute__((nonnull(1)));

#endif
