/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/hand.h"

#include "base/clock.h"
#include "base/text.h"
#include "sys/holder.h"
#include "sys/mig.h"
#include "sys/trace.h"

enum device_state hand_rest(enum device_state origin)
{
	switch (origin) {
	case STATE_STOP_COPY:
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

int hand_require_paused(const struct hand *hand, struct err *err)
{
	const struct holder *lender = &hand->vdev->lender;
	char guest[128];

	if (!vdev_is_live(hand->vdev) || hand->walker.state == STATE_STOP)
		return 0;
	holder_guest(lender, guest, sizeof(guest));
	err_set(err, ERR_NOT_PAUSED, 0,
		"%s is in %s: %s (pid %d), whose it is, has not paused its guest",
		hand->device->name, fsm_state_name(hand->walker.state),
		lender->comm, (int)lender->pid);
	err_hint(err, "pause it first: virsh suspend %s, or QMP's stop (and virsh resume, or cont, afterwards)",
		 *guest ? guest : "GUEST");
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

bool hand_was_moved(struct hand *hand, struct err *err)
{
	enum device_state now;
	struct err ignored = ERR_INIT;

	if (!hand->taken || mig_state_get(hand->vdev, &now, &ignored) ||
	    now == hand->walker.state || now == STATE_ERROR)
		return false;
	if (err->code != ERR_INTERRUPTED)
		*err = (struct err)ERR_INIT;
	walk_say_moved(&hand->walker, now, err);
	hand->walker.state = now;
	hand->outcome->transfer.final = now;
	hand->taken = false;
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
