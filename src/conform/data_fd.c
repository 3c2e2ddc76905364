/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "conform/data.h"
#include "conform/harness.h"
#include "conform/raw_ioctl.h"
#include "lib/cleanup.h"
#include "lib/io.h"

#define POLL_MS 10000

/* Checks that begin with an open data fd of @state. */
struct fd_check {
	const char *name, *asks;
	enum device_state state;
	void (*run)(struct harness *t, int *fd);
};

static void check_end(struct harness *t, int *fd)
{
	uint64_t bytes;
	char byte;
	ssize_t n;
	int ret = data_drain(*fd, -1, &bytes, 0);

	harness_want(t, !ret, "the last read failed with %s", harness_errno(ret));
	harness_want(t, bytes > 0, "it ended before the first byte");
	n = read(*fd, &byte, 1);
	harness_want(t, !n, "after its end a read gave %zd", n);
}

static void check_small(struct harness *t, int *fd)
{
	uint64_t bytes, whole;
	AUTO_CLOSE int out = tempfile_open(t->err);
	AUTO_CLOSE int again = -1;
	int64_t at;
	int ret;

	if (out < 0)
		return;
	ret = data_drain(*fd, out, &bytes, 61);
	if (!harness_want(t, !ret, "reading ended with %s", harness_errno(ret)))
		return;
	again = data_save_stopped(t, &whole);
	if (again < 0)
		return;
	at = data_first_difference(out, bytes, again, whole);
	if (bytes == whole && at >= 0)
		harness_note(t, "two saves of a device that did not run differ, at byte %lld first",
			     (long long)at);
	else
		harness_want(t, at < 0, "%llu bytes in small pieces, %llu in large ones",
			     (unsigned long long)bytes, (unsigned long long)whole);
}

static short poll_for(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return poll(&poll_fd, 1, POLL_MS) < 0 ? -1 : poll_fd.revents;
}

static void check_poll(struct harness *t, int *fd)
{
	uint64_t bytes;
	short got = poll_for(*fd, POLLIN);

	harness_want(t, got & POLLIN, "poll says 0x%x while there is data", got);
	data_drain(*fd, -1, &bytes, 0);
	got = poll_for(*fd, POLLIN);
	harness_want(t, got & POLLIN, "poll says 0x%x at the end, so that nobody reads it", got);
}

static void check_seek(struct harness *t, int *fd)
{
	char byte;

	harness_want(t, lseek(*fd, 0, SEEK_CUR) < 0 && errno == ESPIPE,
		     "lseek is not refused as for a pipe (ESPIPE)");
	harness_want(t, pread(*fd, &byte, 1, 0) < 0 && errno == ESPIPE,
		     "pread is not refused as for a pipe (ESPIPE)");
}

static void check_exec(struct harness *t, int *fd)
{
	harness_want(t, fcntl(*fd, F_GETFD) & FD_CLOEXEC, "a program that is started gets it too");
}

static void check_no_write(struct harness *t, int *fd)
{
	data_is_dead(t, *fd, true, "of a saving session");
}

static void check_no_read(struct harness *t, int *fd)
{
	data_is_dead(t, *fd, false, "of a resuming session");
}

static void check_left(struct harness *t, int *fd)
{
	if (harness_move(t, STATE_STOP))
		data_is_dead(t, *fd, false, "after STOP_COPY was left");
}

static void check_left_early(struct harness *t, int *fd)
{
	char bytes[16];

	harness_want(t, read(*fd, bytes, sizeof(bytes)) > 0, "nothing was read");
	if (harness_move(t, STATE_RUNNING))
		data_is_dead(t, *fd, false, "after STOP_COPY was left for RUNNING");
}

static void check_loaded(struct harness *t, int *fd)
{
	int ret;

	if (!data_spool(t))
		return;
	data_close(fd);
	if (!harness_enter(t, STATE_RESUMING, fd))
		return;
	ret = data_feed(t, *fd, t->spool, t->spool_bytes, 0);
	if (harness_want(t, !ret, "its own state was refused with %s",
			 harness_errno(ret)) &&
	    harness_move(t, STATE_STOP))
		data_is_dead(t, *fd, true, "after RESUMING was left");
}

static void check_closed(struct harness *t, int *fd)
{
	char bytes[16];

	harness_want(t, read(*fd, bytes, sizeof(bytes)) > 0, "nothing was read");
	data_close(fd);
	if (harness_move(t, STATE_STOP))
		harness_move(t, STATE_RUNNING);
}

static void check_second(struct harness *t, int *first)
{
	AUTO_CLOSE int second = -1;
	uint64_t bytes;
	int ret;

	if (!harness_move(t, STATE_STOP))
		return;
	ret = raw_state_set(t->vdev, STATE_STOP_COPY, &second);
	if (!harness_want(t, !ret && second >= 0, "a second session was refused with %s",
			  harness_errno(ret)))
		return;
	data_is_dead(t, *first, false, "the first session's, in the second");
	ret = data_drain(second, -1, &bytes, 0);
	harness_want(t, !ret && bytes, "the second session's ended with %s, after %llu bytes",
		     harness_errno(ret), (unsigned long long)bytes);
}

static const struct fd_check checks[] = {
	{ "data/end", "STOP_COPY's data ends, with a read of 0 bytes, and stays at its end",
	  STATE_STOP_COPY, check_end },
	{ "data/pieces", "what is read does not depend on how much is asked for at a time",
	  STATE_STOP_COPY, check_small },
	{ "data/poll", "poll says readable where there is data, and at the end",
	  STATE_STOP_COPY, check_poll },
	{ "data/stream", "a data fd is a stream: no seeking",
	  STATE_STOP_COPY, check_seek },
	{ "data/close-on-exec", "a data fd is closed by exec",
	  STATE_STOP_COPY, check_exec },
	{ "data/saving-write", "a saving session's data fd cannot be written",
	  STATE_STOP_COPY, check_no_write },
	{ "data/resuming-read", "a resuming session's data fd cannot be read",
	  STATE_RESUMING, check_no_read },
	{ "data/saving-left", "a data fd gives errors once its session has ended, not data, and not an end",
	  STATE_STOP_COPY, check_left },
	{ "data/saving-left-early", "a session may be left before its end, and its data fd gives errors then",
	  STATE_STOP_COPY, check_left_early },
	{ "data/resuming-left", "a resuming session's data fd takes nothing once it has ended",
	  STATE_RESUMING, check_loaded },
	{ "data/closed", "a session can be left when its data fd was closed early",
	  STATE_STOP_COPY, check_closed },
	{ "data/second-session", "a session begins while an earlier one's data fd is open, and has a data fd of its own",
	  STATE_STOP_COPY, check_second },
};

void conform_data(struct harness *t)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		const struct fd_check *check = &checks[i];
		int fd = -1;

		if (!harness_begin(t, check->asks, "%s", check->name))
			continue;
		if (harness_enter(t, check->state, &fd))
			check->run(t, &fd);
		data_close(&fd);
		harness_end(t);
	}
}
