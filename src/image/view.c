/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/format.h"
#include "image/parallel.h"
#include "lib/cleanup.h"
#include "lib/interrupt.h"
#include "lib/io.h"

#define HEADERS_SIZE 4096 /* read at a time where records are small */

struct view {
	const char *name;
	int fd;
	bool copied; /* @fd is a temporary file */
	bool compressed;
	bool whole;
	enum image_kind kind;
	char *device, *manifest;
	size_t device_len, manifest_len;
	struct view_extent *extents;
	size_t n_extents;
	struct image_totals totals;
	char seed[DIGEST_TEXT_SIZE];
	struct damage damage;
	struct content_scan content;
};

static int no_memory(const struct view *view, struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, 0, "memory for what %s holds", view->name);
}

static int add_extent(struct view *view, const struct view_extent *extent)
{
	size_t n = view->n_extents;
	struct view_extent *list = view->extents;

	if (!(n & (n - 1))) {
		list = reallocarray(list, n ? 2 * n : 1, sizeof(*list));
		if (!list)
			return -1;
		view->extents = list;
	}
	list[n] = *extent;
	view->n_extents++;
	return 0;
}

static int keep_text(struct view *view, const char *from, size_t len,
		     char **to, size_t *to_len, struct err *err)
{
	if (!from)
		return 0;
	*to = strndup(from, len);
	if (!*to)
		return no_memory(view, err);
	*to_len = len;
	return 0;
}

/*
 * Member by member. In the temporary file the stream stands without gaps; in
 * the file itself, @base is where the input began.
 */
static int take_members(struct view *view, struct image_reader *reader,
			uint64_t base, struct err *err)
{
	struct image_member member;
	int ret;

	while ((ret = image_reader_next(reader, &member, err)) > 0) {
		struct view_extent extent = {
			.offset = member.offset,
			.len = member.len,
			.at = view->copied ? member.offset : base + (uint64_t)member.file_offset,
			.phase = member.phase,
		};

		memcpy(extent.digest, member.digest, sizeof(extent.digest));
		if (view->copied &&
		    tempfile_write(view->fd, member.data, member.len, view->name, err))
			return -1;
		image_reader_totals(reader, &view->totals);
		if (add_extent(view, &extent))
			return no_memory(view, err);
	}
	image_reader_totals(reader, &view->totals);
	return ret;
}

/* A bare stream is as long as its file. */
static int take_file(struct view *view, uint64_t base, struct err *err)
{
	struct view_extent all = { .at = base, .phase = PHASE_STOP_COPY };
	struct stat st;

	if (fstat(view->fd, &st))
		return err_from_errno(err, errno, "%s", view->name);
	all.len = (uint64_t)st.st_size - base;
	view->totals.bytes = all.len;
	view->totals.phases[PHASE_STOP_COPY].bytes = all.len;
	return add_extent(view, &all) ? no_memory(view, err) : 0;
}

/* A bare stream came in blocks, which say nothing. */
static void join_extents(struct view *view)
{
	if (view->kind != IMAGE_STREAM || !view->n_extents)
		return;
	view->extents[0].len = view->totals.bytes;
	view->n_extents = 1;
}

static int take_copy(struct view *view, struct input_file *opened, struct err *err)
{
	view->copied = true;
	view->fd = tempfile_open(err);
	if (view->fd < 0 || take_members(view, opened->reader, 0, err))
		return -1;
	join_extents(view);
	return 0;
}

static int take_stream(struct view *view, struct input_file *opened, struct err *err)
{
	if (opened->in_place && view->kind == IMAGE_STREAM) {
		view->fd = TAKE_FD(opened->fd);
		return take_file(view, opened->base, err);
	}
	if (opened->in_place && image_reader_skim(opened->reader)) {
		int ret = take_members(view, opened->reader, opened->base, err);

		view->fd = TAKE_FD(opened->fd);
		return ret;
	}
	return take_copy(view, opened, err);
}

static int find_extents(struct view *view, struct input_file *opened, struct err *err)
{
	struct image_reader *reader = opened->reader;
	const char *text;
	size_t len;
	int ret;

	view->kind = image_reader_kind(reader);
	view->compressed = image_reader_is_compressed(reader);
	text = image_reader_device(reader, &len);
	if (text)
		memcpy(view->seed, image_reader_seed(reader), sizeof(view->seed));
	if (keep_text(view, text, len, &view->device, &view->device_len, err))
		return -1;
	ret = take_stream(view, opened, err);
	view->content = *image_reader_content(reader);
	if (ret) {
		view->damage = *image_reader_damage(reader);
		return -1;
	}
	text = image_reader_manifest(reader, &len);
	if (keep_text(view, text, len, &view->manifest, &view->manifest_len, err))
		return -1;
	view->whole = true;
	return 0;
}

int view_of_input_file(struct view **view, struct input_file *opened, struct err *err)
{
	*view = calloc(1, sizeof(**view));
	if (!*view)
		return image_no_memory(err);
	(*view)->fd = -1;
	(*view)->name = opened->name;
	return find_extents(*view, opened, err);
}

static int scan_block(const struct parallel_block *block, void *data, struct err *err)
{
	content_scan_take(data, block->data, block->len);
	return 0;
}

int view_scan(struct view *view, struct err *err)
{
	const struct parallel_stage stage = { scan_block, &view->content };

	/* What was copied was scanned on its way. */
	if (view->kind != IMAGE_STREAM || view->copied ||
	    view->content.format == STREAM_RECORDS)
		return 0;
	if (parallel_run(view, 1, NULL, &stage, 1, err))
		return -1;
	if (!content_require_no_image(&view->content, view->name, err))
		return 0;
	view->whole = false;
	return -1;
}

const struct content_scan *view_content(const struct view *view)
{
	return &view->content;
}

int view_look(struct view **view, const char *path, struct err *err)
{
	AUTO_INPUT_FILE struct input_file opened = INPUT_FILE_INIT;

	*view = NULL;
	return input_file_open(&opened, path, err) || view_of_input_file(view, &opened, err) ||
	       view_scan(*view, err) ? -1 : 0;
}

int view_open(struct view **view, const char *path, struct err *err)
{
	if (!view_look(view, path, err) &&
	    !content_refuse_packed((*view)->content.look, (*view)->name, err))
		return 0;
	view_free(TAKE_PTR(*view));
	return -1;
}

void view_free(struct view *view)
{
	if (!view)
		return;
	cleanup_closep(&view->fd);
	free(view->device);
	free(view->manifest);
	free(view->extents);
	free(view);
}

const char *view_name(const struct view *view)
{
	return view->name;
}

enum image_kind view_kind(const struct view *view)
{
	return view->kind;
}

bool view_is_unknown(const struct view *view)
{
	return view->kind == IMAGE_STREAM && content_is_unknown(&view->content);
}

bool view_is_compressed(const struct view *view)
{
	return view->compressed;
}

bool view_is_checked(const struct view *view)
{
	return view->copied && view->whole;
}

bool view_is_whole(const struct view *view)
{
	return view->whole;
}

const char *view_seed(const struct view *view)
{
	return view->seed;
}

const struct damage *view_damage(const struct view *view)
{
	return &view->damage;
}

uint64_t view_size(const struct view *view)
{
	return view->totals.bytes;
}

const struct image_totals *view_totals(const struct view *view)
{
	return &view->totals;
}

const char *view_device(const struct view *view, size_t *len)
{
	*len = view->device_len;
	return view->device;
}

const char *view_manifest(const struct view *view, size_t *len)
{
	*len = view->manifest_len;
	return view->manifest;
}

const struct view_extent *view_extents(const struct view *view, size_t *n)
{
	*n = view->n_extents;
	return view->extents;
}

/* The extent that @offset is in; there is one. */
static const struct view_extent *find_extent(const struct view *view, uint64_t offset)
{
	size_t first = 0, n = view->n_extents;

	while (n > 1) {
		size_t half = n / 2;

		if (view->extents[first + half].offset <= offset) {
			first += half;
			n -= half;
		} else {
			n = half;
		}
	}
	return &view->extents[first];
}

static int read_at(const struct view *view, unsigned char *to, size_t len,
		   uint64_t at, struct err *err)
{
	while (len) {
		ssize_t n = pread(view->fd, to, len, (off_t)at);

		if (n < 0 && errno == EINTR && !interrupt_wanted())
			continue;
		if (n < 0)
			return err_from_errno(err, errno, "reading %s", view->name);
		if (!n)
			return err_set(err, ERR_DAMAGED, 0,
				       "%s became shorter while it was read: it ends at byte %" PRIu64,
				       view->name, at);
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int view_read(const struct view *view, void *to, size_t len, uint64_t offset, struct err *err)
{
	uint64_t size = view->totals.bytes;
	unsigned char *p = to;

	if (offset > size || len > size - offset)
		return err_set(err, ERR_INTERNAL, 0,
			       "%s: %zu bytes at %" PRIu64 " of a stream of %" PRIu64,
			       view->name, len, offset, size);
	while (len) {
		const struct view_extent *extent = find_extent(view, offset);
		uint64_t skip = offset - extent->offset;
		uint64_t left = extent->len - skip;
		size_t n = left < len ? (size_t)left : len;

		if (read_at(view, p, n, extent->at + skip, err))
			return -1;
		p += n;
		offset += n;
		len -= n;
	}
	return 0;
}

/* Some bytes from where a header begins, and what follows it: small records are in it, too. */
static int take_headers(const struct view *view, struct record_parser *parser,
			record_fn fn, void *fn_data, struct err *err)
{
	unsigned char data[HEADERS_SIZE];
	uint64_t left = view->totals.bytes - parser->offset;
	size_t len = left < sizeof(data) ? (size_t)left : sizeof(data);

	if (view_read(view, data, len, parser->offset, err))
		return -1;
	return record_feed(parser, data, len, fn, fn_data);
}

int view_records(const struct view *view, struct record_parser *parser,
		 record_fn fn, void *fn_data, struct err *err)
{
	int ret = 0;

	while (!ret && parser->offset < view->totals.bytes)
		if (!record_pass(parser, view->totals.bytes - parser->offset))
			ret = take_headers(view, parser, fn, fn_data, err);
	return ret;
}

struct record_search {
	uint64_t wanted;
	uint64_t passed; /* records before it */
	struct record found;
};

static int match_record(const struct record *record, void *data)
{
	struct record_search *search = data;

	if (search->passed++ < search->wanted)
		return 0;
	search->found = *record;
	return 1;
}

int payload_none(const char *name, uint64_t wanted, uint64_t records, const char *option,
		 bool bare, struct err *err)
{
	char buf[OPERAND_SIZE];

	if (bare) {
		err_set(err, ERR_USAGE, 0,
			"the stream in %s is without records: there is no record %" PRIu64,
			name, wanted);
		return err_hint(err, "0 stands for all of it: %s=0", option);
	}
	err_set(err, ERR_USAGE, 0, "there is no record %" PRIu64 " in %s, which has %" PRIu64,
		wanted, name, records);
	return err_hint(err, "records are numbered from 0 on: mlxmigctl inspect -t %s lists them",
			image_operand(buf, name));
}

int view_find_payload(const struct view *view, uint64_t number, const char *option,
		      struct payload_location *place, struct err *err)
{
	struct record_parser parser = {};
	struct record_search search = { .wanted = number };
	int ret = view_records(view, &parser, match_record, &search, err);
	bool bare = parser.format == STREAM_BARE;

	if (ret < 0)
		return -1;
	if (!ret && (!bare || number))
		return payload_none(view->name, number, search.passed, option, bare, err);
	*place = (struct payload_location){ .size = view_size(view) };
	if (ret) {
		place->has_record = true;
		place->record = search.found;
		place->begin = search.found.offset + RECORD_HEADER_SIZE;
		place->size = search.found.size;
	}
	return 0;
}

uint64_t payload_available(const struct payload_location *place, const struct view *view)
{
	uint64_t left = view_size(view) - place->begin;

	return left < place->size ? left : place->size;
}
