/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a stream for what its bytes are like. */
#ifndef IMAGE_STATS_H
#define IMAGE_STATS_H

#include "image/view.h"
#include "lib/err.h"
#include "model/scan.h"

/**
 * scan_run - read all of the stream once, and sum it up
 * @scan: zeroed but for cell_bytes, summaries and limit; scan_free() in any case
 * @progress: is shown how far it is, with @progress_data; may be NULL
 *
 * A record whose payload is not all there has no summary. Memory grows with the
 * cells and the limit, not with the stream. 0 or -1.
 */
int scan_run(struct scan *scan, const struct view *view, progress_fn progress,
	     void *progress_data, struct err *err)
	__attribute__((nonnull(1, 2, 5)));

void scan_free(struct scan *scan) __attribute__((nonnull(1)));

#endif
