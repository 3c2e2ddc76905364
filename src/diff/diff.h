/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Holding the streams of two files against each other. */
#ifndef DIFF_DIFF_H
#define DIFF_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/record.h"
#include "json/progress.h"
#include "lib/err.h"

/* Two streams held against each other. */

#define DIFF_SIDES 2
#define DIFF_NONE SIZE_MAX /* the other side has no such piece */
#define DIFF_SHOWN 16      /* bytes of a range that are shown of each side */

enum piece_kind {
	PIECE_RECORD,
	PIECE_BARE, /* all of a stream without records: firmware data without a header */
	PIECE_REST, /* what is in no record: after lost framing, or all of it */
};

/**
 * struct piece - a stretch of a stream
 * @record: of PIECE_RECORD; of the others its offset and size alone
 * @header: bytes of header: RECORD_HEADER_SIZE, less where the stream ends in
 *          it, 0 where there is none
 * @len: bytes of payload that are there; less than record.size at a stream's
 *       end in the middle of it
 */
struct piece {
	enum piece_kind kind;
	struct record record;
	uint64_t header;
	uint64_t len;
};

/** struct diff_side - one of the two streams; @pieces cover it from its first byte to its last */
struct diff_side {
	const char *path;
	bool is_image;
	bool is_unknown; /* neither an image nor a stream of records */
	bool compressed;
	uint64_t bytes;
	enum stream_format format;
	uint64_t n_records;
	bool whole; /* the records are, or there are none */
	struct piece *pieces;
	size_t n_pieces;
};

/**
 * struct diff_pair - two pieces that belong together, or one that has no partner
 * @piece: indices, of which one may be DIFF_NONE
 * @changed, @ranges: bytes that differ, and the ranges that these make
 * @start: in the map, where there is one
 */
struct diff_pair {
	size_t piece[DIFF_SIDES];
	uint64_t changed;
	uint64_t ranges;
	uint64_t start;
};

/**
 * struct diff_range - bytes that differ, next to each other
 * @pair: of which pieces
 * @in_header: of the record; else in its payload
 * @offset: in the header or payload
 * @at: in each stream
 * @bytes: from the first to the last that differs
 * @changed: of these differ
 * @shown: the first DIFF_SHOWN bytes of each side
 */
struct diff_range {
	size_t pair;
	bool in_header;
	uint64_t offset;
	uint64_t at[DIFF_SIDES];
	uint64_t bytes;
	uint64_t changed;
	unsigned char shown[DIFF_SIDES][DIFF_SHOWN];
};

/* How pieces find each other: by what they are, or by where they stand. */
enum diff_align { ALIGN_AUTO, ALIGN_RECORDS, ALIGN_OFFSETS };

struct diff_map;

/**
 * struct diff - two streams compared
 * @align: what was asked for; afterwards how it was done
 * @limit: at most so many pairs and ranges are listed; the rest is counted
 * @gap: bytes that do not differ and still join what differs on both sides of
 *       them into one range
 * @pairs: all of them, in order
 * @compared: bytes on either side that had a partner
 * @changed: of these differ
 * @only: bytes without a partner
 * @n_ranges: listed in @ranges, of @all_ranges
 * @map: see diff/map.h; NULL where none was wanted
 */
struct diff {
	struct diff_side sides[DIFF_SIDES];
	enum diff_align align;
	size_t limit;
	uint64_t gap;
	struct diff_pair *pairs;
	size_t n_pairs;
	uint64_t compared;
	uint64_t changed;
	uint64_t only[DIFF_SIDES];
	struct diff_range *ranges;
	size_t n_ranges;
	uint64_t all_ranges;
	struct diff_map *map;
};

/** diff_same - are the two streams the same, byte for byte? */
static inline bool diff_same(const struct diff *diff)
{
	return !diff->changed && !diff->only[0] && !diff->only[1];
}

/**
 * struct diff_plan
 * @map_layout: how many bytes a cell of a map of so many bytes has, which is
 *              @map_width columns wide; NULL: no map is wanted
 * @progress: as in struct pump; may be NULL
 */
struct diff_plan {
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
int diff_run(struct diff *diff, const struct diff_plan *options,
	     struct err *err) __attribute__((nonnull(1, 2, 3)));

void diff_free(struct diff *diff) __attribute__((nonnull(1)));

#endif
