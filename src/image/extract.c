/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/extract.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "image/check_members.h"
#include "image/input.h"
#include "image/parallel.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "lib/io.h"
#include "lib/outfile.h"

/* What is wanted of the blocks that pass: from @begin to before @end. */
struct cut {
	uint64_t begin, end;
	struct member_check members;
	struct digest *digest;
	extract_sink_fn sink;
	void *sink_data;
};

static void cut_free(struct cut *cut)
{
	member_check_free(&cut->members);
	digest_free(cut->digest);
}

/* The part of a block that is wanted; false: none is. */
static bool wanted_part(const struct cut *cut, const struct parallel_block *block,
			const unsigned char **data, size_t *len)
{
	uint64_t begin = block->offset, end = begin + block->len;

	if (begin < cut->begin)
		begin = cut->begin;
	if (end > cut->end)
		end = cut->end;
	if (begin >= end)
		return false;
	*data = block->data + (begin - block->offset);
	*len = (size_t)(end - begin);
	return true;
}

static int take_out(const struct parallel_block *block, void *data, struct err *err)
{
	const struct cut *cut = data;
	const unsigned char *bytes;
	size_t len;

	if (!wanted_part(cut, block, &bytes, &len))
		return 0;
	return cut->sink(bytes, len, cut->sink_data, err);
}

static int take_digest(const struct parallel_block *block, void *data, struct err *err)
{
	const struct cut *cut = data;
	const unsigned char *bytes;
	size_t len;

	if (wanted_part(cut, block, &bytes, &len))
		digest_update(cut->digest, bytes, len);
	return 0;
}

/* A digest is of a whole member: from where the first one begins to where the last one ends. */
static struct parallel_range whole_members(const struct view *view, const struct cut *cut)
{
	struct parallel_range range = { .offset = cut->begin };
	const struct view_extent *extents;
	size_t n;

	extents = view_extents(view, &n);
	for (size_t i = 0; i < n && extents[i].offset < cut->end; i++) {
		uint64_t end = extents[i].offset + extents[i].len;

		if (end <= cut->begin)
			continue;
		if (extents[i].offset < range.offset)
			range.offset = extents[i].offset;
		range.len = end - range.offset;
	}
	return range;
}

static int run_cut(struct cut *cut, const struct view *view, unsigned int n_threads,
		   struct err *err)
{
	bool is_image = view_kind(view) == IMAGE_TAR;
	struct parallel_range range = {
		.offset = cut->begin, .len = cut->end - cut->begin,
	};
	const struct parallel_stage stages[] = {
		{ take_out, cut }, { take_digest, cut },
		{ member_check_take, &cut->members },
	};

	if (!range.len)
		return 0;
	if (is_image)
		range = whole_members(view, cut);
	return parallel_run(view, n_threads, &range, stages, is_image ? 3 : 2, err) ||
	       (is_image && member_check_require(&cut->members, NULL, err)) ? -1 : 0;
}

int image_extract(const struct view *view, uint64_t offset, uint64_t len, unsigned int n_threads,
		  extract_sink_fn sink, void *sink_data, char digest[DIGEST_TEXT_SIZE],
		  struct err *err)
{
	CLEANUP(cut_free) struct cut cut = {
		.begin = offset, .end = offset + len,
		.sink = sink, .sink_data = sink_data,
	};

	cut.digest = digest_new();
	if (!cut.digest)
		return image_no_memory(err);
	if (member_check_init(&cut.members, view, err) || run_cut(&cut, view, n_threads, err))
		return -1;
	digest_text(cut.digest, digest);
	if (view_kind(view) != IMAGE_TAR || len != view_size(view))
		return 0;
	return digest_require_total(view, digest, err);
}

/* On the way into the file. */
struct writing {
	const struct extract *extract;
	const struct extract_plan *options;
	struct outfile *out;
	struct progress sample;
	uint64_t started_ns;
};

static int write_failed(const struct extract *extract, int num, struct err *err)
{
	err_from_errno(err, num, "writing %s",
		       strcmp(extract->output, "-") ? extract->output : "stdout");
	if (num == EPIPE)
		err_hint(err, "who read it has ended: look for the reason there");
	return -1;
}

static void show_progress(struct writing *writing)
{
	const struct extract_plan *options = writing->options;

	writing->sample.elapsed_ns = now_ns() - writing->started_ns;
	if (options->progress)
		options->progress(&writing->sample, options->progress_data);
}

static int write_bytes(const void *bytes, size_t len, void *data, struct err *err)
{
	struct writing *writing = data;
	int ret;

	if (interrupt_check(err))
		return -1;
	ret = write_all(writing->out->fd, bytes, len);
	if (ret)
		return write_failed(writing->extract, -ret, err);
	writing->sample.bytes += len;
	show_progress(writing);
	return 0;
}

/* The payload, which must be all there. */
static int find_record(struct extract *extract, const struct view *view, struct err *err)
{
	struct payload_location place;
	uint64_t there;

	if (view_find_payload(view, extract->number, "--record", &place, err))
		return -1;
	extract->has_record = place.has_record;
	extract->record = place.record;
	extract->offset = place.begin;
	extract->bytes = place.size;
	there = payload_available(&place, view);
	if (there == place.size)
		return 0;
	err_set(err, ERR_DAMAGED, 0,
		"%s: record %" PRIu64 " at byte %" PRIu64 " says it has %" PRIu64
		" bytes, and only %" PRIu64 " follow", view_name(view),
		extract->number, place.record.offset, place.size, there);
	return err_hint(err, "extract --stream takes out all that is there");
}

/* It comes first, and is checked when it is read: nothing of the stream is needed for it. */
static int write_device(struct extract *extract, struct outfile *out, struct err *err)
{
	AUTO_INPUT struct input input = INPUT_INIT;
	const char *json;
	size_t len;
	int ret;

	if (input_open(&input, extract->path, err))
		return -1;
	extract->is_image = !input_is_raw(&input);
	extract->compressed = image_reader_is_compressed(input.reader);
	json = image_reader_device(input.reader, &len);
	if (!json) {
		err_set(err, ERR_USAGE, 0, "%s is a bare stream, which has no device.json",
			input.name);
		return err_hint(err, "only an image tells the device that its state is of");
	}
	extract->bytes = len;
	ret = write_all(out->fd, json, len);
	return ret ? write_failed(extract, -ret, err) : 0;
}

static int write_stream(struct extract *extract, const struct view *view,
			const struct extract_plan *options, struct outfile *out, struct err *err)
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
	show_progress(&writing);
	return ret;
}

/* What is recognised as a file of another kind holds no stream. */
static int refuse_other_file(const struct view *view, struct err *err)
{
	enum content_look look = content_look_now(view_content(view));

	return view_is_unknown(view) && look != LOOK_NOTHING && !content_is_dialect(look) ?
		       content_unjudged(look, view_name(view), NULL, err) : 0;
}

static int open_view(struct view **view, struct extract *extract, struct err *err)
{
	if (view_open(view, extract->path, err))
		return -1;
	extract->is_image = view_kind(*view) == IMAGE_TAR;
	extract->is_unknown = view_is_unknown(*view);
	extract->compressed = view_is_compressed(*view);
	return refuse_other_file(*view, err);
}

/* Nothing waits for anybody any more, but for who reads a pipe that is written: that one can be waited for without end. */
static bool may_hold_signals(const struct outfile *out)
{
	return out->kind == OUTFILE_UNNAMED || out->kind == OUTFILE_DOTFILE;
}

int extract_run(struct extract *extract, const struct extract_plan *options, struct err *err)
{
	AUTO_INTERRUPT int begun = -1; /* first: signals are let in last */
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	AUTO_VIEW struct view *view = NULL;
	bool device = extract->part == EXTRACT_DEVICE;
	int ret;

	if (outfile_refuse_input(extract->output, extract->path, err) ||
	    outfile_open(&out, extract->output, extract->overwrite, err) ||
	    (!device && open_view(&view, extract, err)))
		return -1;
	if (!device && may_hold_signals(&out)) {
		begun = interrupt_begin(err);
		if (begun)
			return -1;
	}
	ret = device ? write_device(extract, &out, err)
		     : write_stream(extract, view, options, &out, err);
	if (ret || interrupt_check(err) || outfile_publish(&out, err))
		return -1;
	extract->done = true;
	return 0;
}
