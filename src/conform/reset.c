/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "conform/data.h"
#include "conform/harness.h"
#include "conform/raw_ioctl.h"
#include "vfio/migration.h"

static bool reset(struct trial *t)
{
	struct err err = ERR_INIT;

	if (!mig_reset(t->vdev, &err))
		return trial_want(t, trial_state(t) == STATE_RUNNING,
				  "it is in %s after a reset",
				  fsm_state_name(trial_state(t)));
	if (err.code == ERR_UNSUPPORTED)
		trial_skip(t, "it has no reset");
	else
		trial_want(t, false, "%s", err.message);
	return false;
}

static void check_still_saves(struct trial *t)
{
	uint64_t bytes;
	int fd = trial_save(t, &bytes);

	trial_shut(&fd);
}

/* All states but ERROR, which cannot be asked for. */
static void check_state(struct trial *t, enum device_state state, bool has_fd)
{
	int fd = -1;

	if (!trial_has(t, state) ||
	    !trial_begin(t, "a reset leads to RUNNING, ends a session, and leaves a device that can be saved",
			 "reset/%s", fsm_state_name(state)))
		return;
	if (trial_enter(t, state, has_fd ? &fd : NULL) && reset(t)) {
		if (fd >= 0)
			trial_is_dead(t, fd, state == STATE_RESUMING,
				      "after the reset");
		check_still_saves(t);
	}
	trial_shut(&fd);
	trial_end(t);
}

void conform_reset(struct trial *t)
{
	check_state(t, STATE_RUNNING, false);
	check_state(t, STATE_RUNNING_P2P, false);
	check_state(t, STATE_STOP, false);
	check_state(t, STATE_STOP_COPY, true);
	check_state(t, STATE_RESUMING, true);
	check_state(t, STATE_PRE_COPY, true);
	check_state(t, STATE_PRE_COPY_P2P, true);
}

static void check_error(struct trial *t)
{
	int fd = -1;

	if (trial_state(t) != STATE_ERROR) {
		trial_skip(t, "it is not in ERROR, into which nobody can ask it");
		return;
	}
	for (unsigned int state = STATE_STOP; state < STATE_COUNT; state++) {
		int ret = mig_raw_state_set(t->vdev, state, &fd);

		trial_shut(&fd);
		trial_want(t, ret == -EINVAL, "ERROR > %s: %s, where EINVAL is due",
			   fsm_state_name(state),
			   trial_errno(ret));
	}
	trial_want(t, trial_state(t) == STATE_ERROR, "it has left ERROR for %s",
		   fsm_state_name(trial_state(t)));
	if (reset(t))
		check_still_saves(t);
}

void conform_error(struct trial *t)
{
	if (!trial_begin(t, "ERROR is left by a reset alone", "reset/ERROR"))
		return;
	check_error(t);
	trial_end(t);
}
