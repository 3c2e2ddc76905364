/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/align.h"

#include <errno.h>
#include <stdlib.h>

#define REST_KEY UINT64_MAX /* no tag */
#define LOOK_AHEAD 64       /* pieces to look through for a partner */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static struct piece plain_piece(enum piece_kind kind, uint64_t from, uint64_t to)
{
	return (struct piece){
		.kind = kind,
		.record = { .offset = from, .size = to - from },
		.len = to - from,
	};
}

/* As much of a record as a stream of @bytes has. */
static struct piece record_piece(const struct record *record, uint64_t bytes)
{
	uint64_t left = bytes - record->offset;
	uint64_t header = least(RECORD_HEADER_SIZE, left);

	return (struct piece){
		.kind = PIECE_RECORD,
		.record = *record,
		.header = header,
		.len = least(record->size, left - header),
	};
}

static uint64_t end_of(const struct piece *piece)
{
	return piece->record.offset + piece->header + piece->len;
}

/* A record that no driver takes is not one: what follows it is anything. */
static void cut_pieces(struct diff_side *side, const struct record *records)
{
	uint64_t end = 0;

	for (uint64_t i = 0; records && i < side->n_records; i++) {
		if (record_flaw(&records[i]))
			break;
		side->pieces[side->n_pieces] = record_piece(&records[i], side->bytes);
		end = end_of(&side->pieces[side->n_pieces++]);
	}
	if (end < side->bytes)
		side->pieces[side->n_pieces++] = plain_piece(
			side->format == STREAM_BARE ? PIECE_BARE : PIECE_REST,
			end, side->bytes);
}

int align_pieces(struct diff_side *side, const struct record *records)
{
	size_t n = side->n_records;

	if (side->n_records > ALIGN_RECORDS_MAX) {
		n = 0;
		records = NULL;
	}
	side->pieces = calloc(n + 1, sizeof(*side->pieces));
	if (!side->pieces)
		return -ENOMEM;
	cut_pieces(side, records);
	return 0;
}

/* A stream without records is what one with records has in its firmware data. */
static uint64_t key_of(const struct piece *piece)
{
	switch (piece->kind) {
	case PIECE_RECORD:
		return piece->record.tag;
	case PIECE_BARE:
		return RECORD_FW_DATA;
	default:
		return REST_KEY;
	}
}

static bool are_alike(const struct piece *a, const struct piece *b)
{
	bool headers_alike = a->kind != b->kind ||
			     (a->header == b->header && a->record.flags == b->record.flags);

	return key_of(a) == key_of(b) && a->record.size == b->record.size && headers_alike;
}

/* struct range - pieces that are still to be paired: from @from up to @to, of each side */
struct range {
	const struct piece *pieces[DIFF_SIDES];
	size_t from[DIFF_SIDES], to[DIFF_SIDES];
};

static void add_pair(struct diff *diff, size_t a, size_t b)
{
	diff->pairs[diff->n_pairs++] = (struct diff_pair){ .piece = { a, b } };
}

static bool both_left(const struct range *range)
{
	return range->from[0] < range->to[0] && range->from[1] < range->to[1];
}

static void pair_begin(struct diff *diff, struct range *range)
{
	while (both_left(range) &&
	       are_alike(&range->pieces[0][range->from[0]],
			 &range->pieces[1][range->from[1]]))
		add_pair(diff, range->from[0]++, range->from[1]++);
}

/* How many are alike at the end; they are taken off @range. */
static size_t trim_end(struct range *range)
{
	size_t n = 0;

	for (; both_left(range) && are_alike(&range->pieces[0][range->to[0] - 1],
					     &range->pieces[1][range->to[1] - 1]);
	     n++) {
		range->to[0]--;
		range->to[1]--;
	}
	return n;
}

/* How many of @side are passed over to come to one that fits the other side's next. */
static size_t count_passed_over(const struct range *range, int side)
{
	const struct piece *other = range->pieces[!side];
	uint64_t key = key_of(&other[range->from[!side]]);
	size_t left = range->to[side] - range->from[side];
	const struct piece *piece = range->pieces[side] + range->from[side];

	for (size_t n = 0; n < left && n < LOOK_AHEAD; n++)
		if (key_of(&piece[n]) == key)
			return n;
	return SIZE_MAX;
}

static void add_alone(struct diff *diff, struct range *range, int side, size_t n)
{
	for (; n; n--, range->from[side]++)
		add_pair(diff, side ? DIFF_NONE : range->from[0], side ? range->from[1] : DIFF_NONE);
}

/* Are the next ones, which have no partner, one record whose tag is another? */
static bool is_retagged(const struct range *range)
{
	const struct piece *a = &range->pieces[0][range->from[0]];
	const struct piece *b = &range->pieces[1][range->from[1]];

	return a->kind == PIECE_RECORD && b->kind == PIECE_RECORD &&
	       a->record.size == b->record.size;
}

/* What is not alike: the nearest of the same tag. */
static void pair_middle(struct diff *diff, struct range *range)
{
	while (both_left(range)) {
		size_t n[DIFF_SIDES] = { count_passed_over(range, 0),
					 count_passed_over(range, 1) };
		int side = n[1] < n[0];

		if (!n[side] || (n[side] == SIZE_MAX && is_retagged(range))) {
			add_pair(diff, range->from[0]++, range->from[1]++);
		} else if (n[side] != SIZE_MAX) {
			add_alone(diff, range, side, n[side]);
		} else {
			add_alone(diff, range, 0, 1);
			add_alone(diff, range, 1, 1);
		}
	}
	for (int side = 0; side < DIFF_SIDES; side++)
		add_alone(diff, range, side, range->to[side] - range->from[side]);
}

static void pair_records(struct diff *diff)
{
	struct range range = {
		.pieces = { diff->sides[0].pieces, diff->sides[1].pieces },
		.to = { diff->sides[0].n_pieces, diff->sides[1].n_pieces },
	};
	size_t n_end;

	pair_begin(diff, &range);
	n_end = trim_end(&range);
	pair_middle(diff, &range);
	for (size_t i = 0; i < n_end; i++)
		add_pair(diff, range.to[0] + i, range.to[1] + i);
}

/*
 * The pieces that @like has, as far as a stream of @side's length has them,
 * though what stands there may be no records; then what is beyond.
 */
static int cut_like(struct diff_side *side, const struct diff_side *like)
{
	struct piece *pieces = calloc(like->n_pieces + 1, sizeof(*pieces));
	size_t n = 0;

	if (!pieces)
		return -ENOMEM;
	for (; n < like->n_pieces && like->pieces[n].record.offset < side->bytes; n++) {
		uint64_t left = side->bytes - like->pieces[n].record.offset;

		pieces[n] = like->pieces[n];
		pieces[n].kind = PIECE_REST;
		pieces[n].header = least(pieces[n].header, left);
		pieces[n].len = least(pieces[n].len, left - pieces[n].header);
	}
	if (side->bytes > like->bytes)
		pieces[n++] = plain_piece(PIECE_REST, like->bytes, side->bytes);
	free(side->pieces);
	side->pieces = pieces;
	side->n_pieces = n;
	return 0;
}

/* Are its pieces all of its records, and nothing else? */
static bool is_cut(const struct diff_side *side)
{
	return side->whole && side->n_records <= ALIGN_RECORDS_MAX;
}

static int pair_offsets(struct diff *diff)
{
	int model = !is_cut(&diff->sides[0]) && is_cut(&diff->sides[1]);
	size_t n[DIFF_SIDES];

	if (cut_like(&diff->sides[!model], &diff->sides[model]))
		return -ENOMEM;
	n[0] = diff->sides[0].n_pieces;
	n[1] = diff->sides[1].n_pieces;
	for (size_t i = 0; i < n[0] || i < n[1]; i++)
		add_pair(diff, i < n[0] ? i : DIFF_NONE, i < n[1] ? i : DIFF_NONE);
	return 0;
}

int align_pair(struct diff *diff)
{
	const struct diff_side *sides = diff->sides;
	/* By offset a side may have one piece more than it had. */
	size_t n = sides[0].n_pieces + sides[1].n_pieces + 1;

	diff->pairs = calloc(n, sizeof(*diff->pairs));
	if (!diff->pairs)
		return -ENOMEM;
	if (diff->align == ALIGN_AUTO)
		diff->align = is_cut(&sides[0]) && is_cut(&sides[1])
				      ? ALIGN_RECORDS : ALIGN_OFFSETS;
	if (diff->align == ALIGN_OFFSETS)
		return pair_offsets(diff);
	pair_records(diff);
	return 0;
}

static const struct piece *piece_of(const struct diff *diff, const struct diff_pair *pair, int side)
{
	return pair->piece[side] == DIFF_NONE ? NULL : &diff->sides[side].pieces[pair->piece[side]];
}

struct common align_common(const struct diff *diff, const struct diff_pair *pair)
{
	struct common common = {
		.pieces = { piece_of(diff, pair, 0), piece_of(diff, pair, 1) },
	};

	if (common.pieces[0] && common.pieces[1]) {
		common.header = least(common.pieces[0]->header, common.pieces[1]->header);
		common.payload = least(common.pieces[0]->len, common.pieces[1]->len);
	}
	return common;
}

void align_free(struct diff *diff)
{
	for (int side = 0; side < DIFF_SIDES; side++) {
		free(diff->sides[side].pieces);
		diff->sides[side].pieces = NULL;
	}
	free(diff->pairs);
	diff->pairs = NULL;
}
