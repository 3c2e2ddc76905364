/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "cmd/hexdump.h"
#include "cmd/map.h"
#include "cmd/option.h"
#include "cmd/picture.h"
#include "cmd/transfer.h"
#include "commands.h"
#include "image/inspect.h"
#include "image/members.h"
#include "image/stats.h"
#include "json/document.h"
#include "lib/outfile.h"
#include "lib/text.h"

#define PLACES 1e4 /* four decimals */

static json_t *payload_json(const struct payload *payload)
{
	double ratio;

	if (!payload || !payload->whole)
		return json_null();
	ratio = payload_zero_ratio(payload->zero_bytes, payload->bytes);
	return json_pack("{s:I, s:f, s:f, s:s}",
			 "zero_bytes", (json_int_t)payload->zero_bytes,
			 "zero_ratio", round(ratio * PLACES) / PLACES,
			 "entropy_bits", round(payload->entropy * PLACES) / PLACES,
			 "xxh3_128", payload->digest);
}

static json_t *member_of(const struct inspected_member *member)
{
	return json_pack("{s:o, s:s, s:I, s:I, s:s}",
			 "name", document_string(member->name),
			 "phase", phase_name(member->phase),
			 "offset_bytes", (json_int_t)member->offset,
			 "bytes", (json_int_t)member->bytes,
			 "xxh3_128", member->digest);
}

static json_t *members_of(const struct inspection *inspection)
{
	json_t *members = json_array();

	for (size_t i = 0; i < inspection->n_members; i++)
		json_array_append_new(members, member_of(&inspection->members[i]));
	return members;
}

static json_t *record_of(const struct record *record, size_t number, const struct payload *payload)
{
	return json_pack("{s:I, s:o, s:o, s:I, s:I, s:s?, s:b, s:o}",
			 "record", (json_int_t)number,
			 "offset_bytes", document_u64(record->offset),
			 "bytes", document_u64(record->size),
			 "tag", (json_int_t)record->tag,
			 "flags", (json_int_t)record->flags,
			 "name", record_tag_name(record->tag),
			 "optional", !!(record->flags & RECORD_OPTIONAL),
			 "summary", payload_json(payload));
}

static json_t *records_of(const struct inspection *inspection, const struct stream_stats *scan)
{
	json_t *records = json_array();

	for (size_t i = 0; i < inspection->n_records; i++)
		json_array_append_new(
			records, record_of(&inspection->records[i], i,
					   scan && i < scan->n_payloads
						   ? &scan->payloads[i]
						   : NULL));
	return records;
}

/* A JSON member as it stands in the image, or null. */
static json_t *embedded_json(const char *json, size_t len)
{
	json_t *value = json ? json_loadb(json, len, 0, NULL) : NULL;

	return value ? value : json_null();
}

/* Nothing in a bare stream without records says where it ends. */
static json_t *complete_of(const struct inspection *inspection)
{
	if (inspection->is_unknown ||
	    (inspection->ended && !inspection->is_image && inspection->parser.format == STREAM_BARE))
		return json_null();
	return json_boolean(inspection->ended && record_complete(&inspection->parser));
}

static const char *digest_of(const struct inspection *inspection, const struct stream_stats *scan)
{
	if (!inspection->ended)
		return NULL;
	if (inspection->checked)
		return inspection->totals.digest;
	return scan && scan->stream.whole ? scan->stream.digest : NULL;
}

static json_t *stream_of(const struct inspection *inspection, const struct stream_stats *scan)
{
	json_t *stream;

	if (inspection->is_unknown && inspection->parser.format == STREAM_UNKNOWN)
		return json_null();
	stream = records_json(&inspection->parser);
	json_object_del(stream, "complete"); /* the document's own knows more */
	json_object_set_new(stream, "bytes", json_integer((json_int_t)inspection->totals.bytes));
	json_object_set_new(stream, "xxh3_128", document_text(digest_of(inspection, scan)));
	json_object_set_new(stream, "summary", payload_json(scan ? &scan->stream : NULL));
	return stream;
}

static const char *kind_of(const struct inspection *inspection)
{
	if (inspection->is_unknown)
		return "unknown";
	return inspection->is_image ? "image" : "stream";
}

static json_t *inspect_document(const struct inspection *inspection,
				const struct stream_stats *scan)
{
	const struct image_totals *totals = &inspection->totals;
	json_t *document = document_new("inspect");

	json_object_set_new(document, "file", document_text(inspection->path));
	json_object_set_new(document, "kind", json_string(kind_of(inspection)));
	json_object_set_new(document, "looks_like",
			    document_text(content_look_name(inspection->look) ?: ""));
	json_object_set_new(document, "compressed", json_boolean(inspection->compressed));
	json_object_set_new(document, "complete", complete_of(inspection));
	json_object_set_new(document, "checked",
			    json_boolean(inspection->is_image && inspection->checked &&
					 inspection->ended));
	json_object_set_new(document, "device",
			    embedded_json(inspection->device_json, inspection->device_len));
	json_object_set_new(document, "manifest",
			    embedded_json(inspection->manifest_json, inspection->manifest_len));
	json_object_set_new(document, "stream", stream_of(inspection, scan));
	json_object_set_new(document, "phases",
			    inspection->is_image ? phases_json(totals->phases,
							       false)
					     : json_null());
	json_object_set_new(document, "members", members_of(inspection));
	json_object_set_new(document, "members_not_listed",
			    json_integer((json_int_t)(totals->members - inspection->n_members)));
	json_object_set_new(document, "records", records_of(inspection, scan));
	json_object_set_new(document, "records_not_listed",
			    json_integer((json_int_t)(inspection->parser.n_records -
						      inspection->n_records)));
	return document;
}

#define LIMIT_DEFAULT 10000

enum { KEY_SVG = 0x300, KEY_WIDTH, KEY_OVERWRITE };

struct inspect_options {
	bool summary;
	struct limit limit;
	struct hexdump_range hexdump;
	struct picture picture;
};

static const struct argp_option options[] = {
	{ "limit", 'l', "COUNT", 0,
	  "list at most COUNT members and COUNT records (default 10000)", 0 },
	{ "summary", 's', NULL, 0,
	  "read all of the stream, and tell of each payload its digest, how much of it is zero, and its entropy",
	  0 },
	{ "map", 'm', NULL, 0,
	  "draw the stream in the terminal, in place of the document: where it is zero, how dense it is elsewhere, where records begin",
	  0 },
	{ "hexdump", 'x', "RECORD[:OFFSET[:LENGTH]]", 0,
	  "show the bytes of a record's payload, in place of the document", 0 },
	{ "svg", KEY_SVG, "FILE", 0, "write the map to FILE, as a picture", 0 },
	{ "width", KEY_WIDTH, "COLUMNS", 0,
	  "how wide the map is (default: as the terminal)", 0 },
	{ "overwrite", KEY_OVERWRITE, NULL, 0,
	  "replace an existing file of --svg", 0 },
	{}
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct inspect_options *opts = data;

	switch (key) {
	case 'l':
		return option_limit(arg, &opts->limit, err);
	case 's':
		opts->summary = true;
		return 0;
	case 'm':
		opts->picture.map = true;
		return 0;
	case 'x':
		return hexdump_parse(arg, &opts->hexdump, err);
	case KEY_SVG:
		opts->picture.svg = arg;
		return 0;
	case KEY_WIDTH:
		return option_width(arg, &opts->picture.width, err);
	case KEY_OVERWRITE:
		opts->picture.overwrite = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What is printed in place of the document leaves nothing else on stdout. */
static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	const struct inspect_options *opts = data;
	const struct picture *picture = &opts->picture;
	const char *first = opts->hexdump.wanted ? "--hexdump" : "--map";
	const char *second = NULL;

	if (opts->hexdump.wanted && (picture->map || picture->svg))
		second = picture->map ? "--map" : "--svg";
	else if ((opts->hexdump.wanted || picture->map) && opts->summary)
		second = "--summary";
	else if (picture->map && picture->svg && !strcmp(picture->svg, "-"))
		second = "--svg=-";
	if (!second)
		return 0;
	err_set(err, ERR_USAGE, 0, "%s and %s do not go together", first, second);
	return err_hint(err, "%s prints what it shows in place of the document: call mlxmigctl inspect once for each",
			first);
}

/* The document alone needs no look at the stream. */
static int inspect_headers(struct inspection *inspection, struct reply *reply, struct err *err)
{
	int ret = image_inspect(inspection, err);

	if (inspection->opened)
		reply->document = inspect_document(inspection, NULL);
	return ret;
}

static int tell_scanned(const struct view *view, struct inspection *inspection,
			const struct stream_stats *scan, struct reply *reply, struct err *err)
{
	int ret = image_inspect_view(view, inspection, err);

	reply->document = inspect_document(inspection, scan);
	return ret;
}

static int scan_and_show(const struct request *request, const struct view *view,
			 struct inspection *inspection, struct reply *reply, struct err *err)
{
	const struct inspect_options *opts = request->options;
	const struct picture *picture = &opts->picture;
	struct stream_stats scan = {
		.cell_bytes = picture_cell(picture, view_size(view)),
		.summaries = opts->summary,
		.limit = inspection->limit,
	};
	int ret = stream_stats_run(&scan, view, request->progress, request->progress_data, err);

	if (!ret)
		ret = picture_draw(picture, request, &scan, view_name(view), err);
	if (!ret && !picture->map)
		ret = tell_scanned(view, inspection, &scan, reply, err);
	stream_stats_free(&scan);
	return ret;
}

/* Of a damaged file, what there is; and then that it is damaged. */
static int inspect_stream(const struct request *request, struct inspection *inspection,
			  struct reply *reply, struct err *err)
{
	const struct inspect_options *opts = request->options;
	AUTO_VIEW struct view *view = NULL;
	struct err damage = ERR_INIT;
	int ret;

	if (opts->picture.svg && outfile_refuse_input(opts->picture.svg, inspection->path, err))
		return -1;
	if (view_look(&view, inspection->path, &damage) && !view) {
		*err = damage;
		return -1;
	}
	if (opts->hexdump.wanted)
		ret = hexdump_show(request, view, &opts->hexdump, err);
	else
		ret = scan_and_show(request, view, inspection, reply, err);
	if (err_is_set(&damage)) {
		*err = damage;
		return -1;
	}
	return ret;
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct inspect_options *opts = request->options;
	struct inspection inspection = {
		.path = request->operands[0],
		.limit = limit_or(&opts->limit, LIMIT_DEFAULT),
	};
	bool deep = opts->summary || opts->hexdump.wanted || opts->picture.map || opts->picture.svg;
	int ret;

	reply->stdout_is_data = opts->picture.svg && !strcmp(opts->picture.svg, "-");
	ret = deep ? inspect_stream(request, &inspection, reply, err) :
		     inspect_headers(&inspection, reply, err);
	inspection_free(&inspection);
	return ret;
}

static const char *const record_columns[] = {
	"record", "offset=offset_bytes", "size=bytes", "tag", "name", "flags",
	"optional", "+zero=summary.zero_ratio|percent",
	"+entropy=summary.entropy_bits", "+digest=summary.xxh3_128", NULL
};

static const struct text_part text[] = {
	TEXT_LINE("file", "{file} ({kind}[, {compressed?yes=compressed}])"),
	TEXT_LINE("looks like", TEXT_LOOKS_LIKE),
	TEXT_LINE("complete", "{complete?yes=yes;no=no;-=not known, nothing in it tells}"),
	TEXT_LINE("checked", "[{checked?yes=yes}][{checked?no=}{kind?image=no, mlxmigctl verify does that;stream=no, it has no digests;unknown=no, it has no digests}]"),
	TEXT_LINE("device", "{device.device}[, VF {device.vf_number}][ of {device.pf}]"),
	TEXT_LINE("product", "{device.product}"),
	TEXT_LINE("ids", "{device.vendor_id}:{device.device_id}[, subsystem {device.subsystem_vendor_id}:{device.subsystem_id}][, revision {device.revision}]"),
	TEXT_LINE("mdev_type", "{device.mdev_type}"),
	TEXT_LINE("psid", "{device.psid}"),
	TEXT_LINE("firmware", "{device.fw_version}"),
	TEXT_LINE("driver", "{device.driver}[, Linux {device.kernel}]"),
	TEXT_LINE("saved", "{device.saved}[ by {device.tool.name} {device.tool.version}]"),
	TEXT_LINE("transfer", "from {manifest.from}[, {manifest.fresh?yes=just reset}][, in {manifest.duration_ns|time}]"),
	TEXT_LINE("stopped", "{manifest.stopped.duration_ns|time}" TEXT_STOPPED_PARTS("manifest.stopped")),
	TEXT_LINE("pre-copy", "{manifest.precopy.duration_ns|time}[, until {manifest.precopy.ended_by?dirty=little was left;rounds=the rounds were used up;time=the time was}], {manifest.precopy.dirty_bytes_left|size} dirty then"),
	TEXT_LINE("stream", "{stream.bytes|size}[, {stream.format?records=in records;bare=bare, without records;unknown=too short to tell}][, firmware data {stream.firmware_bytes|size}{kind?image=;stream=}]"),
	TEXT_LINE("digest", "{stream.xxh3_128/manifest.xxh3_128}"),
	TEXT_LINE("summary", "{stream.summary.zero_ratio|percent} zero, an entropy of {stream.summary.entropy_bits} bits a byte"),
	TEXT_LINE("members", "{members,members_not_listed|count}"),
	TEXT_LINE("records", "{records,records_not_listed|count}[, {records_not_listed|some} of them not listed (--limit)]"),
	{ .each = "manifest.phases/phases", .columns = transfer_text_phases },
	{ .each = "manifest.precopy.rounds", .columns = transfer_text_rounds, .some = true },
	{ .each = "records", .columns = record_columns, .some = true },
	{}
};

const struct command command_inspect = {
	.name = "inspect",
	.operand_words = "FILE",
	.summary = "show what an image or a bare stream holds",
	.description =
		"Looks through FILE (- for standard input) and tells the device that the state is "
		"of, the phases and members of the image, and the records of the stream. The state "
		"itself is passed over where that is possible, and then its digests are not "
		"checked: verify does that. Of a damaged image it tells what there is. Of a file "
		"that is neither an image nor a stream of records it reports what it looks like. No "
		"device is needed.",
	.options = options,
	.operands = { OPERAND_FILE },
	.min_operands = 1,
	.max_operands = 1,
	.options_size = sizeof(struct inspect_options),
	.handles_state = true,
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
