/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/hand.h"

#include "base/clock.h"
#include "base/text.h"
#include "sys/mig.h"

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
	transfer->fresh = !hand->vdev->borrowed;
	hand->outcome->opened = true;
	hand->rest = hand_rest(transfer->origin);
	hand->taken = true;
	return 0;
}

bool hand_has_p2p(const struct hand *hand)
{
	return hand->caps.flags & MIG_P2P;
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
