/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are damaged, lie, or change while they are looked at. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "image_kit.h"
#include "base/io.h"

static void every_truncation_is_refused(void)
{
	struct bytes image = good_image();

	for (size_t len = 0; len < image.len; len++) {
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
	for (size_t bit = 0; bit < image.len * 8; bit++) {
		AUTO_VIEW struct view *view = NULL;

		err = (struct err)ERR_INIT;
		image.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		if (view_bytes(&view, image.data, image.len, &err)) {
			refused++;
			CHECK(err.code == ERR_DAMAGED ||
			      err.code == ERR_INCOMPATIBLE);
		} else {
			size_t n_now;
			const struct view_extent *now =
				view_extents(view, &n_now);

			CHECK(same_text(view_device(view, &len),
					view_device(good, &len)));
			CHECK(same_text(view_manifest(view, &len),
					view_manifest(good, &len)));
			CHECK(n_now == n && now[0].at == extents[0].at &&
			      now[0].len == extents[0].len &&
			      now[n - 1].at == extents[n - 1].at &&
			      now[n - 1].len == extents[n - 1].len);
		}
		image.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	CHECK(refused > image.len * 4);
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

/* A header of good form, but the file ends long before the data that it claims. */
static void claims_that_the_archive_does_not_hold_are_refused(void)
{
	struct bytes image = good_image();
	unsigned char *header = memmem(image.data, image.len,
				       "state/00000001-stop_copy\0", 25);
	AUTO_VIEW struct view *view = NULL;
	struct err err = ERR_INIT;
	unsigned int sum = 0;

	CHECK(header != NULL);
	memcpy(header + 124, "00010000000", 12); /* 2 MiB: beyond the file */
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
	CHECK_INT(view_bytes(&view, image.data, image.len, &err), -1);
	CHECK_INT(err.code, ERR_DAMAGED);
	CHECK(strstr(err.message, "truncated"));
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
	CASE(claims_that_the_archive_does_not_hold_are_refused);
	CASE(without_a_place_for_the_copy_there_is_a_hint);
	return CHECK_DONE();
}
