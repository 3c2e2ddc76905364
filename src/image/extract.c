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

static int require_payload(const struct extract *extract, const char *name, uint64_t there,
			   struct err *err)
{
	if (there == extract->bytes)
		return 0;
	err_set(err, ERR_DAMAGED, 0,
		"%s: record %" PRIu64 " at byte %" PRIu64 " says it has %" PRIu64
		" bytes, and only %" PRIu64 " follow", name,
		extract->number, extract->record.offset, extract->bytes, there);
	return err_hint(err, "extract --stream takes out all that is there");
}

/* The payload, which must be all there. */
static int find_record(struct extract *extract, const struct view *view, struct err *err)
{
	struct payload_location place;

	if (view_find_payload(view, extract->number, "--record", &place, err))
		return -1;
	extract->has_record = place.has_record;
	extract->record = place.record;
	extract->offset = place.begin;
	extract->bytes = place.size;
	return require_payload(extract, view_name(view), payload_available(&place, view), err);
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

/* What cannot be read at any place: the part that is wanted leaves on the way through, and no copy is made. */

/**
 * struct passing - a stream that is read once
 * @begin, @end: of what is wanted, where that is known; else nothing
 * @found: that is known
 * @first: the first bytes, before it is known that they have no records
 */
struct passing {
	struct extract *extract;
	struct writing writing;
	struct record_parser parser;
	struct digest *digest;
	uint64_t records;
	uint64_t begin, end;
	bool found;
	unsigned char first[RECORD_HEADER_SIZE];
};

static void passing_free(struct passing *passing)
{
	digest_free(passing->digest);
}

static int note_wanted(const struct record *record, void *data)
{
	struct passing *passing = data;
	struct extract *extract = passing->extract;

	if (extract->part != EXTRACT_RECORD || passing->records++ != extract->number)
		return 0;
	passing->found = extract->has_record = true;
	passing->begin = record->offset + RECORD_HEADER_SIZE;
	passing->end = record->size > UINT64_MAX - passing->begin ? UINT64_MAX :
								    passing->begin + record->size;
	extract->record = *record;
	extract->offset = passing->begin;
	extract->bytes = passing->writing.sample.total_bytes = record->size;
	return 0;
}

static int pass_on(struct passing *passing, const void *bytes, size_t len, struct err *err)
{
	digest_update(passing->digest, bytes, len);
	return write_bytes(bytes, len, &passing->writing, err);
}

/* Record 0 of a stream without records is all of it, which shows after some bytes. */
static int check_bare(struct passing *passing, uint64_t before, struct err *err)
{
	if (passing->found || passing->extract->number ||
	    passing->parser.format != STREAM_BARE)
		return 0;
	passing->found = true;
	passing->end = UINT64_MAX;
	return before ? pass_on(passing, passing->first, (size_t)before, err) : 0;
}

static int pass_member(struct passing *passing, const struct image_member *member, struct err *err)
{
	uint64_t at = passing->parser.offset, end = at + member->len;
	uint64_t from, to;

	for (uint64_t i = at; i < end && i < RECORD_HEADER_SIZE; i++)
		passing->first[i] = member->data[i - at];
	record_feed(&passing->parser, member->data, member->len, note_wanted, passing);
	if (check_bare(passing, at, err) || interrupt_check(err))
		return -1;
	from = passing->begin > at ? passing->begin : at;
	to = passing->end < end ? passing->end : end;
	return from < to ? pass_on(passing, member->data + (from - at), (size_t)(to - from), err)
			 : 0;
}

/* All was read, and was right: is it what was wanted? */
static int check_passed(struct passing *passing, const char *name, struct err *err)
{
	struct extract *extract = passing->extract;
	uint64_t all = passing->parser.offset;

	if (!passing->found)
		return payload_none(name, extract->number, passing->records, "--record",
				    passing->parser.format == STREAM_BARE, err);
	if (!extract->has_record)
		extract->bytes = all;
	digest_text(passing->digest, extract->digest);
	passing->writing.sample.last = true;
	show_progress(&passing->writing);
	return require_payload(extract, name,
			       passing->end < all ? extract->bytes : all - extract->offset, err);
}

/* What is recognised as a file of another kind holds no stream. */
static int refuse_other_file(struct extract *extract, const struct content_scan *content,
			     const char *name, struct err *err)
{
	enum content_look look = content_look_now(content);

	extract->is_unknown = !extract->is_image && content_is_unknown(content);
	return extract->is_unknown && look != LOOK_NOTHING && !content_is_dialect(look) ?
		       content_unjudged(look, name, NULL, err) : 0;
}

static int write_through(struct extract *extract, const struct input_file *opened,
			 const struct extract_plan *options, struct outfile *out, struct err *err)
{
	bool all = extract->part == EXTRACT_STREAM;
	CLEANUP(passing_free) struct passing passing = {
		.extract = extract,
		.writing = {
			.extract = extract, .options = options, .out = out,
			.sample = { .device = opened->name, .phase = "extract" },
			.started_ns = now_ns(),
		},
		.digest = digest_new(), .found = all, .end = all ? UINT64_MAX : 0,
	};
	struct image_member member;
	int ret;

	if (!passing.digest)
		return image_no_memory(err);
	while ((ret = image_reader_next(opened->reader, &member, err)) > 0)
		if (pass_member(&passing, &member, err))
			return -1;
	/* Only at the end it shows that there was nothing but zeros. */
	if (ret || refuse_other_file(extract, image_reader_content(opened->reader), opened->name,
				     err))
		return -1;
	return check_passed(&passing, opened->name, err);
}

static int open_view(struct view **view, struct extract *extract, struct input_file *opened,
		     struct err *err)
{
	if (view_of_input_file(view, opened, err) || view_scan(*view, err))
		return -1;
	return refuse_other_file(extract, view_content(*view), view_name(*view), err);
}

/* @view is made of what can be read at any place. */
static int open_source(struct input_file *opened, struct view **view, struct extract *extract,
		       struct err *err)
{
	const struct content_scan *content;

	if (input_file_open(opened, extract->path, err))
		return -1;
	extract->is_image = image_reader_kind(opened->reader) == IMAGE_TAR;
	extract->compressed = image_reader_is_compressed(opened->reader);
	content = image_reader_content(opened->reader);
	if (content_refuse_packed(content->look, opened->name, err))
		return -1;
	return opened->in_place ? open_view(view, extract, opened, err) :
				  refuse_other_file(extract, content, opened->name, err);
}

/* Nothing waits for other processes any more, but for the one at the other end of a pipe: that one can be waited for without end. */
static bool may_hold_signals(const struct outfile *out, const struct input_file *opened)
{
	return (out->kind == OUTFILE_UNNAMED || out->kind == OUTFILE_DOTFILE) && opened->is_file;
}

static int write_part(struct extract *extract, const struct input_file *opened,
		      const struct view *view, const struct extract_plan *options,
		      struct outfile *out, struct err *err)
{
	if (extract->part == EXTRACT_DEVICE)
		return write_device(extract, out, err);
	return view ? write_stream(extract, view, options, out, err) :
		      write_through(extract, opened, options, out, err);
}

int extract_run(struct extract *extract, const struct extract_plan *options, struct err *err)
{
	AUTO_INTERRUPT int begun = -1; /* first: signals are let in last */
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	AUTO_INPUT_FILE struct input_file opened = INPUT_FILE_INIT;
	AUTO_VIEW struct view *view = NULL;
	bool device = extract->part == EXTRACT_DEVICE;

	if (outfile_refuse_input(extract->output, extract->path, err) ||
	    outfile_open(&out, extract->output, extract->overwrite, err) ||
	    (!device && open_source(&opened, &view, extract, err)))
		return -1;
	if (!device && may_hold_signals(&out, &opened)) {
		begun = interrupt_begin(err);
		if (begun)
			return -1;
	}
	if (write_part(extract, &opened, view, options, &out, err) || interrupt_check(err) ||
	    outfile_publish(&out, err))
		return -1;
	extract->done = true;
	return 0;
}
