/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "conform/data.h"
#include "conform/harness.h"
#include "conform/raw_ioctl.h"
#include "vfio/migration.h"

static bool reset_device(struct harness *t)
{
	struct err err = ERR_INIT;

	if (!mig_reset(t->vdev, &err))
		return harness_want(t, harness_state(t) == STATE_RUNNING,
				    "it is in %s after a reset", state_name(harness_state(t)));
	if (err.code == ERR_UNSUPPORTED)
		harness_skip(t, "it has no reset");
	else
		harness_want(t, false, "%s", err.message);
	return false;
}

static void check_still_saves(struct harness *t)
{
	uint64_t bytes;
	int fd = data_save(t, &bytes);

	data_close(&fd);
}

/* All states but ERROR, which cannot be asked for. */
static void check_state(struct harness *t, enum device_state state, bool has_fd)
{
	int fd = -1;

	if (!harness_has(t, state) ||
	    !harness_begin(t, "a reset leads to RUNNING, ends a session, and leaves a device that can be saved",
			   "reset/%s", state_name(state)))
		return;
	if (harness_enter(t, state, has_fd ? &fd : NULL) && reset_device(t)) {
		if (fd >= 0)
			data_is_dead(t, fd, state == STATE_RESUMING, "after the reset");
		check_still_saves(t);
	}
	data_close(&fd);
	harness_end(t);
}

void conform_reset(struct harness *t)
{
	check_state(t, STATE_RUNNING, false);
	check_state(t, STATE_RUNNING_P2P, false);
	check_state(t, STATE_STOP, false);
	check_state(t, STATE_STOP_COPY, true);
	check_state(t, STATE_RESUMING, true);
	check_state(t, STATE_PRE_COPY, true);
	check_state(t, STATE_PRE_COPY_P2P, true);
}

static void check_error(struct harness *t)
{
	int fd = -1;

	if (harness_state(t) != STATE_ERROR) {
		harness_skip(t, "it is not in ERROR, into which nobody can ask it");
		return;
	}
	for (unsigned int state = STATE_STOP; state < STATE_COUNT; state++) {
		int ret = raw_state_set(t->vdev, state, &fd);

		data_close(&fd);
		harness_want(t, ret == -EINVAL, "ERROR > %s: %s, where EINVAL is due",
			     state_name(state), harness_errno(ret));
	}
	harness_want(t, harness_state(t) == STATE_ERROR, "it has left ERROR for %s",
		     state_name(harness_state(t)));
	if (reset_device(t))
		check_still_saves(t);
}

void conform_error(struct harness *t)
{
	if (!harness_begin(t, "ERROR is left by a reset alone", "reset/ERROR"))
		return;
	check_error(t);
	harness_end(t);
}
