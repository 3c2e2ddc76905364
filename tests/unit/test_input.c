/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that somebody changes between its verification and its end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
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

static void open_checked(struct input *input)
{
	struct record_parser records = {};
	struct err err = ERR_INIT;

	CHECK_INT(input_open_checked(input, path, &err), 0);
	CHECK_INT(input_verify(input, &records, "vf", NULL, NULL, &err), 0);
	CHECK_INT(input_check_with(input, "cat >/dev/null", path, &err), 0);
}

static void what_a_command_accepted_is_loaded(void)
{
	for (size_t level = 0; level <= 1; level++) {
		AUTO_INPUT struct input input = INPUT_INIT;
		struct err err = ERR_INIT;

		write_file(level);
		open_checked(&input);
		CHECK_INT(read_out(&input, &err), 0);
	}
}

/* Before the check it was another file, and after it again: times, size and digest are the same then. */
static void a_mapping_that_was_there_before_is_refused(void)
{
	AUTO_CLOSE int fd = -1;
	AUTO_INPUT struct input input = INPUT_INIT;
	struct err err = ERR_INIT;
	unsigned char *map;

	write_file(0);
	fd = open(path, O_RDWR);
	map = mmap(NULL, STREAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	close(TAKE_FD(fd));
	CHECK_INT(input_open_checked(&input, path, &err), -1);
	CHECK_STR(err_name(err.code), "busy");
	munmap(map, STREAM_BYTES);
}

static volatile sig_atomic_t n_signals;

static void count_signal(int sig)
{
	n_signals++;
}

/* The one that opens it waits, and is seen before it has changed anything. No signal disturbs what the device is asked meanwhile. */
static void who_opens_it_for_writing_is_seen(void)
{
	AUTO_INPUT struct input input = INPUT_INIT;
	struct err err = ERR_INIT;

	signal(SIGURG, count_signal);
	write_file(0);
	open_checked(&input);
	CHECK_INT(open(path, O_WRONLY | O_NONBLOCK), -1);
	CHECK_INT(errno, EWOULDBLOCK);
	CHECK_INT(n_signals, 0);
	signal(SIGURG, SIG_DFL);
	CHECK_INT(read_out(&input, &err), -1);
	CHECK_STR(err_name(err.code), "damaged");
}

static void the_lease_ends_with_the_input(void)
{
	AUTO_INPUT struct input input = INPUT_INIT;
	AUTO_CLOSE int fd = -1;

	write_file(0);
	open_checked(&input);
	input_release(&input);
	fd = open(path, O_WRONLY | O_NONBLOCK);
	CHECK(fd >= 0);
}

static void another_status_is_a_refusal(void)
{
	AUTO_INPUT struct input input = INPUT_INIT;
	struct err err = ERR_INIT;

	write_file(0);
	CHECK_INT(input_open_checked(&input, path, &err), 0);
	CHECK_INT(input_check_with(&input, "exit 42", path, &err), -1);
	CHECK_STR(err_name(err.code), "not_trusted");
	CHECK_INT(err_exit_status(&err), 9);
	CHECK(strstr(err.message, "exit status 42"));
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
	CASE(what_a_command_accepted_is_loaded);
	CASE(a_mapping_that_was_there_before_is_refused);
	CASE(who_opens_it_for_writing_is_seen);
	CASE(the_lease_ends_with_the_input);
	CASE(another_status_is_a_refusal);
	unlink(path);
	return CHECK_DONE();
}
