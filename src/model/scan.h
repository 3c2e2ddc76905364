/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream that was read for what its bytes are like: filled by engine, printed by report. */
#ifndef MODEL_SCAN_H
#define MODEL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/record.h"
#include "model/payload.h"

/**
 * struct scan_cell - cell_bytes of the stream, headers and payloads alike; the last one may have less
 * @density: see payload_density()
 * @borders: records that begin in it
 * @first: the number of the first of these
 */
struct scan_cell {
	uint64_t bytes;
	uint64_t zero_bytes;
	double density;
	uint64_t borders;
	uint64_t first;
};

/**
 * struct scan
 * @cell_bytes: of each cell; 0: no cells are wanted
 * @summaries: are summaries wanted?
 * @limit: of at most so many payloads
 * @payloads: of the first @n_payloads records; of a stream without records
 *            there is one, @stream
 * @stream: all of the stream; filled with the summaries
 * @format, @n_records: of the stream
 */
struct scan {
	uint64_t cell_bytes;
	bool summaries;
	size_t limit;
	uint64_t bytes;
	enum stream_format format;
	uint64_t n_records;
	struct scan_cell *cells;
	size_t n_cells;
	struct payload *payloads;
	size_t n_payloads;
	struct payload stream;
};

#endif
