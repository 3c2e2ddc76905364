/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are damaged, lie, or change while they are looked at. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "image_kit.h"
#include "lib/io.h"
#include "image/view.h"

#define TAR_BLOCK 512

static void every_truncation_is_refused(void)
{
	struct bytes image = good_image();

	for (size_t len = 0; len < image.len; len += cut_step()) {
		AUTO_VIEW struct view *view = NULL;
		struct err err = ERR_INIT;

		CHECK_INT(view_bytes(&view, image.data, len, &err), -1);
		CHECK(!view);
		CHECK_INT(err.code, ERR_DAMAGED);
		if (!strstr(err.message, len ? "truncated" : "empty")) {
			check_failures++;
			printf("# cut to %zu bytes: %s\n", len, err.message);
		}
	}
	bytes_free(&image);
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

/* A flip in the stream does not show; in all else it is refused or changes nothing. */
static void a_flip_shows_or_is_in_the_stream(void)
{
	struct bytes image = good_image();
	AUTO_VIEW struct view *good = NULL;
	struct err err = ERR_INIT;
	size_t len, n, refused = 0;
	const struct view_extent *extents;

	CHECK_INT(view_bytes(&good, image.data, image.len, &err), 0);
	extents = view_extents(good, &n);
	for (size_t bit = 0; bit < image.len * 8; bit += bit_step()) {
		AUTO_VIEW struct view *view = NULL;

		err = (struct err)ERR_INIT;
		turn_bit(&image, bit);
		if (view_bytes(&view, image.data, image.len, &err)) {
			refused++;
			CHECK(err.code == ERR_DAMAGED || err.code == ERR_INCOMPATIBLE);
		} else {
			size_t n_now;
			const struct view_extent *now = view_extents(view, &n_now);

			CHECK(same_text(view_device(view, &len), view_device(good, &len)));
			CHECK(same_text(view_manifest(view, &len), view_manifest(good, &len)));
			CHECK(n_now == n && now[0].at == extents[0].at &&
			      now[0].len == extents[0].len &&
			      now[n - 1].at == extents[n - 1].at &&
			      now[n - 1].len == extents[n - 1].len);
		}
		turn_bit(&image, bit);
	}
	CHECK(refused > image.len * 4 / bit_step());
	bytes_free(&image);
}

static void a_file_that_shrinks_is_damaged(void)
{
	struct bytes stream = noise(9000, 8);
	int fd = memfd_create("stream", MFD_CLOEXEC);
	AUTO_VIEW struct view *view = NULL;
	struct err err = ERR_INIT;
	unsigned char data[200];

	CHECK(!write_all(fd, stream.data, stream.len));
	CHECK_INT(view_fd(&view, fd, &err), 0);
	CHECK_INT(ftruncate(fd, 5000), 0);
	CHECK_INT(view_read(view, data, 200, 4900, &err), -1);
	CHECK_INT(err.code, ERR_DAMAGED);
	CHECK(strstr(err.message, "became shorter"));
	err = (struct err)ERR_INIT;
	CHECK_INT(view_read(view, data, 1, 9000, &err), -1);
	CHECK_INT(err.code, ERR_INTERNAL);
	close(fd);
	bytes_free(&stream);
}

/* The header of the second member; its pax header and that one's text stand before it. */
static unsigned char *second_header(const struct bytes *image)
{
	unsigned char *header = memmem(image->data, image->len, "state/00000001-stop_copy\0", 25);

	CHECK(header != NULL);
	return header;
}

/* @size is 11 octal digits. */
static void set_size(unsigned char *header, const char *size)
{
	unsigned int sum = 0;

	memcpy(header + 124, size, 12);
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
}

static void refused(const struct bytes *image, const char *words)
{
	AUTO_VIEW struct view *view = NULL;
	struct err err = ERR_INIT;

	CHECK_INT(view_bytes(&view, image->data, image->len, &err), -1);
	CHECK_INT(err.code, ERR_DAMAGED);
	if (!strstr(err.message, words)) {
		check_failures++;
		printf("# expected \"%s\": %s\n", words, err.message);
	}
}

/* A header of good form, but the file ends long before the data that it claims. */
static void claims_that_the_file_does_not_hold_are_refused(void)
{
	struct bytes image = good_image();

	set_size(second_header(&image), "00010000000"); /* 2 MiB */
	refused(&image, "truncated");
	bytes_free(&image);
}

/*
 * A sparse file without holes, which libarchive shows as if it were none: but
 * its map stands where the data should begin, and so they are fewer.
 */
static void a_map_of_holes_does_not_pass_for_data(void)
{
	struct bytes image = good_image();
	unsigned char *header = second_header(&image);
	char *pax = (char *)header - TAR_BLOCK, size[24];

	strcat(pax, "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
		    "27 GNU.sparse.realsize=600\n");
	snprintf(size, sizeof(size), "%011zo", strlen(pax));
	set_size(header - 2 * TAR_BLOCK, size);
	memset(header + TAR_BLOCK, 0, TAR_BLOCK);
	memcpy(header + TAR_BLOCK, "1\n0\n600\n", 8);
	refused(&image, "does not hold the 600 bytes that it claims");
	CHECK(is_refused("a map", image.data, image.len, "state/00000001-stop_copy"));
	bytes_free(&image);
}

static void without_a_place_for_the_copy_there_is_a_hint(void)
{
	struct bytes stream = noise(9000, 9);
	struct bytes image = make_image(&stream,
					&(struct recipe){ .zstd_level = 1 });
	AUTO_VIEW struct view *view = NULL;
	struct err err = ERR_INIT;

	setenv("TMPDIR", "/nowhere", 1);
	CHECK_INT(view_bytes(&view, image.data, image.len, &err), -1);
	CHECK(strstr(err.message, "a temporary file in /nowhere"));
	CHECK(strstr(err.hint, "TMPDIR"));
	unsetenv("TMPDIR");
	bytes_free(&image);
	bytes_free(&stream);
}

int main(void)
{
	CASE(every_truncation_is_refused);
	CASE(a_flip_shows_or_is_in_the_stream);
	CASE(a_file_that_shrinks_is_damaged);
	CASE(claims_that_the_file_does_not_hold_are_refused);
	CASE(a_map_of_holes_does_not_pass_for_data);
	CASE(without_a_place_for_the_copy_there_is_a_hint);
	return CHECK_DONE();
}
