/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "image/input.h"
#include "image/members.h"
#include "image/writer.h"
#include "lib/cleanup.h"
#include "lib/interrupt.h"
#include "lib/outfile.h"

/* struct packing - the stream's bytes on their way */
struct packing {
	struct pack *pack;
	const struct pack_plan *options;
	struct image_writer *writer;
	struct outfile out;
};

static void packing_release(struct packing *packing)
{
	image_writer_free(packing->writer);
	outfile_discard(&packing->out);
}

static int output_failed(const struct pack *pack, struct err *err)
{
	if (err->code == ERR_INTERRUPTED)
		return -1;
	if (err->num == EPIPE)
		err_hint(err, "who read it has ended: look for the reason there");
	return err_wrap(err, "%s", strcmp(pack->output, "-") ? pack->output : "stdout");
}

/* device.json itself, a document that it is in, or an image. */
static char *read_device(const struct pack *pack, struct image_origin *origin, struct err *err)
{
	AUTO_INPUT struct input input = INPUT_INIT;
	AUTO_FREE char *text = NULL;
	const char *from;
	char *json;
	size_t len;

	if (input_open(&input, pack->device_path, err))
		return NULL;
	from = image_reader_device(input.reader, &len);
	if (!from)
		from = text = input_read_all(&input, &len, err);
	if (!from) {
		if (err->code == ERR_USAGE)
			err_hint(err, "name a device.json, what mlxmigctl inspect printed, or an image: --device=FILE");
		return NULL;
	}
	json = device_json_find(from, len, origin, err);
	if (json && strlen(json) <= IMAGE_DEVICE_MAX)
		return json;
	free(json);
	err_set(err, ERR_USAGE, 0, "a device.json of more than %u KiB", IMAGE_DEVICE_MAX >> 10);
	err_wrap(err, "%s", input.name);
	err_hint(err, "mlxmigctl-image(5) tells what is in device.json");
	return NULL;
}

static int open_stream(struct input *input, const struct pack *pack, struct err *err)
{
	enum content_look look;

	if (input_open(input, pack->path, err))
		return -1;
	look = input_content(input)->look;
	if (input_is_raw(input))
		return look == LOOK_NOTHING || look == LOOK_TEXT ? 0 :
			content_unjudged(look, input->name, NULL, err);
	err_set(err, ERR_USAGE, 0, "%s is an image already", input->name);
	return err_hint(err, "mlxmigctl extract takes the stream out of it");
}

/* The writer cuts it into members, at the end of pre-copy too. */
static int write_block(const struct pump_block *block, void *data, struct err *err)
{
	struct packing *packing = data;
	struct pack *pack = packing->pack;
	uint64_t before = pack->records.offset;
	uint64_t left = before < pack->pre_copy ? pack->pre_copy - before : 0;
	size_t early = left < block->len ? (size_t)left : block->len;

	record_feed(&pack->records, block->data, block->len, NULL, NULL);
	if ((early && image_writer_data(packing->writer, PHASE_PRE_COPY,
					block->data, early, err)) ||
	    (early < block->len &&
	     image_writer_data(packing->writer, PHASE_STOP_COPY,
			       block->data + early, block->len - early, err)))
		return output_failed(pack, err);
	return 0;
}

static int pump_stream(struct packing *packing, struct input *input, struct err *err)
{
	struct pump pump = {
		.source = input_next,
		.source_data = input,
		.sink = write_block,
		.sink_data = packing,
		.progress = packing->options->progress,
		.progress_data = packing->options->progress_data,
		.sample = {
			.device = input->name, .phase = "pack",
			.total_bytes = input_stream_bytes(input),
		},
	};

	return pump_run(&pump, NULL, err);
}

/* An image promises that its stream is whole; of one without records nothing tells. */
static int check_stream(const struct pack *pack, const struct input *input, struct err *err)
{
	const struct record_parser *records = &pack->records;

	if (pack->pre_copy > records->offset) {
		err_set(err, ERR_USAGE, 0, "--precopy=%" PRIu64 ": %s has only %" PRIu64 " bytes",
			pack->pre_copy, input->name, records->offset);
		return err_hint(err, "name a number of bytes up to %" PRIu64, records->offset);
	}
	if (input->look == LOOK_ZEROS || input->look == LOOK_TEXT)
		return content_unjudged(input->look, input->name, NULL, err);
	if (records->format == STREAM_BARE || !record_require_complete(records, err))
		return 0;
	return err_wrap(err, "%s", input->name);
}

static int finish_image(struct packing *packing, struct err *err)
{
	struct pack *pack = packing->pack;
	AUTO_FREE char *json = NULL;
	struct stat st;

	if (image_writer_flush(packing->writer, &pack->totals, err))
		return output_failed(pack, err);
	json = manifest_json_make_packed(&pack->totals, &pack->records);
	if (!json)
		return err_set(err, ERR_NO_MEMORY, 0, "manifest.json");
	if (image_writer_finish(packing->writer, json, strlen(json), err))
		return output_failed(pack, err);
	if (!fstat(packing->out.fd, &st) && S_ISREG(st.st_mode))
		pack->file_bytes = (uint64_t)st.st_size;
	return interrupt_check(err) || outfile_publish(&packing->out, err) ? -1 : 0;
}

int pack_run(struct pack *pack, const struct pack_plan *options, struct err *err)
{
	AUTO_INTERRUPT int begun = -1; /* first: signals are let in last */
	AUTO_INPUT struct input input = INPUT_INIT;
	CLEANUP(packing_release) struct packing packing = {
		.pack = pack, .options = options, .out = OUTFILE_INIT,
	};
	struct image_options image = { .zstd_level = pack->zstd_level };
	struct image_origin origin;
	AUTO_FREE char *device = read_device(pack, &origin, err);

	if (!device || open_stream(&input, pack, err) ||
	    outfile_refuse_input(pack->output, pack->path, err) ||
	    outfile_refuse_input(pack->output, pack->device_path, err) ||
	    outfile_open(&packing.out, pack->output, pack->overwrite, err))
		return -1;
	image.mtime_s = (int64_t)(origin.saved_unix_ns / 1000000000u);
	begun = interrupt_begin(err);
	if (begun)
		return -1;
	if (image_writer_open(&packing.writer, packing.out.fd, &image, device, strlen(device), err))
		return output_failed(pack, err);
	if (pump_stream(&packing, &input, err) ||
	    check_stream(pack, &input, err) || finish_image(&packing, err))
		return -1;
	pack->done = true;
	return 0;
}
