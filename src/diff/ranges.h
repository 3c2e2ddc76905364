/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes in which two buffers differ, collected into ranges. Pure. */
#ifndef DIFF_RANGES_H
#define DIFF_RANGES_H

#include "diff/diff.h"

/**
 * struct range_collector - collects ranges
 * @gap, @limit: as in struct diff
 * @ranges: @n_ranges of them, the collector's until they are taken
 * @all_ranges, @changed: exact, also beyond @limit
 * @map: is told of what differs; may be NULL
 * @last: the range that is still growing, while @open
 */
struct range_collector {
	uint64_t gap;
	size_t limit;
	struct diff_range *ranges;
	size_t n_ranges;
	uint64_t all_ranges;
	uint64_t changed;
	struct diff_map *map;
	struct diff_range last;
	bool open;
};

/**
 * struct diff_place - where two buffers come from
 * @pair, @in_header, @offset, @at: as in struct diff_range, of the first byte
 * @in_map: where that is in the map, if there is one
 */
struct diff_place {
	size_t pair;
	bool in_header;
	uint64_t offset;
	uint64_t at[DIFF_SIDES];
	uint64_t in_map;
};

/**
 * ranges_feed - hold @len bytes of both sides against each other
 *
 * Buffers come in the order of the streams; what is equal need not come. A
 * range goes on over the borders of buffers, and never over those of pairs,
 * or of header and payload. 0, or -ENOMEM.
 */
int ranges_feed(struct range_collector *collector, const struct diff_place *place,
		const unsigned char *a, const unsigned char *b, size_t len)
	__attribute__((nonnull(1, 2)));

/**
 * ranges_end - nothing follows: the last range is whole; 0, or -ENOMEM
 */
int ranges_end(struct range_collector *collector) __attribute__((nonnull(1)));

#endif
