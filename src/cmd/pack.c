/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <jansson.h>
#include <string.h>

#include "cmd/transfer.h"
#include "commands.h"
#include "image/members.h"
#include "image/pack.h"
#include "json/document.h"
#include "lib/text.h"

static json_t *stream_of(const struct pack *pack)
{
	json_t *stream = records_json(&pack->records);

	json_object_set_new(stream, "bytes", json_integer((json_int_t)pack->totals.bytes));
	json_object_set_new(stream, "xxh3_128", json_string(pack->totals.digest));
	return stream;
}

/* pack_document - the whole document, of what is done */
static json_t *pack_document(const struct pack *pack)
{
	json_t *document = document_new("pack");
	json_t *more = json_pack(
		"{s:o, s:o, s:o, s:b, s:o, s:o, s:I, s:o}",
		"file", document_string(pack->path),
		"device_file", document_string(pack->device_path),
		"output", document_string(pack->output),
		"compressed", pack->zstd_level > 0,
		"stream", stream_of(pack),
		"phases", phases_json(pack->totals.phases, false),
		"members", (json_int_t)pack->totals.members,
		"file_bytes", document_number(pack->file_bytes ? (long long)pack->file_bytes : -1));

	json_object_update(document, more);
	json_decref(more);
	return document;
}

enum { KEY_OVERWRITE = 0x300, KEY_PRECOPY, KEY_ZSTD };

struct pack_options {
	const char *device;
	const char *output; /* NULL: stdout */
	bool overwrite;
	uint64_t pre_copy;
	int zstd_level;
};

static const struct argp_option options[] = {
	{ "device", 'd', "FILE", 0,
	  "the device that the state is of: a device.json, what inspect printed, or another image", 0 },
	{ "output", 'o', "FILE", 0,
	  "write the image into FILE (- for stdout, the default)", 0 },
	{ "overwrite", KEY_OVERWRITE, NULL, 0, "replace an existing file", 0 },
	{ "precopy", KEY_PRECOPY, "SIZE", 0,
	  "the first SIZE bytes were read in pre-copy (default 0)", 0 },
	{ "zstd", KEY_ZSTD, "LEVEL", OPTION_ARG_OPTIONAL,
	  "compress the image (level 1 to 19, default 3)", 0 },
	{}
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct pack_options *opts = data;

	switch (key) {
	case 'd':
		opts->device = arg;
		return 0;
	case 'o':
		opts->output = arg;
		return 0;
	case KEY_OVERWRITE:
		opts->overwrite = true;
		return 0;
	case KEY_PRECOPY:
		if (!text_size(arg, &opts->pre_copy))
			return 0;
		return err_set(err, ERR_USAGE, 0, "--precopy=%s is no number of bytes", arg);
	case KEY_ZSTD:
		return zstd_parse(arg, &opts->zstd_level, err);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	const struct pack_options *opts = data;

	if (!opts->device) {
		err_set(err, ERR_USAGE, 0, "pack: nothing tells the device that %s is of",
			operands[0]);
		return err_hint(err, "name a device.json, or an image saved from such a device: --device=FILE");
	}
	if (strcmp(operands[0], "-") || strcmp(opts->device, "-"))
		return 0;
	return err_set(err, ERR_USAGE, 0, "the stream and --device cannot both be standard input");
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct pack_options *opts = request->options;
	const struct pack_plan how = {
		.progress = request->progress,
		.progress_data = request->progress_data,
	};
	struct pack pack = {
		.path = request->operands[0],
		.device_path = opts->device,
		.output = opts->output ? opts->output : "-",
		.overwrite = opts->overwrite,
		.pre_copy = opts->pre_copy,
		.zstd_level = opts->zstd_level,
	};
	int ret;

	reply->stdout_is_data = !strcmp(pack.output, "-");
	ret = pack_run(&pack, &how, err);
	if (pack.done)
		reply->document = pack_document(&pack);
	return ret;
}

static const struct text_part text[] = {
	TEXT_LINE("file", "{file?-=standard input;*}"),
	TEXT_LINE("stream", "{stream.bytes|size}[, {stream.format?records=in records;bare=bare, without records}][, {stream.count} of them][, firmware data {stream.firmware_bytes|size}]"),
	TEXT_LINE("digest", "{stream.xxh3_128}"),
	TEXT_LINE("output", "{output?-=stdout;*}[, {file_bytes|size}][, {compressed?yes=compressed}]"),
	TEXT_LINE("members", "{members}"),
	{}
};

const struct command command_pack = {
	.name = "pack",
	.operand_words = "STREAM",
	.summary = "make an image of a bare stream",
	.description =
		"Puts the bare stream in the file STREAM (- for standard input), as QEMU, another "
		"driver or extract gives it, into an image, with digests, and with what --device "
		"tells of the device that the state is of. extract is the way back, and both "
		"change no byte of it. No device is needed.\vThe image appears whole or not at "
		"all, and is created readable for its owner alone: it holds the state of a guest. "
		"A stream of records that is not whole is refused.",
	.options = options,
	.operands = { OPERAND_FILE },
	.min_operands = 1,
	.max_operands = 1,
	.options_size = sizeof(struct pack_options),
	.handles_state = true,
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
