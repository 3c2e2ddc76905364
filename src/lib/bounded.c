/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/bounded.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/io.h"

#define NS_PER_MS 1000000ull
#define STUCK_MAX 3 /* children that are left behind */
#define NUM_SIZE sizeof(max_align_t) /* of the number before a result, which is aligned for any type */

/* struct work - what bounded_each() was called with; @size_told: of a number and a result on the pipe */
struct work {
	size_t n;
	bounded_fn fn;
	const void *arg;
	unsigned char *results;
	size_t size, size_told;
	int *nums;
	int limit_ms;
};

/* The child: its result goes into the pipe, which is its only file. */
static void do_pieces(const struct work *work, size_t first, int pipe_fd)
{
	AUTO_FREE unsigned char *told = malloc(work->size_told);

	if (!told || dup3(pipe_fd, 0, 0) < 0 || close_range(1, ~0u, 0))
		return;
	for (size_t i = first; i < work->n; i++) {
		int num;

		memset(told, 0, work->size_told);
		num = work->fn(i, work->arg, told + NUM_SIZE);
		memcpy(told, &num, sizeof(num));
		if (write_all(0, told, work->size_told))
			return;
	}
}

/* Reads @size bytes before @deadline_ns: 0, -ETIMEDOUT, or -EPIPE where the child ended before. */
static int read_told(int fd, unsigned char *told, size_t size, uint64_t deadline_ns)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	size_t have = 0;

	while (have < size) {
		uint64_t now = now_ns();
		ssize_t n;

		if (now >= deadline_ns)
			return -ETIMEDOUT;
		if (poll(&wait, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1) <= 0)
			continue;
		n = read(fd, told + have, size - have);
		if (n == 0 || (n < 0 && errno != EINTR))
			return -EPIPE;
		have += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Takes the results of pieces from *@i on; *@i is then the one that failed, or @n. */
static void take_results(const struct work *work, size_t *i, int fd)
{
	AUTO_FREE unsigned char *told = malloc(work->size_told);
	int num = told ? 0 : -ENOMEM;

	for (; *i < work->n && !num; (*i)++) {
		num = read_told(fd, told, work->size_told,
				now_ns() + (uint64_t)work->limit_ms * NS_PER_MS);
		if (num)
			break;
		memcpy(&work->nums[*i], told, sizeof(*work->nums));
		memcpy(work->results + *i * work->size, told + NUM_SIZE, work->size);
	}
	if (*i < work->n)
		work->nums[*i] = num;
}

/* One that waits in the kernel ends when the kernel lets it go, and is reaped by whoever is its parent then. */
static void end_child(pid_t pid, bool stuck)
{
	if (stuck)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, stuck ? WNOHANG : 0) < 0 && errno == EINTR)
		;
}

/* Pieces from *@i on, as far as one child comes; 0 or -errno. */
static int run_child(const struct work *work, size_t *i)
{
	AUTO_CLOSE int out = -1;
	AUTO_CLOSE int in = -1;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	out = fds[0];
	in = fds[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		do_pieces(work, *i, in);
		_exit(0);
	}
	close(TAKE_FD(in));
	take_results(work, i, out);
	end_child(pid, *i < work->n && work->nums[*i] != -EPIPE);
	return 0;
}

void bounded_each(size_t n, bounded_fn fn, const void *arg, void *results, size_t size,
		  int *nums, int limit_ms)
{
	const struct work work = {
		.n = n, .fn = fn, .arg = arg, .results = results, .size = size,
		.size_told = NUM_SIZE + size, .nums = nums, .limit_ms = limit_ms,
	};
	int ret = 0;

	memset(results, 0, n * size);
	for (size_t i = 0, stuck = 0; i < n; i++) {
		if (!ret)
			ret = run_child(&work, &i);
		else
			nums[i] = ret;
		if (!ret && i < n && nums[i] == -ETIMEDOUT && ++stuck == STUCK_MAX)
			ret = -ETIMEDOUT;
	}
}
