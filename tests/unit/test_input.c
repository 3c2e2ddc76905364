/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that somebody changes between its verification and its end. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "image/input.h"
#include "image_kit.h"
#include "lib/cleanup.h"

#define STREAM_BYTES 10000000

static char path[64];

static void write_file(size_t level)
{
	struct bytes stream = noise(STREAM_BYTES, 15);
	struct recipe recipe = { .step = 1u << 20, .zstd_level = (int)level };
	struct bytes image = make_image(&stream, &recipe);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK_INT(write(fd, image.data, image.len), image.len);
	bytes_free(&image);
	bytes_free(&stream);
}

/* One bit in the middle. */
static void change_file(void)
{
	AUTO_CLOSE int fd = open(path, O_RDWR);
	unsigned char byte;

	CHECK_INT(pread(fd, &byte, 1, STREAM_BYTES / 2), 1);
	byte ^= 1;
	CHECK_INT(pwrite(fd, &byte, 1, STREAM_BYTES / 2), 1);
}

static void open_verified(struct input *input)
{
	struct record_parser records = {};
	struct err err = ERR_INIT;

	CHECK_INT(input_open_any(input, path, &err), 0);
	CHECK_INT(input_verify(input, &records, "vf", NULL, NULL, &err), 0);
}

/* To its end; 0, or -1 where the reader or the check at the end refuses it. */
static int read_out(struct input *input, struct err *err)
{
	AUTO_FREE unsigned char *data = malloc(PUMP_BLOCK);
	struct pump_block block = { .data = data };
	uint64_t bytes = 0;
	int ret;

	while ((ret = input_next(&block, input, err)) > 0)
		bytes += block.len;
	if (!ret)
		CHECK_INT(bytes, STREAM_BYTES);
	return ret ? -1 : input_check_unchanged(input, err);
}

/* As if it had been opened after the change: no time or size tells of it. */
static void forget_times(struct input *input)
{
	CHECK_INT(fstat(input->fd, &input->before), 0);
}

static void what_is_not_changed_is_fine(void)
{
	for (size_t level = 0; level <= 1; level++) {
		AUTO_INPUT struct input input = INPUT_INIT;
		struct err err = ERR_INIT;

		write_file(level);
		open_verified(&input);
		CHECK_INT(read_out(&input, &err), 0);
	}
}

static void changed_bytes_are_found_by_their_digest(void)
{
	AUTO_INPUT struct input input = INPUT_INIT;
	struct err err = ERR_INIT;

	write_file(0);
	open_verified(&input);
	change_file();
	forget_times(&input);
	CHECK_INT(read_out(&input, &err), -1);
	CHECK_STR(err_name(err.code), "damaged");
	CHECK(strstr(err.message, "was changed by somebody while it was being loaded"));
}

/* What is written back before the end was loaded all the same. */
static void a_change_that_is_undone_is_found(void)
{
	AUTO_INPUT struct input input = INPUT_INIT;
	struct err err = ERR_INIT;
	AUTO_FREE unsigned char *data = malloc(PUMP_BLOCK);
	struct pump_block block = { .data = data };

	write_file(0);
	open_verified(&input);
	change_file();
	CHECK_INT(input_next(&block, &input, &err), 1);
	CHECK_INT(input_next(&block, &input, &err), 1);
	change_file();
	forget_times(&input);
	while (input_next(&block, &input, &err) > 0)
		;
	CHECK_INT(input_check_unchanged(&input, &err), -1);
}

static void another_file_in_its_place_is_found(void)
{
	AUTO_INPUT struct input input = INPUT_INIT;
	struct bytes stream = noise(STREAM_BYTES, 16);
	struct recipe recipe = { .step = 1u << 20, .zstd_level = 1 };
	struct bytes image = make_image(&stream, &recipe);
	struct err err = ERR_INIT;
	AUTO_CLOSE int fd = -1;

	write_file(1);
	open_verified(&input);
	fd = open(path, O_WRONLY | O_TRUNC);
	CHECK_INT(write(fd, image.data, image.len), image.len);
	forget_times(&input);
	CHECK_INT(read_out(&input, &err), -1);
	CHECK_STR(err_name(err.code), "damaged");
	bytes_free(&image);
	bytes_free(&stream);
}

/* The modification time is the owner's to set. */
static void the_time_of_the_last_change_counts(void)
{
	AUTO_INPUT struct input input = INPUT_INIT;
	struct err err = ERR_INIT;

	write_file(0);
	open_verified(&input);
	usleep(20000); /* the kernel's file times are that coarse */
	CHECK_INT(chmod(path, 0640), 0);
	CHECK_INT(read_out(&input, &err), -1);
}

int main(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/mlxmigctl-input-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return 99;
	close(fd);
	CASE(what_is_not_changed_is_fine);
	CASE(changed_bytes_are_found_by_their_digest);
	CASE(a_change_that_is_undone_is_found);
	CASE(another_file_in_its_place_is_found);
	CASE(the_time_of_the_last_change_counts);
	unlink(path);
	return CHECK_DONE();
}
