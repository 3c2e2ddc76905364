/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conform/data.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "conform/raw_ioctl.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/io.h"

#define MANY (256u << 10)
#define DEAD_MS 5000
#define TOO_LONG_NS (120 * 1000000000ull) /* nobody waits for a state that never ends */

int data_drain(int fd, int out, uint64_t *bytes, size_t piece)
{
	AUTO_FREE char *buffer = malloc(MANY);
	uint64_t deadline = now_ns() + TOO_LONG_NS;
	ssize_t n;

	*bytes = 0;
	if (!buffer)
		return -ENOMEM;
	if (!piece || piece > MANY)
		piece = MANY;
	while ((n = read_some(fd, buffer, piece)) > 0) {
		*bytes += (uint64_t)n;
		if (out >= 0 && write_all(out, buffer, (size_t)n))
			return -EIO;
		if (now_ns() > deadline)
			return -ETIME;
	}
	return (int)n;
}

int data_feed(struct harness *t, int fd, int from, uint64_t bytes, size_t piece)
{
	AUTO_FREE char *buffer = malloc(MANY);
	uint64_t at = 0;

	if (!buffer)
		return err_set(t->err, ERR_NO_MEMORY, 0, "memory for a piece of a state");
	if (!piece || piece > MANY)
		piece = MANY;
	while (at < bytes) {
		size_t want = bytes - at < piece ? (size_t)(bytes - at) : piece;
		ssize_t n = pread(from, buffer, want, (off_t)at);
		int ret;

		if (n <= 0)
			return err_from_errno(t->err, n ? errno : EIO, "a temporary file");
		ret = write_all(fd, buffer, (size_t)n);
		if (ret)
			return ret;
		at += (uint64_t)n;
		/* The head in small pieces, the rest by and by in larger ones. */
		if (at > 4096 && piece < 4096)
			piece = 4093;
	}
	return 0;
}

static int save_from(struct harness *t, int fd, uint64_t *bytes)
{
	AUTO_CLOSE int out = tempfile_open(t->err);
	int ret;

	if (out < 0)
		return -1;
	ret = data_drain(fd, out, bytes, 0);
	if (!harness_want(t, !ret, "reading in STOP_COPY ended with %s",
			  harness_errno(ret)) ||
	    !harness_want(t, *bytes > 0, "there was nothing to read in STOP_COPY"))
		return -1;
	return TAKE_FD(out);
}

int data_save(struct harness *t, uint64_t *bytes)
{
	AUTO_CLOSE int fd = -1;

	return harness_enter(t, STATE_STOP_COPY, &fd) ? save_from(t, fd, bytes) : -1;
}

int data_save_stopped(struct harness *t, uint64_t *bytes)
{
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int none = -1;
	int ret = raw_state_set(t->vdev, STATE_STOP, &none);

	if (!ret)
		ret = raw_state_set(t->vdev, STATE_STOP_COPY, &fd);
	return harness_want(t, !ret, "STOP_COPY was refused with %s", harness_errno(ret)) ?
		       save_from(t, fd, bytes) : -1;
}

int64_t data_first_difference(int a, uint64_t a_bytes, int b, uint64_t b_bytes)
{
	AUTO_FREE char *left = malloc(MANY);
	AUTO_FREE char *right = malloc(MANY);
	uint64_t end = a_bytes < b_bytes ? a_bytes : b_bytes;

	for (uint64_t at = 0; left && right && at < end; at += MANY) {
		size_t want = end - at < MANY ? (size_t)(end - at) : MANY;

		if (pread(a, left, want, (off_t)at) != (ssize_t)want ||
		    pread(b, right, want, (off_t)at) != (ssize_t)want)
			return (int64_t)at;
		for (size_t i = 0; i < want; i++)
			if (left[i] != right[i])
				return (int64_t)(at + i);
	}
	return left && right && a_bytes == b_bytes ? -1 : (int64_t)end;
}

bool data_spool(struct harness *t)
{
	if (t->spool < 0)
		t->spool = data_save(t, &t->spool_bytes);
	return t->spool >= 0;
}

void data_close(int *fd)
{
	cleanup_closep(fd);
	*fd = -1;
}

/* A read that is never answered is none to make. */
static bool would_wait(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && (flags & O_ACCMODE) == O_WRONLY)
		return false;
	return !poll(&poll_fd, 1, DEAD_MS);
}

bool data_is_dead(struct harness *t, int fd, bool writes, const char *when)
{
	char byte = 0;
	ssize_t n;

	if (!writes && !harness_want(t, !would_wait(fd),
				     "%s: a read would wait, where an error is due",
				     when))
		return false;
	n = writes ? write(fd, &byte, 1) : read(fd, &byte, 1);
	return harness_want(t, n < 0, "%s: %s gave %zd, where an error is due",
			    when, writes ? "write" : "read", n);
}
