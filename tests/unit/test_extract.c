/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes out of images: any range, by any number of threads, and nothing that is damaged. */
#include <stdlib.h>

#include "check.h"
#include "image_kit.h"
#include "lib/text.h"
#include "image/extract.h"

#define MIB (1u << 20)

struct taken {
	struct bytes bytes;
	size_t room;
	bool refuse;
};

static int take(const void *bytes, size_t len, void *data, struct err *err)
{
	struct taken *taken = data;

	if (taken->refuse && taken->bytes.len)
		return err_set(err, ERR_NO_SPACE, 0, "no more");
	CHECK(len <= taken->room - taken->bytes.len);
	memcpy(taken->bytes.data + taken->bytes.len, bytes, len);
	taken->bytes.len += len;
	return 0;
}

static struct taken taken_new(size_t room)
{
	return (struct taken){ .bytes.data = malloc(room + 1), .room = room };
}

static void check_range(const struct view *view, const struct bytes *stream,
			uint64_t offset, uint64_t len, unsigned int n_threads)
{
	struct taken taken = taken_new(len);
	struct digest *digest = digest_new();
	char wanted[DIGEST_TEXT_SIZE], got[DIGEST_TEXT_SIZE] = "";
	struct err err = ERR_INIT;

	CHECK_INT(image_extract(view, offset, len, n_threads, take, &taken, got, &err), 0);
	CHECK_STR(err.message, "");
	CHECK_INT(taken.bytes.len, len);
	CHECK(!memcmp(taken.bytes.data, stream->data + offset, len));
	digest_update(digest, stream->data + offset, len);
	digest_text(digest, wanted);
	CHECK_STR(got, wanted);
	digest_free(digest);
	bytes_free(&taken.bytes);
}

static void any_range_comes_out_of_any_kind(void)
{
	static const struct recipe recipes[] = {
		{ 0 }, { .pre_copy = 4 * MIB + 7 }, { .zstd_level = 1 },
		{ .raw = true },
	};
	static const struct { uint64_t offset, len; } ranges[] = {
		{ 0, 9 * MIB + 5 }, { 0, 1 }, { 9 * MIB + 4, 1 }, { 0, 0 },
		{ 9 * MIB + 5, 0 }, { 4 * MIB, 4 * MIB }, { 4 * MIB - 1, 2 },
		{ 100, 9 * MIB - 100 }, { 4 * MIB + 7, 300000 },
	};
	struct bytes stream = noise(9 * MIB + 5, 1);

	for (size_t i = 0; i < ARRAY_SIZE(recipes); i++) {
		struct bytes image = make_image(&stream, &recipes[i]);
		AUTO_VIEW struct view *view = NULL;
		struct err err = ERR_INIT;

		CHECK_INT(view_bytes(&view, image.data, image.len, &err), 0);
		for (size_t r = 0; r < ARRAY_SIZE(ranges); r++)
			for (unsigned int n = 1; n < 10; n += 4)
				check_range(view, &stream, ranges[r].offset, ranges[r].len, n);
		bytes_free(&image);
	}
	bytes_free(&stream);
}

static enum err_code extract_code(const struct bytes *image, uint64_t offset,
				  uint64_t len, bool refuse)
{
	struct taken taken = taken_new(len);
	AUTO_VIEW struct view *view = NULL;
	char digest[DIGEST_TEXT_SIZE];
	struct err err = ERR_INIT;

	taken.refuse = refuse;
	CHECK_INT(view_bytes(&view, image->data, image->len, &err), 0);
	CHECK_INT(image_extract(view, offset, len, 2, take, &taken, digest,
				&err), err_is_set(&err) ? -1 : 0);
	bytes_free(&taken.bytes);
	return err.code;
}

/* One bit in the third of four members: what touches it is refused, also when only another part of it is wanted. */
static void a_damaged_member_taints_what_is_in_it_alone(void)
{
	struct bytes stream = noise(13 * MIB, 2);
	struct bytes image = make_image(&stream, &(struct recipe){ 0 });
	struct reading reading = read_image(image.data, image.len);

	/* Headers of 1536 bytes stand between the members. */
	image.data[reading.last.file_offset - 1536 - 99] ^= 1;
	reading_free(&reading);
	CHECK_INT(extract_code(&image, 0, 13 * MIB, false), ERR_DAMAGED);
	CHECK_INT(extract_code(&image, 8 * MIB, 1, false), ERR_DAMAGED);
	CHECK_INT(extract_code(&image, 12 * MIB - 1, 2, false), ERR_DAMAGED);
	CHECK_INT(extract_code(&image, 0, 8 * MIB, false), ERR_NONE);
	CHECK_INT(extract_code(&image, 12 * MIB, MIB, false), ERR_NONE);
	bytes_free(&image);
	bytes_free(&stream);
}

/* Everything else being right, the manifest has the digest of another stream. */
static void a_wrong_promise_of_the_manifest_is_damage(void)
{
	struct builder builder;
	struct bytes image;

	build_image(&builder);
	build_600(&builder, "state/00000000-stop_copy");
	memset(builder.totals.digest, 'a', DIGEST_TEXT_SIZE - 1);
	build_manifest(&builder);
	image = build_end(&builder);
	CHECK_INT(extract_code(&image, 0, 600, false), ERR_DAMAGED);
	CHECK_INT(extract_code(&image, 0, 599, false), ERR_NONE);
	bytes_free(&image);
}

static void a_sink_that_fails_ends_it(void)
{
	struct bytes stream = noise(5 * MIB, 3);
	struct bytes image = make_image(&stream, &(struct recipe){ 0 });

	CHECK_INT(extract_code(&image, 0, 5 * MIB, true), ERR_NO_SPACE);
	bytes_free(&image);
	bytes_free(&stream);
}

static void what_the_stream_has_not_is_not_asked_for(void)
{
	struct bytes stream = noise(1000, 4);

	CHECK_INT(extract_code(&stream, 990, 11, false), ERR_INTERNAL);
	CHECK_INT(extract_code(&stream, 1001, 1, false), ERR_INTERNAL);
	bytes_free(&stream);
}

int main(void)
{
	CASE(any_range_comes_out_of_any_kind);
	CASE(a_damaged_member_taints_what_is_in_it_alone);
	CASE(a_wrong_promise_of_the_manifest_is_damage);
	CASE(a_sink_that_fails_ends_it);
	CASE(what_the_stream_has_not_is_not_asked_for);
	return CHECK_DONE();
}
