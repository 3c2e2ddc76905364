/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/documents.h"
#include "cmd/option.h"
#include "commands.h"
#include "diff/align.h"
#include "diff/diff.h"
#include "diff/map.h"
#include "json/document.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* What became of a pair. */
enum fate { FATE_SAME, FATE_CHANGED, FATE_ONLY_A, FATE_ONLY_B, FATE_COUNT };

static const char *const fates[FATE_COUNT] = {
	[FATE_SAME] = "same",
	[FATE_CHANGED] = "changed",
	[FATE_ONLY_A] = "only_a",
	[FATE_ONLY_B] = "only_b",
};

/* Nothing in a stream without records says where it ends. */
static json_t *side_of(const struct diff_side *side)
{
	bool bare = side->format == STREAM_BARE;

	return json_pack("{s:o, s:s, s:b, s:o, s:s, s:o, s:o}",
			 "file", document_text(side->path),
			 "kind", side->is_unknown ? "unknown" : side->is_image ? "image" : "stream",
			 "compressed", side->compressed,
			 "bytes", document_u64(side->bytes),
			 "format", stream_format_name(side->format),
			 "records", bare ? json_null() : document_u64(side->n_records),
			 "complete", bare ? json_null() : json_boolean(side->whole));
}

/* Bytes of a piece that the other side has not. */
static uint64_t only_of(const struct common *common, int side)
{
	const struct piece *piece = common->pieces[side];

	return piece ? piece->header + piece->len - common->header - common->payload : 0;
}

static enum fate fate_of(const struct diff_pair *pair, const struct common *common)
{
	if (!common->pieces[0])
		return FATE_ONLY_B;
	if (!common->pieces[1])
		return FATE_ONLY_A;
	return pair->changed || only_of(common, 0) || only_of(common, 1) ? FATE_CHANGED : FATE_SAME;
}

/* Its number, which is the piece's, since what is no record comes last. */
static json_t *record_of(const struct piece *piece, size_t index)
{
	return piece->kind == PIECE_RECORD ? document_u64(index) : json_null();
}

static json_t *piece_of(const struct piece *piece, size_t index)
{
	const struct record *record;

	if (!piece)
		return json_null();
	record = piece->kind == PIECE_RECORD ? &piece->record : NULL;
	return json_pack("{s:o, s:o, s:o, s:o, s:s?, s:o}",
			 "record", record_of(piece, index),
			 "offset_bytes", document_u64(piece->record.offset),
			 "bytes", document_u64(piece->len),
			 "tag", record ? document_u64(record->tag) : json_null(),
			 "name", record ? record_tag_name(record->tag) : NULL,
			 "flags", record ? document_u64(record->flags) : json_null());
}

static json_t *pair_of(const struct diff_pair *pair, const struct common *common, enum fate fate)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "change", fates[fate],
			 "a", piece_of(common->pieces[0], pair->piece[0]),
			 "b", piece_of(common->pieces[1], pair->piece[1]),
			 "changed_bytes", document_u64(pair->changed),
			 "ranges", document_u64(pair->ranges),
			 "only_a_bytes", document_u64(only_of(common, 0)),
			 "only_b_bytes", document_u64(only_of(common, 1)));
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
			json_array_append_new(pairs, pair_of(pair, &common, fate));
	}
	return pairs;
}

static json_t *counts_of(const uint64_t counts[FATE_COUNT])
{
	json_t *object = json_object();

	for (int fate = 0; fate < FATE_COUNT; fate++)
		json_object_set_new(object, fates[fate], document_u64(counts[fate]));
	return object;
}

static json_t *hex_of(const unsigned char *bytes, size_t len)
{
	char text[2 * DIFF_SHOWN + 1] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

static json_t *range_side(const struct diff *diff, const struct diff_range *range, int side)
{
	size_t index = diff->pairs[range->pair].piece[side];
	size_t len = range->bytes < DIFF_SHOWN ? (size_t)range->bytes : DIFF_SHOWN;

	return json_pack("{s:o, s:o, s:o}",
			 "record", record_of(&diff->sides[side].pieces[index], index),
			 "offset_bytes", document_u64(range->at[side]),
			 "hex", hex_of(range->shown[side], len));
}

static json_t *range_of(const struct diff *diff, const struct diff_range *range)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}",
			 "in", range->in_header ? "header" : "payload",
			 "offset_bytes", document_u64(range->offset),
			 "bytes", document_u64(range->bytes),
			 "changed_bytes", document_u64(range->changed),
			 "a", range_side(diff, range, 0),
			 "b", range_side(diff, range, 1));
}

static json_t *ranges_of(const struct diff *diff)
{
	json_t *ranges = json_array();

	for (size_t i = 0; i < diff->n_ranges; i++)
		json_array_append_new(ranges, range_of(diff, &diff->ranges[i]));
	return ranges;
}

/* diff_document - at most diff->limit pairs and ranges are listed */
static json_t *diff_document(const struct diff *diff)
{
	uint64_t counts[FATE_COUNT] = {};
	json_t *document = document_new("diff"), *pairs = pairs_of(diff, counts);
	uint64_t listed = json_array_size(pairs);
	uint64_t different = counts[FATE_CHANGED] + counts[FATE_ONLY_A] + counts[FATE_ONLY_B];

	json_object_update_new(document, json_pack(
		"{s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"same", diff_same(diff),
		"aligned", diff->align == ALIGN_OFFSETS ? "offsets" : "records",
		"a", side_of(&diff->sides[0]),
		"b", side_of(&diff->sides[1]),
		"compared_bytes", document_u64(diff->compared),
		"changed_bytes", document_u64(diff->changed),
		"only_a_bytes", document_u64(diff->only[0]),
		"only_b_bytes", document_u64(diff->only[1]),
		"record_counts", counts_of(counts),
		"records", pairs,
		"records_not_listed", document_u64(different - listed),
		"range_count", document_u64(diff->all_ranges),
		"ranges", ranges_of(diff),
		"ranges_not_listed", document_u64(diff->all_ranges - diff->n_ranges)));
	return document;
}

static uint64_t cell_bytes(const struct diff_map *map, size_t cell)
{
	uint64_t left = map->total - cell * map->cell_bytes;

	return left < map->cell_bytes ? left : map->cell_bytes;
}

/* What differs wins over what one side has alone, and that over what is the same. */
static enum map_mark cell_mark(const struct diff_cell *cell)
{
	if (cell->changed)
		return MAP_CHANGED;
	if (!cell->only[0] && !cell->only[1])
		return MAP_SAME;
	return cell->only[0] >= cell->only[1] ? MAP_ONLY_A : MAP_ONLY_B;
}

/* How much of a cell differs, in quarters; a full one belongs to what is below it. */
static unsigned int cell_level(uint64_t changed, uint64_t bytes)
{
	unsigned int level = 0;

	while (level + 1 < MAP_LEVELS &&
	       (double)changed * MAP_LEVELS > (double)(level + 1) * (double)bytes)
		level++;
	return level;
}

/* The record's number in a, or in b where that has it alone. */
static uint64_t pair_record(const struct diff_pair *pair)
{
	return pair->piece[0] != DIFF_NONE ? pair->piece[0] : pair->piece[1];
}

static struct map_cell *map_cells_of(const struct diff *diff)
{
	const struct diff_map *map = diff->map;
	struct map_cell *cells = calloc(map->n_cells, sizeof(*cells));

	for (size_t i = 0; cells && i < map->n_cells; i++) {
		const struct diff_cell *cell = &map->cells[i];

		cells[i] = (struct map_cell){
			.mark = cell_mark(cell),
			.level = cell_level(cell->changed, cell_bytes(map, i)),
			.borders = cell->begins,
		};
		if (cell->begins)
			cells[i].first = pair_record(&diff->pairs[cell->first]);
	}
	return cells;
}

static char *map_title(const struct diff *diff)
{
	const char *a = diff->sides[0].path, *b = diff->sides[1].path;
	char *title;
	int ret;

	if (diff_same(diff))
		ret = asprintf(&title, "a: %s, b: %s: the same", a, b);
	else
		ret = asprintf(&title, "a: %s, b: %s: %" PRIu64
			       " bytes differ (ranges: %" PRIu64 "), %" PRIu64
			       " are in a alone, %" PRIu64 " in b alone", a, b,
			       diff->changed, diff->all_ranges, diff->only[0],
			       diff->only[1]);
	return ret < 0 ? NULL : title;
}

/* Without what is in one of them alone the offsets are those of both streams. */
static const char *map_note(const struct diff *diff)
{
	if (!diff->only[0] && !diff->only[1])
		return NULL;
	return "each record is as long as it is on its longer side: the offsets are of all of them, not of a or b";
}

char *diff_map_text(const struct diff *diff, const struct map_style *style)
{
	AUTO_FREE char *title = map_title(diff);
	AUTO_FREE struct map_cell *cells = map_cells_of(diff);
	const struct map map = {
		.title = title,
		.note = map_note(diff),
		.bytes = diff->map->total,
		.cell_bytes = diff->map->cell_bytes,
		.cells = cells,
		.n_cells = diff->map->n_cells,
	};
	size_t len;

	return title && cells ? map_text(&map, style, &len) : NULL;
}

#define LIMIT_DEFAULT 1000

enum { KEY_ALIGN = 0x300, KEY_GAP, KEY_MAP, KEY_WIDTH };

struct diff_options {
	struct limit limit;
	uint64_t gap;
	enum diff_align align;
	bool map;
	unsigned int width; /* 0: the terminal's */
};

static const struct argp_option options[] = {
	{ "limit", 'l', "COUNT", 0,
	  "list at most COUNT records and COUNT ranges (default 1000)", 0 },
	{ "gap", KEY_GAP, "BYTES", 0,
	  "count what differs as one range although up to BYTES between are equal (default 0)",
	  0 },
	{ "align", KEY_ALIGN, "auto|records|offsets", 0,
	  "hold records against each other, or what stands at the same offset", 0 },
	{ "map", KEY_MAP, NULL, 0, "draw where they differ, instead of JSON", 0 },
	{ "width", KEY_WIDTH, "COLUMNS", 0,
	  "so wide is the map (default: the terminal, or 80)", 0 },
	{}
};

static int parse_align(const char *arg, enum diff_align *align, struct err *err)
{
	static const char *const ways[] = {
		[ALIGN_AUTO] = "auto", [ALIGN_RECORDS] = "records",
		[ALIGN_OFFSETS] = "offsets",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(arg, ways[i])) {
			*align = i;
			return 0;
		}
	err_set(err, ERR_USAGE, 0, "--align: no such way: %s", arg);
	return err_hint(err, "align by records, by offsets, or auto");
}

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct diff_options *opts = data;

	switch (key) {
	case 'l':
		return option_limit(arg, &opts->limit, err);
	case KEY_GAP:
		if (text_size(arg, &opts->gap))
			return err_set(err, ERR_USAGE, 0, "--gap=%s is no number of bytes", arg);
		return 0;
	case KEY_ALIGN:
		return parse_align(arg, &opts->align, err);
	case KEY_MAP:
		opts->map = true;
		return 0;
	case KEY_WIDTH:
		return option_width(arg, &opts->width, err);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	if (strcmp(operands[0], "-") || strcmp(operands[1], "-"))
		return 0;
	err_set(err, ERR_USAGE, 0, "both files cannot be standard input");
	return err_hint(err, "name a file for one of them: mlxmigctl diff - FILE");
}

static int set_reply(const struct diff *diff, const struct map_style *style,
		     struct reply *reply, struct err *err)
{
	reply->status = diff_same(diff) ? 0 : err_code_status(ERR_DIFFERENT);
	if (!diff->map) {
		reply->document = diff_document(diff);
		return 0;
	}
	reply->output = diff_map_text(diff, style);
	return reply->output ? 0 : err_set(err, ERR_NO_MEMORY, 0, "the map");
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct diff_options *opts = request->options;
	struct map_style style = map_style(stdout, opts->width);
	const struct diff_plan how = {
		.map_layout = opts->map ? map_layout : NULL,
		.map_width = style.width,
		.progress = request->progress,
		.progress_data = request->progress_data,
	};
	struct diff diff = {
		.sides = { { .path = request->operands[0] },
			   { .path = request->operands[1] } },
		.align = opts->align,
		.limit = limit_or(&opts->limit, LIMIT_DEFAULT),
		.gap = opts->gap,
	};
	int ret;

	ret = diff_run(&diff, &how, err);
	if (!ret)
		ret = set_reply(&diff, &style, reply, err);
	diff_free(&diff);
	return ret;
}

static const char *const record_columns[] = {
	"change", "name=a.name/b.name/a.tag/b.tag", "a=a.record", "a offset=a.offset_bytes",
	"a size=a.bytes", "b=b.record", "b offset=b.offset_bytes",
	"b size=b.bytes", "changed=changed_bytes", "ranges", NULL
};

static const char *const range_columns[] = {
	"record=a.record/b.record", "in", "offset=offset_bytes", "bytes",
	"changed=changed_bytes", "a offset=a.offset_bytes",
	"b offset=b.offset_bytes", "a=a.hex", "b=b.hex", NULL
};

#define SIDE(side)                                                            \
	"{" side ".file} ({" side ".kind}[, {" side ".compressed?yes=compressed}])" \
	", {" side ".bytes|size}[, {" side ".records} records][, {" side ".complete?no=incomplete}]" \
	"[, {" side ".format?bare=without records}]"

static const struct text_part text[] = {
	TEXT_LINE("a", SIDE("a")),
	TEXT_LINE("b", SIDE("b")),
	TEXT_LINE("same", "{same}"),
	TEXT_LINE("compared", "{compared_bytes|size}, {aligned?records=record by record;offsets=by their offsets}"),
	TEXT_LINE("changed", "{changed_bytes|some} bytes"),
	TEXT_LINE("ranges", "{range_count|some}[, {ranges_not_listed|some} of them not listed (--limit)]"),
	TEXT_LINE("only in a", "{only_a_bytes|some} bytes"),
	TEXT_LINE("only in b", "{only_b_bytes|some} bytes"),
	TEXT_LINE("records", "{record_counts.same} the same, {record_counts.changed} changed, {record_counts.only_a} only in a, {record_counts.only_b} only in b[, {records_not_listed|some} of these not listed (--limit)]"),
	{ .each = "records", .columns = record_columns, .some = true },
	{ .each = "ranges", .columns = range_columns, .some = true },
	{}
};

const struct command command_diff = {
	.name = "diff",
	.operand_words = "A B",
	.summary = "compare two images or bare streams",
	.description =
		"Holds the streams in the files A and B (- for standard input) against each other, "
		"record by record, and lists the records and the ranges of bytes that differ, in "
		"hex with -t. Exits with 0 when the streams are the same, and with 9 when they "
		"differ. No device is needed.\vImages are compared by the streams in them: what is "
		"in device.json and manifest.json makes no difference. Digests of plain files are "
		"not checked: mlxmigctl verify does that.",
	.options = options,
	.operands = { OPERAND_FILE },
	.min_operands = 2,
	.max_operands = 2,
	.options_size = sizeof(struct diff_options),
	.handles_state = true,
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
