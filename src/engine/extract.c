/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/extract.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/io.h"
#include "base/outfile.h"
#include "base/processors.h"
#include "engine/input.h"
#include "image/extract.h"

/* On the way into the file. */
struct writing {
	const struct extract *extract;
	const struct extract_options *options;
	struct outfile *out;
	struct progress sample;
	uint64_t started_ns;
};

static int write_failed(const struct extract *extract, int num,
			struct err *err)
{
	err_from_errno(err, num, "writing %s",
		       strcmp(extract->output, "-") ? extract->output : "stdout");
	if (num == EPIPE)
		err_hint(err, "who read it has ended: look for the reason there");
	return -1;
}

static void show(struct writing *writing)
{
	const struct extract_options *options = writing->options;

	writing->sample.elapsed_ns = now_ns() - writing->started_ns;
	if (options->progress)
		options->progress(&writing->sample, options->progress_data);
}

static int write_bytes(const void *bytes, size_t len, void *data,
		       struct err *err)
{
	struct writing *writing = data;
	int ret;

	if (interrupt_check(err))
		return -1;
	ret = write_all(writing->out->fd, bytes, len);
	if (ret)
		return write_failed(writing->extract, -ret, err);
	writing->sample.bytes += len;
	show(writing);
	return 0;
}

struct search {
	struct extract *extract;
	uint64_t passed; /* records before it */
};

static int find(const struct record *record, void *data)
{
	struct search *search = data;

	if (search->passed++ < search->extract->number)
		return 0;
	search->extract->record = *record;
	search->extract->has_record = true;
	return 1;
}

static int no_record(const struct view *view, const struct search *search,
		     bool bare, struct err *err)
{
	uint64_t number = search->extract->number;

	if (bare) {
		err_set(err, ERR_USAGE, 0,
			"the stream in %s is without records: there is no record %" PRIu64,
			view_name(view), number);
		return err_hint(err, "0 stands for all of it: --record=0");
	}
	err_set(err, ERR_USAGE, 0,
		"there is no record %" PRIu64 " in %s, which has %" PRIu64,
		number, view_name(view), search->passed);
	return err_hint(err, "records are numbered from 0 on: mlxmigctl inspect -t FILE lists them");
}

/* The payload, which must be all there. */
static int place_record(struct extract *extract, const struct view *view,
			struct err *err)
{
	const struct record *record = &extract->record;
	uint64_t left = view_size(view) - record->offset - RECORD_HEADER_SIZE;

	extract->offset = record->offset + RECORD_HEADER_SIZE;
	extract->bytes = record->size;
	if (record->size <= left)
		return 0;
	err_set(err, ERR_DAMAGED, 0,
		"%s: record %" PRIu64 " at byte %" PRIu64 " says it has %" PRIu64
		" bytes, and only %" PRIu64 " follow", view_name(view),
		extract->number, record->offset, record->size, left);
	return err_hint(err, "extract --stream takes out all that is there");
}

static int find_record(struct extract *extract, const struct view *view,
		       struct err *err)
{
	struct record_parser parser = {};
	struct search search = { .extract = extract };
	int ret = view_records(view, &parser, find, &search, err);
	bool bare = parser.format == STREAM_BARE;

	if (ret < 0)
		return -1;
	if (ret)
		return place_record(extract, view, err);
	if (!bare || extract->number)
		return no_record(view, &search, bare, err);
	extract->bytes = view_size(view);
	return 0;
}

/* It comes first, and is checked when it is read: nothing of the stream is needed for it. */
static int write_device(struct extract *extract,
			const struct extract_options *options,
			struct outfile *out, struct err *err)
{
	AUTO_INPUT struct input input = INPUT_INIT;
	const char *json;
	size_t len;
	int ret;

	if (input_open(&input, extract->path, options->json, err))
		return -1;
	extract->is_image = !input_is_raw(&input);
	extract->compressed = image_reader_is_compressed(input.reader);
	json = image_reader_device(input.reader, &len);
	if (!json) {
		err_set(err, ERR_USAGE, 0,
			"%s is a bare stream, which has no device.json",
			input.name);
		return err_hint(err, "only an image tells the device that its state is of");
	}
	extract->bytes = len;
	ret = write_all(out->fd, json, len);
	return ret ? write_failed(extract, -ret, err) : 0;
}

static int write_stream(struct extract *extract, const struct view *view,
			const struct extract_options *options,
			struct outfile *out, struct err *err)
{
	struct writing writing = {
		.extract = extract, .options = options, .out = out,
		.sample = { .device = view_name(view), .phase = "extract" },
		.started_ns = now_ns(),
	};
	int ret;

	if (extract->part == EXTRACT_STREAM)
		extract->bytes = view_size(view);
	else if (find_record(extract, view, err))
		return -1;
	writing.sample.total_bytes = extract->bytes;
	ret = image_extract(view, extract->offset, extract->bytes, processors(),
			    write_bytes, &writing, extract->digest, err);
	writing.sample.last = true;
	show(&writing);
	return ret;
}

static int open_view(struct view **view, struct extract *extract,
		     const struct extract_options *options, struct err *err)
{
	if (view_open(view, extract->path, options->json, err))
		return -1;
	extract->is_image = view_kind(*view) == IMAGE_TAR;
	extract->compressed = view_is_compressed(*view);
	return 0;
}

/* Nothing waits for anybody any more, but for who reads a pipe that is written: that one can be waited for without end. */
static bool may_hold_signals(const struct outfile *out)
{
	return out->kind == OUTFILE_UNNAMED || out->kind == OUTFILE_DOTFILE;
}

int extract_run(struct extract *extract, const struct extract_options *options,
		struct err *err)
{
	AUTO_INTERRUPT int begun = -1; /* first: signals are let in last */
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	AUTO_VIEW struct view *view = NULL;
	bool device = extract->part == EXTRACT_DEVICE;
	int ret;

	if (outfile_spare(extract->output, extract->path, err) ||
	    outfile_open(&out, extract->output, extract->overwrite, err) ||
	    (!device && open_view(&view, extract, options, err)))
		return -1;
	if (!device && may_hold_signals(&out)) {
		begun = interrupt_begin(err);
		if (begun)
			return -1;
	}
	ret = device ? write_device(extract, options, &out, err)
		     : write_stream(extract, view, options, &out, err);
	if (ret || interrupt_check(err) || outfile_publish(&out, err))
		return -1;
	extract->done = true;
	return 0;
}
