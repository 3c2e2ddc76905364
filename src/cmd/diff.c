/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cmd/option.h"
#include "commands.h"
#include "diff/diff.h"
#include "image/members.h"
#include "lib/text.h"
#include "report/diff.h"
#include "report/diff_map.h"

#define LIMIT_DEFAULT 1000

enum { KEY_ALIGN = 0x300, KEY_GAP, KEY_MAP, KEY_WIDTH };

struct options {
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
	struct options *opts = data;

	switch (key) {
	case 'l':
		return option_limit(arg, &opts->limit, err);
	case KEY_GAP:
		if (text_size(arg, &opts->gap))
			return err_set(err, ERR_USAGE, 0,
				       "--gap=%s is no number of bytes", arg);
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

static int check(const void *data, char **operands, size_t n_operands,
		 struct err *err)
{
	(void)data;
	(void)n_operands;
	if (strcmp(operands[0], "-") || strcmp(operands[1], "-"))
		return 0;
	err_set(err, ERR_USAGE, 0, "both files cannot be standard input");
	return err_hint(err, "name a file for one of them: mlxmigctl diff - FILE");
}

static int report(const struct diff *diff, const struct map_style *style,
		  struct reply *reply, struct err *err)
{
	reply->status = diff_same(diff) ? 0 : err_code_status(ERR_DIFFERENT);
	if (!diff->map) {
		reply->document = report_diff(diff);
		return 0;
	}
	reply->output = report_diff_map(diff, style);
	return reply->output ? 0 : err_set(err, ERR_NO_MEMORY, 0, "the map");
}

static int run(const struct request *request, struct reply *reply,
	       struct err *err)
{
	const struct options *opts = request->options;
	struct map_style style = map_style(stdout, opts->width);
	const struct diff_options how = {
		.json = { .device = report_image_check_device,
			  .manifest = report_image_read_manifest },
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
		ret = report(&diff, &style, reply, err);
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
		"Holds the streams in the files A and B (- for standard "
		"input) against each other, record by record, and lists the "
		"records and the ranges of bytes that differ, in hex with -t. "
		"Exits with 0 when the streams are the same, and with 9 when "
		"they differ. No device is needed.\v"
		"Images are compared by the streams in them: what is in "
		"device.json and manifest.json makes no difference. Digests "
		"of plain files are not checked: mlxmigctl verify does that.",
	.options = options,
	.operands = { OPERAND_FILE },
	.min_operands = 2,
	.max_operands = 2,
	.options_size = sizeof(struct options),
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
