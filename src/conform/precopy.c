/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conform/data.h"
#include "conform/harness.h"
#include "conform/raw_ioctl.h"
#include "lib/cleanup.h"
#include "lib/io.h"
#include "vfio/migration.h"

struct precopy_check {
	const char *name, *asks;
	enum device_state state; /* in which it begins, with the data fd */
	void (*run)(struct harness *t, int fd);
};

static bool info_of(struct harness *t, int fd, struct precopy_info *info)
{
	int ret = mig_precopy_info(fd, info);

	return harness_want(t, !ret, "VFIO_MIG_GET_PRECOPY_INFO: %s", harness_errno(ret));
}

/* In a session that goes on; it gives no new data fd. */
static void check_info(struct harness *t, int fd)
{
	struct precopy_info info;

	if (info_of(t, fd, &info))
		harness_want(t, info.initial_bytes, "there are no initial bytes");
}

static void check_short(struct harness *t, int fd)
{
	harness_want_errno(t, raw_precopy_info(fd, 1), -EINVAL, "an argsz of 23 bytes");
	harness_want_errno(t, raw_precopy_info(fd, 24), -EINVAL, "an argsz of 0 bytes");
}

static void check_less(struct harness *t, int fd)
{
	struct precopy_info first, then;
	char bytes[16];
	ssize_t n;

	if (!info_of(t, fd, &first))
		return;
	n = read(fd, bytes, first.initial_bytes < sizeof(bytes) ?
				    (size_t)first.initial_bytes : sizeof(bytes));
	if (!harness_want(t, n > 0, "of %llu initial bytes none could be read",
			  (unsigned long long)first.initial_bytes) ||
	    !info_of(t, fd, &then))
		return;
	harness_want(t, then.initial_bytes < first.initial_bytes,
		     "%zd bytes were read, and of %llu initial ones %llu are left",
		     n, (unsigned long long)first.initial_bytes,
		     (unsigned long long)then.initial_bytes);
}

static void check_end(struct harness *t, int fd)
{
	uint64_t bytes;
	int ret = data_drain(fd, -1, &bytes, 0);

	harness_want(t, bytes > 0, "nothing could be read");
	if (!ret)
		harness_note(t, "the end for now is a read of 0 bytes, which is an end for good to who does not know");
	else
		harness_want_errno(t, ret, -ENOMSG, "the read after what there was");
	harness_want(t, harness_state(t) == STATE_PRE_COPY, "it has left PRE_COPY");
}

static void check_refused(struct harness *t, int fd)
{
	harness_want_errno(t, raw_precopy_info(fd, 0), -EINVAL, "VFIO_MIG_GET_PRECOPY_INFO");
}

static void check_after_precopy(struct harness *t, int fd)
{
	if (harness_move(t, STATE_STOP_COPY))
		check_refused(t, fd);
}

static void check_left(struct harness *t, int fd)
{
	int ret;

	if (!harness_move(t, STATE_RUNNING))
		return;
	ret = raw_precopy_info(fd, 0);
	harness_want(t, ret, "VFIO_MIG_GET_PRECOPY_INFO succeeds after PRE_COPY was left");
	data_is_dead(t, fd, false, "after PRE_COPY was left for RUNNING");
}

static void check_resuming(struct harness *t, int fd)
{
	harness_want(t, raw_precopy_info(fd, 0), "VFIO_MIG_GET_PRECOPY_INFO succeeds in RESUMING");
}

static void check_unknown(struct harness *t, int fd)
{
	harness_want_errno(t, raw_unknown_ioctl(fd), -ENOTTY, "that ioctl");
}

/* All of it: while the device runs, and the rest. */
static void check_whole(struct harness *t, int fd)
{
	AUTO_CLOSE int out = tempfile_open(t->err);
	AUTO_CLOSE int target = -1;
	uint64_t before, rest;
	int ret;

	if (out < 0)
		return;
	data_drain(fd, out, &before, 0);
	if (!harness_move(t, STATE_STOP_COPY))
		return;
	ret = data_drain(fd, out, &rest, 0);
	if (!harness_want(t, !ret, "STOP_COPY's data ended with %s", harness_errno(ret)) ||
	    !harness_want(t, before + rest, "there was nothing to read") ||
	    !harness_enter(t, STATE_RESUMING, &target))
		return;
	ret = data_feed(t, target, out, before + rest, 0);
	if (harness_want(t, !ret, "what was saved was refused with %s", harness_errno(ret)) &&
	    harness_move(t, STATE_STOP))
		harness_move(t, STATE_RUNNING);
}

static const struct precopy_check checks[] = {
	{ "precopy/info", "PRE_COPY tells what there is to be read, and begins with initial bytes",
	  STATE_PRE_COPY, check_info },
	{ "precopy/info-p2p", "so does PRE_COPY_P2P",
	  STATE_PRE_COPY_P2P, check_info },
	{ "precopy/info-short", "an argsz without room for the answer is EINVAL",
	  STATE_PRE_COPY, check_short },
	{ "precopy/info-less", "initial bytes are fewer when some were read",
	  STATE_PRE_COPY, check_less },
	{ "precopy/end", "where there is no more for now, a read is ENOMSG",
	  STATE_PRE_COPY, check_end },
	{ "precopy/info-stopped", "in STOP_COPY, entered from PRE_COPY, the same question is EINVAL",
	  STATE_PRE_COPY, check_after_precopy },
	{ "precopy/info-stop-copy", "in STOP_COPY, entered from STOP, it is EINVAL",
	  STATE_STOP_COPY, check_refused },
	{ "precopy/left", "a session may be left for RUNNING, and its data fd gives errors then",
	  STATE_PRE_COPY, check_left },
	{ "precopy/info-resuming", "a resuming session has nothing to be read",
	  STATE_RESUMING, check_resuming },
	{ "precopy/unknown-ioctl", "an ioctl that there is not is ENOTTY",
	  STATE_PRE_COPY, check_unknown },
	{ "precopy/whole", "what was read in PRE_COPY and STOP_COPY together is a whole state, which can be loaded",
	  STATE_PRE_COPY, check_whole },
};

void conform_precopy(struct harness *t)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		const struct precopy_check *check = &checks[i];
		int fd = -1;

		if (!harness_has(t, STATE_PRE_COPY) ||
		    !harness_has(t, check->state) ||
		    !harness_begin(t, check->asks, "%s", check->name))
			continue;
		if (harness_enter(t, check->state, &fd))
			check->run(t, fd);
		data_close(&fd);
		harness_end(t);
	}
}
