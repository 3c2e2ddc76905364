/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stream in a file at any place: the same bytes, whatever is around it. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "image_kit.h"
#include "lib/io.h"
#include "lib/text.h"
#include "image/format.h"
#include "image/record.h"
#include "image/reader.h"
#include "image/view.h"

#define MIB (1u << 20)
#define N_RECORDS 10000

static void check_read(const struct view *view, const struct bytes *stream,
		       size_t offset, size_t len)
{
	unsigned char *got = malloc(len + 1);
	struct err err = ERR_INIT;

	if (offset > stream->len)
		offset = stream->len;
	if (len > stream->len - offset)
		len = stream->len - offset;
	CHECK_INT(view_read(view, got, len, offset, &err), 0);
	CHECK(!memcmp(got, stream->data + offset, len));
	free(got);
}

static void check_extents(const struct view *view, const struct bytes *stream)
{
	size_t n;
	const struct view_extent *extents = view_extents(view, &n);
	uint64_t offset = 0;

	for (size_t i = 0; i < n; i++) {
		CHECK_INT(extents[i].offset, offset);
		CHECK(extents[i].len);
		offset += extents[i].len;
	}
	CHECK_INT(offset, stream->len);
}

static void check_view(const struct view *view, const struct bytes *stream)
{
	static const size_t places[] = {
		0, 1, 511, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 8 * MIB - 3,
	};

	CHECK_INT(view_size(view), stream->len);
	check_extents(view, stream);
	check_read(view, stream, 0, stream->len);
	check_read(view, stream, stream->len - 1, 1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		check_read(view, stream, places[i], 1);
		check_read(view, stream, places[i], 700);
		check_read(view, stream, places[i], 5 * MIB);
	}
}

static void every_kind_shows_the_same_stream(void)
{
	struct bytes stream = noise(9 * MIB + 5, 1);
	static const struct recipe recipes[] = {
		{ 0 }, { .pre_copy = 4 * MIB + 7 }, { .zstd_level = 1 },
		{ .raw = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(recipes); i++) {
		struct bytes image = make_image(&stream, &recipes[i]);
		AUTO_VIEW struct view *view = NULL;
		struct err err = ERR_INIT;

		CHECK_INT(view_bytes(&view, image.data, image.len, &err), 0);
		CHECK_STR(err.message, "");
		check_view(view, &stream);
		CHECK_INT(view_is_compressed(view), recipes[i].zstd_level);
		CHECK_INT(view_is_checked(view), recipes[i].zstd_level);
		CHECK_INT(view_kind(view), recipes[i].raw ? IMAGE_STREAM : IMAGE_TAR);
		CHECK(view_is_whole(view));
		bytes_free(&image);
	}
	bytes_free(&stream);
}

static bool is_text(const char *text, size_t len, const struct bytes *want)
{
	return text && len == want->len && !memcmp(text, want->data, len) && !text[len];
}

/* What the reader tells of an image, and what the view tells without reading it. */
static void an_image_is_told_as_by_the_reader(void)
{
	struct bytes stream = noise(9 * MIB, 2);
	struct recipe recipe = { .pre_copy = MIB };
	struct bytes image = make_image(&stream, &recipe);
	struct reading reading = read_image(image.data, image.len);
	AUTO_VIEW struct view *view = NULL;
	const struct view_extent *extents;
	struct err err = ERR_INIT;
	const char *text;
	size_t n, len;

	CHECK_INT(view_bytes(&view, image.data, image.len, &err), 0);
	extents = view_extents(view, &n);
	CHECK_INT(n, reading.n_members);
	CHECK_STR(extents[0].digest, reading.first.digest);
	CHECK_INT(extents[0].phase, PHASE_PRE_COPY);
	CHECK_INT(extents[0].at, reading.first.file_offset);
	CHECK_STR(extents[n - 1].digest, reading.last.digest);
	CHECK_INT(extents[n - 1].at, reading.last.file_offset);
	CHECK_STR(view_totals(view)->digest, reading.totals.digest);
	CHECK_INT(view_totals(view)->phases[PHASE_PRE_COPY].bytes, MIB);
	text = view_device(view, &len);
	CHECK(is_text(text, len, &reading.device));
	text = view_manifest(view, &len);
	CHECK(is_text(text, len, &reading.manifest));
	reading_free(&reading);
	bytes_free(&image);
	bytes_free(&stream);
}

static void a_pipe_is_copied_out_and_checked(void)
{
	struct bytes stream = noise(20000, 3);
	struct bytes image = make_image(&stream, &(struct recipe){ 0 });
	struct bytes *inputs[] = { &stream, &image };

	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
		AUTO_VIEW struct view *view = NULL;
		struct err err = ERR_INIT;
		int ends[2];

		CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
		CHECK(!write_all(ends[1], inputs[i]->data, inputs[i]->len));
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		CHECK_INT(view_open(&view, "-", &err), 0);
		CHECK_STR(err.message, "");
		CHECK(view_is_checked(view));
		check_view(view, &stream);
	}
	bytes_free(&image);
	bytes_free(&stream);
}

/* What stands before where the input begins is not of it. */
static void an_input_may_begin_inside_of_a_file(void)
{
	struct bytes stream = noise(9000, 4);
	struct bytes image = make_image(&stream, &(struct recipe){ 0 });
	struct bytes *inputs[] = { &stream, &image };

	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
		int fd = memfd_create("image", MFD_CLOEXEC);
		AUTO_VIEW struct view *view = NULL;
		struct err err = ERR_INIT;

		CHECK(!write_all(fd, image.data, 777) &&
		      !write_all(fd, inputs[i]->data, inputs[i]->len));
		CHECK_INT(lseek(fd, 777, SEEK_SET), 777);
		dup2(fd, STDIN_FILENO);
		close(fd);
		CHECK_INT(view_open(&view, "-", &err), 0);
		CHECK(!view_is_checked(view));
		check_view(view, &stream);
	}
	bytes_free(&image);
	bytes_free(&stream);
}

static void put_header(unsigned char *to, uint64_t size, uint32_t flags, uint32_t tag)
{
	for (size_t i = 0; i < 8; i++)
		to[i] = (unsigned char)(size >> 8 * i);
	for (size_t i = 0; i < 4; i++) {
		to[8 + i] = (unsigned char)(flags >> 8 * i);
		to[12 + i] = (unsigned char)(tag >> 8 * i);
	}
}

/* Records of 1 byte to some thousands, across members. */
static struct bytes many_records(void)
{
	struct bytes stream = noise(9 * MIB, 5);
	size_t at = 0;

	for (size_t i = 0; i < N_RECORDS; i++) {
		size_t size = i % 3 ? 1 + i % 50 : 1 + i % 5000;

		put_header(stream.data + at, size, 0, RECORD_FW_DATA);
		at += RECORD_HEADER_SIZE + size;
	}
	stream.len = at;
	return stream;
}

struct list {
	struct record records[N_RECORDS];
	size_t n;
	size_t stop_at;
};

static int note(const struct record *record, void *data)
{
	struct list *list = data;

	if (list->n < N_RECORDS)
		list->records[list->n] = *record;
	return ++list->n == list->stop_at ? 77 : 0;
}

static void records_are_found_without_their_payloads(void)
{
	struct bytes stream = many_records();
	struct bytes image = make_image(&stream, &(struct recipe){ 0 });
	struct list *want = calloc(1, sizeof(*want));
	struct list *got = calloc(1, sizeof(*got));
	struct record_parser fed = {}, walked = {};
	AUTO_VIEW struct view *view = NULL;
	struct err err = ERR_INIT;

	record_feed(&fed, stream.data, stream.len, note, want);
	CHECK_INT(want->n, N_RECORDS);
	CHECK_INT(view_bytes(&view, image.data, image.len, &err), 0);
	CHECK_INT(view_records(view, &walked, note, got, &err), 0);
	CHECK_INT(got->n, want->n);
	CHECK(!memcmp(got->records, want->records, sizeof(want->records)));
	CHECK(record_complete(&walked));
	CHECK_INT(walked.fw_bytes, fed.fw_bytes);
	CHECK_INT(walked.offset, stream.len);
	walked = (struct record_parser){};
	*got = (struct list){ .stop_at = 7000 };
	CHECK_INT(view_records(view, &walked, note, got, &err), 77);
	CHECK_INT(got->n, 7000);
	free(want);
	free(got);
	bytes_free(&image);
	bytes_free(&stream);
}

static void walk(const struct bytes *stream, struct record_parser *parser)
{
	AUTO_VIEW struct view *view = NULL;
	struct err err = ERR_INIT;

	CHECK_INT(view_bytes(&view, stream->data, stream->len, &err), 0);
	*parser = (struct record_parser){};
	CHECK_INT(view_records(view, parser, NULL, NULL, &err), 0);
	CHECK_INT(parser->offset, stream->len);
}

static void broken_framing_is_told_as_when_it_is_fed(void)
{
	struct bytes stream = noise(90000, 6);
	struct record_parser parser;

	walk(&stream, &parser);
	CHECK_INT(parser.format, STREAM_BARE);
	CHECK_INT(parser.fw_bytes, 90000);
	put_header(stream.data, 50000, 0, RECORD_FW_DATA);
	walk(&stream, &parser);
	CHECK(parser.broken);
	CHECK_INT(parser.last.offset, 50016);
	put_header(stream.data, 90000, 0, RECORD_FW_DATA);
	walk(&stream, &parser);
	CHECK_INT(parser.payload_left, 16);
	put_header(stream.data, 90000 - 16 - 9, 0, RECORD_FW_DATA);
	walk(&stream, &parser);
	CHECK_INT(parser.header_len, 9);
	CHECK(!record_complete(&parser));
	bytes_free(&stream);
}

static void a_look_tells_what_is_there_of_a_damaged_image(void)
{
	struct bytes stream = noise(9 * MIB, 7);
	struct bytes image = make_image(&stream, &(struct recipe){ 0 });
	AUTO_VIEW struct view *view = NULL;
	struct err err = ERR_INIT;
	int fd = memfd_create("image", MFD_CLOEXEC);
	char path[64];
	size_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(!write_all(fd, image.data, 5 * MIB));
	CHECK_INT(view_look(&view, path, &err), -1);
	CHECK_INT(err.code, ERR_DAMAGED);
	CHECK(strstr(err.message, "inside state/00000001-stop_copy"));
	CHECK(strstr(err.hint, "there up to byte 4194304 (1 member)"));
	CHECK(view && !view_is_whole(view));
	CHECK_INT(view_size(view), 4 * MIB);
	CHECK(view_device(view, &len) && !view_manifest(view, &len));
	stream.len = 4 * MIB;
	check_view(view, &stream);
	close(fd);
	bytes_free(&image);
	bytes_free(&stream);
}

int main(void)
{
	CASE(every_kind_shows_the_same_stream);
	CASE(an_image_is_told_as_by_the_reader);
	CASE(a_pipe_is_copied_out_and_checked);
	CASE(an_input_may_begin_inside_of_a_file);
	CASE(records_are_found_without_their_payloads);
	CASE(broken_framing_is_told_as_when_it_is_fed);
	CASE(a_look_tells_what_is_there_of_a_damaged_image);
	return CHECK_DONE();
}
