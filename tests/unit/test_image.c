/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image's writer and reader, round and against accidents. Archives made by hand are in test_image_edges.c and test_image_hostile.c. */
#include <fcntl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "image_kit.h"
#include "lib/text.h"
#include "lib/err.h"
#include "image/format.h"
#include "image/reader.h"
#include "image/writer.h"

#define MIB (1u << 20)

static bool same(const struct bytes *a, const struct bytes *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

static void round_trip(const struct bytes *stream, const struct recipe *recipe)
{
	struct bytes image = make_image(stream, recipe);
	struct reading reading = read_image(image.data, image.len);

	CHECK_INT(reading.ret, 0);
	CHECK_STR(reading.err.message, "");
	CHECK(same(&reading.stream, stream));
	CHECK_INT(reading.kind, recipe->raw ? IMAGE_STREAM : IMAGE_TAR);
	CHECK_INT(reading.totals.bytes, stream->len);
	CHECK_INT(reading.totals.members, recipe->raw ? 0 : reading.n_members);
	if (!recipe->raw) {
		CHECK_INT(reading.totals.phases[PHASE_PRE_COPY].bytes, recipe->pre_copy);
		CHECK(reading.device.len && reading.manifest.len);
	}
	reading_free(&reading);
	bytes_free(&image);
}

static const size_t sizes[] = {
	17, 511, 512, 513, 10240, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 9000000,
};

static void every_size_comes_back(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct bytes stream = noise(sizes[i], 1);
		const struct recipe recipes[] = {
			{ 0 }, { .pre_copy = sizes[i] },
			{ .pre_copy = sizes[i] / 2, .step = 100003 },
			{ .pre_copy = 1, .step = MIB },
			{ .zstd_level = 1, .pre_copy = sizes[i] / 3 },
			{ .raw = true },
		};

		for (size_t r = 0; r < ARRAY_SIZE(recipes); r++)
			round_trip(&stream, &recipes[r]);
		bytes_free(&stream);
	}
}

static void segmentation_does_not_show(void)
{
	struct bytes stream = noise(5000, 2);
	struct recipe recipe = { .pre_copy = 1234 };
	struct bytes whole = make_image(&stream, &recipe);

	for (recipe.step = 1; recipe.step < 2000; recipe.step += 111) {
		struct bytes image = make_image(&stream, &recipe);

		CHECK(same(&image, &whole));
		bytes_free(&image);
	}
	bytes_free(&whole);
	bytes_free(&stream);
}

static void members_are_cut_at_4_mib_and_at_phases(void)
{
	struct bytes stream = noise(9 * MIB, 3);
	struct recipe recipe = { .pre_copy = 4 * MIB + 7, .step = 70000 };
	struct bytes image = make_image(&stream, &recipe);
	struct reading reading = read_image(image.data, image.len);

	CHECK_INT(reading.n_members, 4);
	CHECK_STR(reading.first.name, "state/00000000-pre_copy");
	CHECK_INT(reading.first.len, 4 * MIB);
	CHECK_STR(reading.last.name, "state/00000003-stop_copy");
	CHECK_INT(reading.last.offset, 8 * MIB + 7);
	CHECK_INT(reading.last.len, MIB - 7);
	CHECK_INT(reading.totals.phases[PHASE_PRE_COPY].members, 2);
	CHECK_INT(reading.totals.phases[PHASE_STOP_COPY].members, 2);
	reading_free(&reading);
	bytes_free(&image);
	bytes_free(&stream);
}

static void a_stream_of_nothing_has_no_members(void)
{
	struct bytes stream = noise(0, 1);
	struct recipe recipe = { 0 };

	round_trip(&stream, &recipe);
	bytes_free(&stream);
}

/* A small image with two phases; the cuts below go through all of it. */
static struct bytes small_image(int zstd_level, struct reading *reading)
{
	struct bytes stream = noise(700, 4);
	struct recipe recipe = { .pre_copy = 300, .zstd_level = zstd_level };
	struct bytes image = make_image(&stream, &recipe);

	*reading = read_image(image.data, image.len);
	CHECK_INT(reading->ret, 0);
	bytes_free(&stream);
	return image;
}

static void check_truncations(int zstd_level)
{
	struct reading good;
	struct bytes image = small_image(zstd_level, &good);

	for (size_t len = 0; len < image.len; len += cut_step()) {
		struct reading cut = read_image(image.data, len);

		CHECK_INT(cut.ret, -1);
		CHECK_INT(cut.err.code, ERR_DAMAGED);
		if (!strstr(cut.err.message, len ? "truncated" : "empty")) {
			check_failures++;
			printf("# cut to %zu bytes: %s\n", len, cut.err.message);
		}
		reading_free(&cut);
	}
	reading_free(&good);
	bytes_free(&image);
}

static void every_truncation_is_refused(void)
{
	check_truncations(0);
	check_truncations(3);
}

static void an_unfinished_image_is_truncated(void)
{
	struct bytes stream = noise(5 * MIB, 5);
	struct recipe recipe = { .unfinished = true };
	struct bytes image = make_image(&stream, &recipe);
	struct reading reading = read_image(image.data, image.len);

	CHECK_INT(reading.ret, -1);
	CHECK_INT(reading.err.code, ERR_DAMAGED);
	CHECK(strstr(reading.err.message, "truncated"));
	reading_free(&reading);
	bytes_free(&image);
	bytes_free(&stream);
}

static void a_bare_stream_is_read_as_it_is(void)
{
	struct bytes stream = noise(3 * MIB + 5, 6);
	struct reading reading = read_image(stream.data, stream.len);
	struct digest *digest = digest_new();
	char text[DIGEST_TEXT_SIZE];

	CHECK_INT(reading.ret, 0);
	CHECK_INT(reading.kind, IMAGE_STREAM);
	CHECK(same(&reading.stream, &stream));
	digest_update(digest, stream.data, stream.len);
	digest_text(digest, text);
	CHECK_STR(reading.totals.digest, text);
	digest_free(digest);
	reading_free(&reading);
	bytes_free(&stream);
}

static void digests_are_those_of_xxhsum(void)
{
	struct digest *digest = digest_new();
	char text[DIGEST_TEXT_SIZE];

	/* printf '' | xxhsum -H2; printf abc | xxhsum -H2 */
	digest_text(digest, text);
	CHECK_STR(text, "99aa06d3014798d86001c324468d497f");
	digest_update(digest, "a", 1);
	digest_update(digest, "bc", 2);
	digest_text(digest, text);
	CHECK_STR(text, "06b05ab6733a618578af5f94892f3950");
	digest_free(digest);
}

static int write_to(int fd, struct err *err)
{
	struct image_options options = { 0 };
	struct bytes stream = noise(6 * MIB, 7);
	struct image_writer *writer = NULL;
	struct image_totals totals;
	char *json = good_device();
	int ret;

	ret = image_writer_open(&writer, fd, &options, json, strlen(json), err) ||
	      image_writer_data(writer, PHASE_STOP_COPY, stream.data, stream.len, err) ||
	      image_writer_flush(writer, &totals, err);
	image_writer_free(writer);
	free(json);
	bytes_free(&stream);
	return ret;
}

static void failures_of_write_keep_their_errno(void)
{
	struct err full = ERR_INIT, pipe_err = ERR_INIT;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int ends[2];

	CHECK(write_to(fd, &full));
	CHECK_INT(full.code, ERR_NO_SPACE);
	CHECK_INT(full.num, ENOSPC);
	close(fd);
	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	CHECK(write_to(ends[1], &pipe_err));
	CHECK_INT(pipe_err.num, EPIPE);
	close(ends[1]);
}

static void failures_of_read_are_no_damage(void)
{
	int fd = open("/", O_RDONLY | O_CLOEXEC);
	struct image_reader *reader;
	struct err err = ERR_INIT;

	CHECK_INT(image_reader_open(&reader, fd, "it", &err), -1);
	CHECK(!reader);
	CHECK_INT(err.num, EISDIR);
	CHECK(err.code != ERR_DAMAGED);
	close(fd);
}

static void phases_do_not_go_back(void)
{
	struct image_options options = { .raw = true };
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct image_writer *writer;
	struct err err = ERR_INIT;

	CHECK_INT(image_writer_open(&writer, fd, &options, NULL, 0, &err), 0);
	CHECK_INT(image_writer_data(writer, PHASE_STOP_COPY, "x", 1, &err), 0);
	CHECK_INT(image_writer_data(writer, PHASE_PRE_COPY, "x", 1, &err), -1);
	CHECK_INT(err.code, ERR_INTERNAL);
	image_writer_free(writer);
	close(fd);
}

int main(void)
{
	CASE(digests_are_those_of_xxhsum);
	CASE(every_size_comes_back);
	CASE(segmentation_does_not_show);
	CASE(members_are_cut_at_4_mib_and_at_phases);
	CASE(a_stream_of_nothing_has_no_members);
	CASE(every_truncation_is_refused);
	CASE(an_unfinished_image_is_truncated);
	CASE(a_bare_stream_is_read_as_it_is);
	CASE(failures_of_write_keep_their_errno);
	CASE(failures_of_read_are_no_damage);
	CASE(phases_do_not_go_back);
	return CHECK_DONE();
}
