/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/device.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "vfio/hold_marker.h"
#include "vfio/holders.h"
#include "vfio/migration.h"

enum device_state hand_rest(enum device_state origin)
{
	switch (origin) {
	case STATE_STOP_COPY:
	case STATE_RESUMING:
		return STATE_STOP;
	case STATE_PRE_COPY:
		return STATE_RUNNING;
	case STATE_PRE_COPY_P2P:
		return STATE_RUNNING_P2P;
	default:
		return origin;
	}
}

static void warn_of_killed(const struct hand *hand)
{
	char text[TRACE_TEXT_SIZE] = "";

	if (!hand->vdev->borrowed)
		trace_take(hand->device, text, sizeof(text));
	if (*text)
		outcome_warn(hand->outcome, "%s", text);
}

int hand_take(struct hand *hand, struct err *err)
{
	struct transfer *transfer = &hand->outcome->transfer;

	if (mig_caps_read(hand->vdev, &hand->caps, err) ||
	    mig_require(hand->device, &hand->caps, err) ||
	    walker_init(&hand->walker, hand->vdev, hand->caps.flags,
			&transfer->walk, err))
		return err_device(err, hand->device->name);
	transfer->origin = hand->walker.state;
	transfer->final = hand->walker.state;
	transfer->lender = hand->vdev->lender;
	hand->outcome->opened = true;
	hand->rest = hand_rest(transfer->origin);
	hand->taken = true;
	warn_of_killed(hand);
	return 0;
}

bool hand_has_p2p(const struct hand *hand)
{
	return hand->caps.flags & MIG_P2P;
}

static const char *why_not_paused(enum device_state state)
{
	switch (state) {
	case STATE_STOP_COPY:
	case STATE_PRE_COPY:
	case STATE_PRE_COPY_P2P:
		return "migrates its guest, or a save that was killed left it so";
	case STATE_RESUMING:
		return "takes a guest in, or a load that was killed left it so";
	default:
		return "has not paused its guest";
	}
}

static void hint_pause(const struct hand *hand, enum device_state state,
		       struct err *err)
{
	char guest[128];

	holder_guest(&hand->vdev->lender, guest, sizeof(guest));
	switch (state) {
	case STATE_STOP_COPY:
	case STATE_PRE_COPY:
	case STATE_PRE_COPY_P2P:
		err_hint(err, "if it does not migrate: mlxmigctl step --live %s %s",
			 hand->device->name, fsm_state_name(hand_rest(state)));
		return;
	case STATE_RESUMING:
		err_hint(err, "if it takes none in, the device has lost its state: reset the guest (virsh reset %s, or QMP's system_reset)",
			 *guest ? guest : "GUEST");
		return;
	default:
		err_hint(err, "pause it first: virsh suspend %s, or QMP's stop (and virsh resume, or cont, afterwards)",
			 *guest ? guest : "GUEST");
	}
}

int hand_require_paused(const struct hand *hand, struct err *err)
{
	const struct holder *lender = &hand->vdev->lender;
	enum device_state now = hand->walker.state;

	if (!vdev_is_live(hand->vdev) || now == STATE_STOP)
		return 0;
	err_set(err, ERR_NOT_PAUSED, 0, "%s is in %s: %s (pid %d), whose it is, %s",
		hand->device->name, fsm_state_name(now), lender->comm,
		(int)lender->pid, why_not_paused(now));
	hint_pause(hand, now, err);
	return err_device(err, hand->device->name);
}

int hand_check_then(const struct hand *hand, enum device_state then,
		    struct err *err)
{
	if (!vdev_is_live(hand->vdev) || then == STATE_STOP)
		return 0;
	err_set(err, ERR_USAGE, 0,
		"%s is not to be left in %s: its guest is paused, and %s (pid %d) lets it go on",
		hand->device->name, fsm_state_name(then),
		hand->vdev->lender.comm, (int)hand->vdev->lender.pid);
	err_hint(err, "leave out --then, or say --then STOP");
	return err_device(err, hand->device->name);
}

/* A signal, or another device, was the reason why all of it ended. */
static bool has_other_cause(const struct hand *hand, const struct err *err)
{
	return err->code == ERR_INTERRUPTED ||
	       (*err->device && strcmp(err->device, hand->device->name));
}

static void say_moved(struct hand *hand, enum device_state now, struct err *err)
{
	struct err moved = ERR_INIT;

	walk_say_moved(&hand->walker, now, &moved);
	if (has_other_cause(hand, err))
		outcome_warn(hand->outcome, "%s: %s", moved.message,
			     moved.hint);
	else
		*err = moved;
	hand->walker.state = now;
	hand->outcome->transfer.final = now;
	hand->taken = false;
}

bool hand_was_moved(struct hand *hand, struct err *err)
{
	enum device_state now;
	struct err why = ERR_INIT;

	if (!hand->taken)
		return false;
	if (mig_state_get(hand->vdev, &now, &why)) {
		if (!vdev_is_live(hand->vdev))
			return false;
		outcome_warn(hand->outcome,
			     "nothing more was done to it, since it does not tell where it is: %s",
			     why.message);
		hand->taken = false;
		return true;
	}
	if (now == hand->walker.state || now == STATE_ERROR)
		return false;
	say_moved(hand, now, err);
	return true;
}

static bool stands_still(enum device_state state)
{
	return state == STATE_STOP || state == STATE_STOP_COPY ||
	       state == STATE_RESUMING;
}

int hand_walk(struct hand *hand, enum device_state target, int *data_fd,
	      struct err *err)
{
	int ret;

	if (stands_still(target) && !hand->left_running_ns)
		hand->left_running_ns = now_ns();
	ret = walk_to(&hand->walker, target, data_fd, err);
	hand->outcome->transfer.final = hand->walker.state;
	if (ret && err->code == ERR_BUSY)
		hand->taken = false;
	return ret;
}

void hand_put_back(struct hand *hand)
{
	struct err err = ERR_INIT;

	if (!hand->taken || hand->walker.state == hand->rest)
		return;
	if (hand_walk(hand, hand->rest, NULL, &err))
		outcome_warn(hand->outcome, "it was not taken back to %s: %s",
			     fsm_state_name(hand->rest), err.message);
}

int hand_reset(struct hand *hand, struct err *err)
{
	if (mig_reset(hand->vdev, err) ||
	    mig_state_get(hand->vdev, &hand->walker.state, err))
		return err_device(err, hand->device->name);
	hand->outcome->transfer.final = hand->walker.state;
	return 0;
}

void hand_stopped(struct hand *hand)
{
	if (hand->left_running_ns)
		hand->outcome->transfer.stopped_ns =
			now_ns() - hand->left_running_ns;
}
