/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/diff.h"

#include <stdio.h>

#include "diff/align.h"
#include "json/document.h"

/* What became of a pair. */
enum fate { FATE_SAME, FATE_CHANGED, FATE_ONLY_A, FATE_ONLY_B, FATE_COUNT };

static const char *const fates[FATE_COUNT] = {
	[FATE_SAME] = "same",
	[FATE_CHANGED] = "changed",
	[FATE_ONLY_A] = "only_a",
	[FATE_ONLY_B] = "only_b",
};

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* Nothing in a stream without records says where it ends. */
static json_t *side_of(const struct diff_side *side)
{
	bool bare = side->format == STREAM_BARE;

	return json_pack("{s:o, s:s, s:b, s:o, s:s, s:o, s:o}",
			 "file", report_text(side->path),
			 "kind", side->is_image ? "image" : "stream",
			 "compressed", side->compressed,
			 "bytes", number(side->bytes),
			 "format", stream_format_name(side->format),
			 "records", bare ? json_null() : number(side->n_records),
			 "complete", bare ? json_null()
					  : json_boolean(side->whole));
}

/* Bytes of a piece that the other side has not. */
static uint64_t only_of(const struct common *common, int side)
{
	const struct piece *piece = common->pieces[side];

	return piece ? piece->header + piece->len - common->header -
			       common->payload : 0;
}

static enum fate fate_of(const struct diff_pair *pair,
			 const struct common *common)
{
	if (!common->pieces[0])
		return FATE_ONLY_B;
	if (!common->pieces[1])
		return FATE_ONLY_A;
	return pair->changed || only_of(common, 0) || only_of(common, 1)
		       ? FATE_CHANGED : FATE_SAME;
}

/* Its number, which is the piece's, since what is no record comes last. */
static json_t *record_of(const struct piece *piece, size_t index)
{
	return piece->kind == PIECE_RECORD ? number(index) : json_null();
}

static json_t *piece_of(const struct piece *piece, size_t index)
{
	const struct record *record;

	if (!piece)
		return json_null();
	record = piece->kind == PIECE_RECORD ? &piece->record : NULL;
	return json_pack("{s:o, s:o, s:o, s:o, s:s?, s:o}",
			 "record", record_of(piece, index),
			 "offset_bytes", number(piece->record.offset),
			 "bytes", number(piece->len),
			 "tag", record ? number(record->tag) : json_null(),
			 "name", record ? record_tag_name(record->tag) : NULL,
			 "flags", record ? number(record->flags) : json_null());
}

static json_t *pair_of(const struct diff_pair *pair,
		       const struct common *common, enum fate fate)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "change", fates[fate],
			 "a", piece_of(common->pieces[0], pair->piece[0]),
			 "b", piece_of(common->pieces[1], pair->piece[1]),
			 "changed_bytes", number(pair->changed),
			 "ranges", number(pair->ranges),
			 "only_a_bytes", number(only_of(common, 0)),
			 "only_b_bytes", number(only_of(common, 1)));
}

/* Those that are not the same, and in @counts all of them. */
static json_t *pairs_of(const struct diff *diff, uint64_t counts[FATE_COUNT])
{
	json_t *pairs = json_array();

	for (size_t i = 0; i < diff->n_pairs; i++) {
		const struct diff_pair *pair = &diff->pairs[i];
		struct common common = align_common(diff, pair);
		enum fate fate = fate_of(pair, &common);

		counts[fate]++;
		if (fate != FATE_SAME && json_array_size(pairs) < diff->limit)
			json_array_append_new(pairs,
					      pair_of(pair, &common, fate));
	}
	return pairs;
}

static json_t *counts_of(const uint64_t counts[FATE_COUNT])
{
	json_t *object = json_object();

	for (int fate = 0; fate < FATE_COUNT; fate++)
		json_object_set_new(object, fates[fate], number(counts[fate]));
	return object;
}

static json_t *hex_of(const unsigned char *bytes, size_t len)
{
	char text[2 * DIFF_SHOWN + 1] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

static json_t *range_side(const struct diff *diff,
			  const struct diff_range *range, int side)
{
	size_t index = diff->pairs[range->pair].piece[side];
	size_t len = range->bytes < DIFF_SHOWN ? (size_t)range->bytes
					       : DIFF_SHOWN;

	return json_pack("{s:o, s:o, s:o}",
			 "record", record_of(&diff->sides[side].pieces[index],
					     index),
			 "offset_bytes", number(range->at[side]),
			 "hex", hex_of(range->shown[side], len));
}

static json_t *range_of(const struct diff *diff,
			const struct diff_range *range)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}",
			 "in", range->in_header ? "header" : "payload",
			 "offset_bytes", number(range->offset),
			 "bytes", number(range->bytes),
			 "changed_bytes", number(range->changed),
			 "a", range_side(diff, range, 0),
			 "b", range_side(diff, range, 1));
}

static json_t *ranges_of(const struct diff *diff)
{
	json_t *ranges = json_array();

	for (size_t i = 0; i < diff->n_ranges; i++)
		json_array_append_new(ranges,
				      range_of(diff, &diff->ranges[i]));
	return ranges;
}

json_t *report_diff(const struct diff *diff)
{
	uint64_t counts[FATE_COUNT] = {};
	json_t *document = report_new("diff"), *pairs = pairs_of(diff, counts);
	uint64_t listed = json_array_size(pairs);
	uint64_t different = counts[FATE_CHANGED] + counts[FATE_ONLY_A] +
			     counts[FATE_ONLY_B];

	json_object_update_new(document, json_pack(
		"{s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"same", diff_same(diff),
		"aligned", diff->align == ALIGN_OFFSETS ? "offsets" : "records",
		"a", side_of(&diff->sides[0]),
		"b", side_of(&diff->sides[1]),
		"compared_bytes", number(diff->compared),
		"changed_bytes", number(diff->changed),
		"only_a_bytes", number(diff->only[0]),
		"only_b_bytes", number(diff->only[1]),
		"record_counts", counts_of(counts),
		"records", pairs,
		"records_not_listed", number(different - listed),
		"range_count", number(diff->all_ranges),
		"ranges", ranges_of(diff),
		"ranges_not_listed", number(diff->all_ranges - diff->n_ranges)));
	return document;
}
