/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/members.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "lib/io.h"

static int read_beginning(struct input_file *opened, struct err *err)
{
	struct stat st;
	off_t base;

	base = lseek(opened->fd, 0, SEEK_CUR);
	opened->base = base < 0 ? 0 : (uint64_t)base;
	if (image_reader_try(&opened->reader, opened->fd, opened->name, err))
		return -1;
	opened->is_file = !fstat(opened->fd, &st) && S_ISREG(st.st_mode);
	/* Files whose contents the kernel makes up say that they are empty. */
	opened->in_place = opened->is_file && (uint64_t)st.st_size > opened->base &&
			   !image_reader_is_compressed(opened->reader);
	return 0;
}

static void name_file(struct input_file *opened, const char *path)
{
	*opened = (struct input_file)INPUT_FILE_INIT;
	opened->name = input_name(path);
}

int input_file_open(struct input_file *opened, const char *path, struct err *err)
{
	name_file(opened, path);
	opened->fd = open_input(path, err);
	return opened->fd < 0 ? -1 : read_beginning(opened, err);
}

int input_file_open_checked(struct input_file *opened, const char *path, struct err *err)
{
	name_file(opened, path);
	opened->fd = checked_file_open(path, err);
	if (opened->fd < 0 || checked_file_begin(&opened->checked, opened->fd, opened->name, err))
		return -1;
	return read_beginning(opened, err);
}

void input_file_close(struct input_file *opened)
{
	checked_file_end(&opened->checked);
	image_reader_free(TAKE_PTR(opened->reader));
	cleanup_closep(&opened->fd);
	opened->fd = -1;
}

static int open_reader(struct input *input, struct err *err)
{
	int ret = image_reader_try(&input->reader, input->fd, input->name, err);

	if (ret)
		image_reader_free(TAKE_PTR(input->reader));
	return ret;
}

static int open_fd(struct input *input, int fd, struct err *err)
{
	input->fd = fd;
	if (input->fd < 0)
		return -1;
	if (fstat(input->fd, &input->before))
		return err_from_errno(err, errno, "%s", input->name);
	if (S_ISREG(input->before.st_mode))
		input->start = lseek(input->fd, 0, SEEK_CUR);
	return 0;
}

int input_open_any(struct input *input, const char *path, struct err *err)
{
	bool is_stdin = !strcmp(path, "-");

	*input = (struct input)INPUT_INIT;
	input->name = is_stdin ? "stdin" : path;
	if (is_stdin && isatty(STDIN_FILENO)) {
		err_set(err, ERR_USAGE, 0, "stdin is a terminal, and no state comes from there");
		return err_hint(err, "name a file, or send the state through a pipe");
	}
	return open_fd(input, open_input(path, err), err) || open_reader(input, err) ? -1 : 0;
}

int input_open_checked(struct input *input, const char *path, struct err *err)
{
	*input = (struct input)INPUT_INIT;
	input->name = strcmp(path, "-") ? path : "stdin";
	return open_fd(input, checked_file_open(path, err), err) ||
	       checked_file_begin(&input->checked, input->fd, input->name, err) ||
	       open_reader(input, err) ? -1 : 0;
}

int input_check_with(const struct input *input, const char *command, const char *path,
		     struct err *err)
{
	return checked_file_run(&input->checked, command, path, (uint64_t)input->start, err);
}

int input_open(struct input *input, const char *path, struct err *err)
{
	return input_open_any(input, path, err) ||
	       content_refuse_packed(input_content(input)->look, input->name, err) ? -1 : 0;
}

const struct content_scan *input_content(const struct input *input)
{
	return image_reader_content(input->reader);
}

void input_release(struct input *input)
{
	image_reader_free(TAKE_PTR(input->reader));
	free(TAKE_PTR(input->extents));
	digest_free(TAKE_PTR(input->digest));
	checked_file_end(&input->checked);
	cleanup_closep(&input->fd);
	input->fd = -1;
}

bool input_is_raw(const struct input *input)
{
	return image_reader_kind(input->reader) == IMAGE_STREAM;
}

bool input_is_file(const struct input *input)
{
	return input->start >= 0;
}

uint64_t input_stream_bytes(const struct input *input)
{
	if (!input_is_file(input) || !input_is_raw(input) ||
	    image_reader_is_compressed(input->reader))
		return 0;
	return (uint64_t)(input->before.st_size - input->start);
}

/* A stream of 4 GiB in an image has 1024 extents; a bare one has one. */
static int add_extent(struct input *input, const struct image_member *member)
{
	size_t n = input->n_extents;
	struct extent *list = input->extents;

	if (n && list[n - 1].phase == member->phase &&
	    list[n - 1].at + (int64_t)list[n - 1].len == member->file_offset) {
		list[n - 1].len += member->len;
		return 0;
	}
	if (!(n & (n - 1))) {
		list = reallocarray(list, n ? 2 * n : 1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		input->extents = list;
	}
	list[n] = (struct extent){ member->file_offset, member->len,
				   member->phase };
	input->n_extents++;
	return 0;
}

/* From the start again, and by the reader where the stream is compressed. */
static int rewind_input(struct input *input, struct err *err)
{
	if (!image_reader_is_compressed(input->reader))
		return 0;
	free(TAKE_PTR(input->extents));
	input->n_extents = 0;
	image_reader_free(TAKE_PTR(input->reader));
	if (lseek(input->fd, input->start, SEEK_SET) < 0)
		return err_from_errno(err, errno, "%s", input->name);
	return open_reader(input, err);
}

static void note_end(struct input *input)
{
	size_t len;
	const char *manifest = image_reader_manifest(input->reader, &len);

	image_reader_totals(input->reader, &input->totals);
	input->look = content_look_now(input_content(input));
	input->packed = manifest && manifest_json_is_packed(manifest, len);
}

int input_verify(struct input *input, struct record_parser *records, const char *device,
		 progress_fn progress, void *progress_data, struct err *err)
{
	/* How long the stream in an image is, is told at its end. */
	struct progress sample = {
		.device = device,
		.phase = "verify",
		.total_bytes = input_stream_bytes(input),
	};
	uint64_t started = now_ns();
	struct image_member member;
	int ret;

	input->digest = digest_new_secret();
	if (!input->digest)
		return err_set(err, ERR_NO_MEMORY, 0, "%s", input->name);
	while ((ret = image_reader_next(input->reader, &member, err)) > 0) {
		if (add_extent(input, &member))
			return err_set(err, ERR_NO_MEMORY, 0, "%s", input->name);
		record_feed(records, member.data, member.len, NULL, NULL);
		digest_update(input->digest, member.data, member.len);
		sample.bytes += member.len;
		sample.elapsed_ns = now_ns() - started;
		if (progress)
			progress(&sample, progress_data);
	}
	sample.last = true;
	if (progress)
		progress(&sample, progress_data);
	if (ret < 0)
		return -1;
	note_end(input);
	input->verified = true;
	digest_text(input->digest, input->verified_digest);
	digest_reset(input->digest);
	return rewind_input(input, err);
}

static int changed_error(const struct input *input, struct err *err)
{
	return err_set(err, ERR_DAMAGED, 0, "%s was changed by somebody while it was being loaded",
		       input->name);
}

/* Of a verified file: what is left of its extents, as far as one phase goes. */
static int read_extents(struct input *input, struct pump_block *block, struct err *err)
{
	block->len = 0;
	while (block->len < PUMP_BLOCK && input->next_extent < input->n_extents) {
		struct extent *extent = &input->extents[input->next_extent];
		size_t room = PUMP_BLOCK - block->len;
		size_t len = extent->len < room ? extent->len : room;
		ssize_t n;

		if (block->len && block->phase != extent->phase)
			break;
		n = pread(input->fd, block->data + block->len, len, input->start + extent->at);
		if (n < 0 && errno == EINTR && !interrupt_wanted())
			continue;
		if (n < 0)
			return err_from_errno(err, errno, "reading %s", input->name);
		if (!n)
			return changed_error(input, err);
		block->phase = extent->phase;
		block->len += (size_t)n;
		extent->at += n;
		extent->len -= (uint64_t)n;
		input->next_extent += !extent->len;
	}
	return block->len > 0;
}

/* The end of what the reader gives is one only when everything before was right. */
static int next_member(struct input *input, struct err *err)
{
	int ret = input->ended ? 0 : image_reader_next(input->reader, &input->member, err);

	if (!ret) {
		input->ended = true;
		note_end(input);
	}
	return ret;
}

int input_format(struct input *input, enum stream_format *format, struct err *err)
{
	struct record_parser records = {};

	if (!input->member.len && next_member(input, err) < 0)
		return -1;
	record_feed(&records, input->member.data, input->member.len, NULL, NULL);
	*format = records.format;
	return 0;
}

static int read_members(struct input *input, struct pump_block *block, struct err *err)
{
	struct image_member *member = &input->member;

	if (!member->len) {
		int ret = next_member(input, err);

		if (ret <= 0)
			return ret;
	}
	block->len = member->len < PUMP_BLOCK ? member->len : PUMP_BLOCK;
	block->phase = member->phase;
	memcpy(block->data, member->data, block->len);
	member->data += block->len;
	member->len -= block->len;
	return 1;
}

int input_next(struct pump_block *block, void *data, struct err *err)
{
	struct input *input = data;
	int ret = input->extents ? read_extents(input, block, err) :
				   read_members(input, block, err);

	if (ret > 0 && input->verified)
		digest_update(input->digest, block->data, block->len);
	return ret;
}

int input_check_unchanged(const struct input *input, struct err *err)
{
	char digest[DIGEST_TEXT_SIZE];
	struct stat now;

	if (!input->verified)
		return 0;
	if (fstat(input->fd, &now))
		return err_from_errno(err, errno, "%s", input->name);
	digest_text(input->digest, digest);
	if (stat_is_unchanged(&input->before, &now) && checked_file_is_unchanged(&input->checked) &&
	    !strcmp(digest, input->verified_digest))
		return 0;
	return changed_error(input, err);
}

#define DOCUMENT_MAX (4u << 20) /* of inspect, with 10,000 records; in memory it is many times as much */

#define OBJECT_COST 256 /* bytes that the parser takes for an object, */
#define VALUE_COST 96   /* and for a value of one, with its name */
#define DOCUMENT_COST_MAX (40u << 20)

/* What a text takes as a document, about: "{},{}" is many times as large then. */
static size_t document_cost(const char *text, size_t len)
{
	bool in_string = false;
	size_t cost = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string)
			i += text[i] == '\\';
		else if (text[i] == '{' || text[i] == '[')
			cost += OBJECT_COST;
		else if (text[i] == ',')
			cost += VALUE_COST;
	}
	return cost;
}

static int check_cost(const struct input *input, const char *text, size_t len, struct err *err)
{
	if (document_cost(text, len) <= DOCUMENT_COST_MAX)
		return 0;
	err_set(err, ERR_USAGE, 0, "%s: more values than a document has", input->name);
	return -1;
}

/* To the reader a document is a stream like any other. */
char *input_read_all(struct input *input, size_t *len, struct err *err)
{
	struct image_member member;
	AUTO_FREE char *text = NULL;
	char *more;
	int ret;

	*len = 0;
	while ((ret = image_reader_next(input->reader, &member, err)) > 0) {
		if (member.len > DOCUMENT_MAX - *len) {
			err_set(err, ERR_USAGE, 0, "%s: more than %u MiB is no document",
				input->name, DOCUMENT_MAX >> 20);
			return NULL;
		}
		more = realloc(text, *len + member.len);
		if (!more) {
			err_set(err, ERR_NO_MEMORY, 0, "%s", input->name);
			return NULL;
		}
		text = more;
		memcpy(text + *len, member.data, member.len);
		*len += member.len;
	}
	return ret || (text && check_cost(input, text, *len, err)) ? NULL : TAKE_PTR(text);
}
