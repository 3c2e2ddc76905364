/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lib/bounded.h"
#include "tests/unit/check.h"

#define PIECES 5
#define STUCK 3
#define LONG_MS 20000

static int square(size_t i, const void *arg, void *result)
{
	const int *stuck = arg;

	while (i == (size_t)*stuck)
		pause();
	*(long *)result = (long)(i * i);
	return i == 1 ? -ENOENT : 0;
}

static int end_at_once(size_t i, const void *arg, void *result)
{
	return i ? 0 : kill(getpid(), SIGKILL);
}

static int find_file(size_t i, const void *arg, void *result)
{
	return fcntl(*(const int *)arg, F_GETFD) < 0 ? -errno : 0;
}

static void every_piece_has_its_result(void)
{
	long results[PIECES];
	int nums[PIECES], stuck = -1;

	bounded_each(PIECES, square, &stuck, results, sizeof(*results), nums, LONG_MS);
	for (int i = 0; i < PIECES; i++) {
		CHECK_INT(nums[i], i == 1 ? -ENOENT : 0);
		CHECK_INT(results[i], i * i);
	}
}

static void a_stuck_piece_costs_no_other(void)
{
	long results[PIECES];
	int nums[PIECES], stuck = STUCK;

	bounded_each(PIECES, square, &stuck, results, sizeof(*results), nums, 1000);
	CHECK_INT(nums[STUCK], -ETIMEDOUT);
	CHECK_INT(results[STUCK], 0);
	CHECK_INT(nums[STUCK - 1], 0);
	CHECK_INT(nums[STUCK + 1], 0);
	CHECK_INT(results[STUCK + 1], (STUCK + 1) * (STUCK + 1));
}

static void a_killed_child_costs_one_piece(void)
{
	long results[2];
	int nums[2];

	bounded_each(2, end_at_once, NULL, results, sizeof(*results), nums, LONG_MS);
	CHECK_INT(nums[0], -EPIPE);
	CHECK_INT(nums[1], 0);
}

/* A reader of the tool's output must not wait for a child that is left behind. */
static void a_child_has_no_file_of_ours(void)
{
	int fd = open("/dev/null", O_RDONLY);
	long result;
	int num = 0;

	bounded_each(1, find_file, &fd, &result, sizeof(result), &num, LONG_MS);
	CHECK_INT(num, -EBADF);
	close(fd);
}

static void no_pieces_are_no_work(void)
{
	long result = 1;
	int num = 1;

	bounded_each(0, square, NULL, &result, sizeof(result), &num, LONG_MS);
	CHECK_INT(num, 1);
}

int main(void)
{
	CASE(every_piece_has_its_result);
	CASE(a_stuck_piece_costs_no_other);
	CASE(a_killed_child_costs_one_piece);
	CASE(a_child_has_no_file_of_ours);
	CASE(no_pieces_are_no_work);
	return CHECK_DONE();
}
