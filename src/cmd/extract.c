/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <jansson.h>
#include <string.h>

#include "commands.h"
#include "image/extract.h"
#include "json/document.h"
#include "lib/text.h"

static const char *const parts[] = {
	[EXTRACT_STREAM] = "stream",
	[EXTRACT_RECORD] = "record",
	[EXTRACT_DEVICE] = "device",
};

static json_t *record_of(const struct extract *extract)
{
	const struct record *record = &extract->record;

	if (!extract->has_record)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:s?}",
			 "record", (json_int_t)extract->number,
			 "offset_bytes", (json_int_t)record->offset,
			 "bytes", (json_int_t)record->size,
			 "tag", (json_int_t)record->tag,
			 "flags", (json_int_t)record->flags,
			 "name", record_tag_name(record->tag));
}

/* extract_document - the whole document, of what is done */
static json_t *extract_document(const struct extract *extract)
{
	json_t *document = document_new("extract");
	bool of_stream = extract->part != EXTRACT_DEVICE;
	json_t *more = json_pack(
		"{s:o, s:s, s:b, s:o, s:s, s:o, s:o, s:I, s:o, s:b}",
		"file", document_string(extract->path),
		"kind", extract->is_unknown ? "unknown" : extract->is_image ? "image" : "stream",
		"compressed", extract->compressed,
		"output", document_string(extract->output),
		"part", parts[extract->part],
		"record", record_of(extract),
		"offset_bytes", of_stream ? json_integer((json_int_t)extract->offset) : json_null(),
		"bytes", (json_int_t)extract->bytes,
		"xxh3_128", document_text(extract->digest),
		"checked", extract->is_image);

	json_object_update(document, more);
	json_decref(more);
	return document;
}

enum { KEY_DEVICE = 0x300, KEY_OVERWRITE };

struct extract_options {
	const char *output; /* NULL: stdout */
	bool overwrite;
	bool stream, record, device;
	uint64_t number;
};

static const struct argp_option options[] = {
	{ "stream", 's', NULL, 0, "all of the stream, which is meant without any of these", 0 },
	{ "record", 'r', "NUMBER", 0,
	  "the payload of this record, the first being 0", 0 },
	{ "device", KEY_DEVICE, NULL, 0,
	  "device.json: the device that the state is of", 0 },
	{ "output", 'o', "FILE", 0,
	  "write it into FILE (- for stdout, the default)", 0 },
	{ "overwrite", KEY_OVERWRITE, NULL, 0, "replace an existing file", 0 },
	{}
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct extract_options *opts = data;

	switch (key) {
	case 's':
		opts->stream = true;
		return 0;
	case 'r':
		opts->record = true;
		if (!text_u64(arg, 10, &opts->number))
			return 0;
		err_set(err, ERR_USAGE, 0, "--record=%s is no number", arg);
		return err_hint(err, "mlxmigctl inspect -t FILE lists the records with their numbers");
	case KEY_DEVICE:
		opts->device = true;
		return 0;
	case 'o':
		opts->output = arg;
		return 0;
	case KEY_OVERWRITE:
		opts->overwrite = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	const struct extract_options *opts = data;

	if (opts->stream + opts->record + opts->device < 2)
		return 0;
	err_set(err, ERR_USAGE, 0, "--stream, --record and --device exclude each other");
	return err_hint(err, "each goes into a file of its own: call mlxmigctl extract once for each");
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct extract_options *opts = request->options;
	const struct extract_plan how = {
		.progress = request->progress,
		.progress_data = request->progress_data,
	};
	struct extract extract = {
		.path = request->operands[0],
		.output = opts->output ? opts->output : "-",
		.part = opts->record ? EXTRACT_RECORD
			: opts->device ? EXTRACT_DEVICE : EXTRACT_STREAM,
		.number = opts->number,
		.overwrite = opts->overwrite,
	};
	int ret;

	reply->stdout_is_data = !strcmp(extract.output, "-");
	ret = extract_run(&extract, &how, err);
	if (extract.done)
		reply->document = extract_document(&extract);
	return ret;
}

static const struct text_part text[] = {
	TEXT_LINE("file", "{file} ({kind}[, {compressed?yes=compressed}])"),
	TEXT_LINE("record", "{record.record} at byte {record.offset_bytes}, tag {record.tag}[ ({record.name})], flags {record.flags}"),
	TEXT_LINE("extracted", "{part?stream=the stream;record=the payload;device=device.json}, {bytes|size}[, from byte {offset_bytes} of the stream on]"),
	TEXT_LINE("output", "{output?-=stdout;*}"),
	TEXT_LINE("digest", "{xxh3_128}"),
	TEXT_LINE("checked", "{checked?yes=yes;no=no, it has no digests}"),
	{}
};

const struct command command_extract = {
	.name = "extract",
	.operand_words = "FILE",
	.summary = "take the stream, a record or device.json out of an image",
	.description =
		"Writes the stream in FILE (- for standard input), an image or a bare stream, into "
		"a file of its own, byte for byte, for other programs that read such streams; or "
		"only the payload of one record, or device.json. Of an image the digests of all "
		"that is read are checked on the way. pack is the way back. No device is "
		"needed.\vThe file appears whole and checked or not at all, and is created "
		"readable for its owner alone: it holds the state of a guest.",
	.options = options,
	.operands = { OPERAND_FILE },
	.min_operands = 1,
	.max_operands = 1,
	.options_size = sizeof(struct extract_options),
	.handles_state = true,
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
