/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watches which memory a device writes to. */
#ifndef VFIO_DIRTY_LOG_H
#define VFIO_DIRTY_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "vfio/open.h"

/* What a device's log of its DMA tells. */

#define DIRTY_RANGES_MAX 256 /* of one log: VFIO takes no more */

/** struct dirty_range - IOVAs whose writes are logged */
struct dirty_range {
	uint64_t iova;
	uint64_t length;
};

/** struct dirty_plan - what is asked for: times in nanoseconds, sizes in bytes */
struct dirty_plan {
	struct dirty_range ranges[DIRTY_RANGES_MAX];
	size_t n_ranges;
	uint64_t duration_ns;
	uint64_t interval_ns;
	uint64_t page_size;
};

/**
 * struct dirty_sample - one report
 * @elapsed_ns: since the log began
 * @report_ns: what the report took
 * @pages: dirty since the report before
 * @fresh: those of them that no report had before
 * @runs: stretches of neighbours that they make
 */
struct dirty_sample {
	uint64_t elapsed_ns;
	uint64_t report_ns;
	uint64_t pages;
	uint64_t fresh;
	uint64_t runs;
};

/**
 * struct dirty_result - a log, from start to stop
 * @tracked_page_size: what the device tracks in, which it has chosen
 * @samples: the caller's to free
 * @pages: dirty at least once
 */
struct dirty_result {
	struct device_access access;
	struct dirty_plan plan;
	uint64_t tracked_page_size;
	struct dirty_sample *samples;
	size_t n_samples;
	uint64_t pages;
	uint64_t duration_ns;
};

/**
 * dirty_watch - log a device's DMA, and report at intervals
 * @result: its plan is filled; takes the samples, those from before a failure
 *          too
 *
 * Between interrupt_begin() and interrupt_end(): a signal ends it with
 * ERR_INTERRUPTED. The log that it has started it also stops, always. 0 or -1.
 */
int dirty_watch(const struct vdev *vdev, struct dirty_result *result,
		struct err *err) __attribute__((nonnull(1, 2, 3)));

#endif
