/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a stream for what its bytes are like. */
#ifndef IMAGE_STATS_H
#define IMAGE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/record.h"
#include "image/view.h"
#include "lib/err.h"

/* What can be said of bytes that nobody understands: how many are zero, and how much is in them. */

/** struct payload_counts - how often each byte came; zero it to begin */
struct payload_counts {
	uint64_t bytes;
	uint64_t of[256];
};

/**
 * struct payload - a payload, or a whole stream, summed up
 * @whole: all of it was there; else the rest is empty
 * @entropy: bits a byte, 0 to 8: see payload_entropy()
 * @digest: XXH3-128
 */
struct payload {
	bool whole;
	uint64_t bytes;
	uint64_t zero_bytes;
	double entropy;
	char digest[DIGEST_TEXT_SIZE];
};

/** payload_count - the next @len bytes, in pieces of any size */
void payload_count(struct payload_counts *counts, const void *data, size_t len)
	__attribute__((nonnull(1)));

/** payload_add - what @more has counted, too */
void payload_add(struct payload_counts *counts, const struct payload_counts *more)
	__attribute__((nonnull(1, 2)));

/**
 * payload_entropy - Shannon's, of the bytes by themselves, in bits a byte
 *
 * 0 of nothing and of one byte's repetition, 8 where all 256 come equally often.
 * Fewer than 256 bytes cannot reach 8.
 */
double payload_entropy(const struct payload_counts *counts) __attribute__((nonnull(1)));

/** payload_density - the entropy as a share, 0 to 1, of the most that so many bytes can have */
double payload_density(const struct payload_counts *counts) __attribute__((nonnull(1)));

/** payload_zero_ratio - which share of @bytes @zero_bytes are, 0 to 1; 0 of none */
double payload_zero_ratio(uint64_t zero_bytes, uint64_t bytes);

/* A stream that was read for what its bytes are like. */

/**
 * struct stats_cell - cell_bytes of the stream, headers and payloads alike; the last one may have less
 * @density: see payload_density()
 * @borders: records that begin in it
 * @first: the number of the first of these
 */
struct stats_cell {
	uint64_t bytes;
	uint64_t zero_bytes;
	double density;
	uint64_t borders;
	uint64_t first;
};

/**
 * struct stream_stats
 * @cell_bytes: of each cell; 0: no cells are wanted
 * @summaries: are summaries wanted?
 * @limit: of at most so many payloads
 * @payloads: of the first @n_payloads records; of a stream without records
 *            there is one, @stream
 * @stream: all of the stream; filled with the summaries
 * @format, @n_records: of the stream
 */
struct stream_stats {
	uint64_t cell_bytes;
	bool summaries;
	size_t limit;
	uint64_t bytes;
	enum stream_format format;
	uint64_t n_records;
	struct stats_cell *cells;
	size_t n_cells;
	struct payload *payloads;
	size_t n_payloads;
	struct payload stream;
};

/**
 * stream_stats_run - read all of the stream once, and sum it up
 * @scan: zeroed but for cell_bytes, summaries and limit; stream_stats_free() in any case
 * @progress: is shown how far it is, with @progress_data; may be NULL
 *
 * A record whose payload is not all there has no summary. Memory grows with the
 * cells and the limit, not with the stream. 0 or -1.
 */
int stream_stats_run(struct stream_stats *scan, const struct view *view, progress_fn progress,
		     void *progress_data, struct err *err)
	__attribute__((nonnull(1, 2, 5)));

void stream_stats_free(struct stream_stats *scan) __attribute__((nonnull(1)));

#endif
