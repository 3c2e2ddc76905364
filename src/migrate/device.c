/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/device.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "vfio/hold_marker.h"
#include "vfio/holders.h"
#include "vfio/migration.h"

/*
 * mig_device_rest_state - the state in which a device that was found in @origin is left
 *
 * That state itself; but a data fd that somebody lost cannot be had again, so
 * a session ends: STOP_COPY and RESUMING become STOP, PRE_COPY RUNNING and
 * PRE_COPY_P2P RUNNING_P2P.
 */
static enum device_state mig_device_rest_state(enum device_state origin)
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

static void warn_of_killed(const struct mig_device *dev)
{
	char text[HOLD_MARKER_TEXT_SIZE] = "";

	if (!dev->vdev->borrowed)
		hold_marker_take(dev->device, text, sizeof(text));
	if (*text)
		transfer_result_warn(dev->result, "%s", text);
}

int mig_device_take(struct mig_device *dev, struct err *err)
{
	struct transfer *transfer = &dev->result->transfer;

	if (mig_caps_read(dev->vdev, &dev->caps, err) ||
	    mig_require(dev->device, &dev->caps, err) ||
	    walker_init(&dev->walker, dev->vdev, dev->caps.flags,
			&transfer->walk, err))
		return err_device(err, dev->device->name);
	transfer->origin = dev->walker.state;
	transfer->final = dev->walker.state;
	transfer->lender = dev->vdev->lender;
	dev->result->opened = true;
	dev->rest = mig_device_rest_state(transfer->origin);
	dev->taken = true;
	warn_of_killed(dev);
	return 0;
}

bool mig_device_has_p2p(const struct mig_device *dev)
{
	return dev->caps.flags & MIG_P2P;
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

static void hint_pause(const struct mig_device *dev, enum device_state state, struct err *err)
{
	char guest[256], buf[OPERAND_SIZE];

	holder_guest(&dev->vdev->lender, guest, sizeof(guest));
	switch (state) {
	case STATE_STOP_COPY:
	case STATE_PRE_COPY:
	case STATE_PRE_COPY_P2P:
		err_hint(err, "if it does not migrate: mlxmigctl step --live %s %s",
			 text_shell_word(buf, dev->device->name, "DEVICE"),
			 state_name(mig_device_rest_state(state)));
		return;
	case STATE_RESUMING:
		err_hint(err, "if it takes none in, the device has lost its state: reset the guest (virsh reset %s, or QMP's system_reset)",
			 text_shell_word(buf, guest, "GUEST"));
		return;
	default:
		err_hint(err, "pause it first: virsh suspend %s, or QMP's stop (and virsh resume, or cont, afterwards)",
			 text_shell_word(buf, guest, "GUEST"));
	}
}

int mig_device_require_paused(const struct mig_device *dev, struct err *err)
{
	const struct holder *lender = &dev->vdev->lender;
	enum device_state now = dev->walker.state;

	if (!vdev_is_live(dev->vdev) || now == STATE_STOP)
		return 0;
	err_set(err, ERR_NOT_PAUSED, 0, "%s is in %s: %s (pid %d), whose it is, %s",
		dev->device->name, state_name(now), lender->comm,
		(int)lender->pid, why_not_paused(now));
	hint_pause(dev, now, err);
	return err_device(err, dev->device->name);
}

int mig_device_check_then(const struct mig_device *dev, enum device_state then, struct err *err)
{
	if (!vdev_is_live(dev->vdev) || then == STATE_STOP)
		return 0;
	err_set(err, ERR_USAGE, 0,
		"%s is not to be left in %s: its guest is paused, and %s (pid %d) lets it go on",
		dev->device->name, state_name(then),
		dev->vdev->lender.comm, (int)dev->vdev->lender.pid);
	err_hint(err, "leave out --then, or say --then STOP");
	return err_device(err, dev->device->name);
}

/* A signal, or another device, was the reason why all of it ended. */
static bool has_other_cause(const struct mig_device *dev, const struct err *err)
{
	return err->code == ERR_INTERRUPTED ||
	       (*err->device && strcmp(err->device, dev->device->name));
}

static void say_moved(struct mig_device *dev, enum device_state now, struct err *err)
{
	struct err moved = ERR_INIT;

	walk_say_moved(&dev->walker, now, &moved);
	if (has_other_cause(dev, err))
		transfer_result_warn(dev->result, "%s: %s", moved.message, moved.hint);
	else
		*err = moved;
	dev->walker.state = now;
	dev->result->transfer.final = now;
	dev->taken = false;
}

bool mig_device_was_moved(struct mig_device *dev, struct err *err)
{
	enum device_state now;
	struct err why = ERR_INIT;

	if (!dev->taken)
		return false;
	if (mig_state_get(dev->vdev, &now, &why)) {
		if (!vdev_is_live(dev->vdev))
			return false;
		transfer_result_warn(dev->result,
				     "nothing more was done to it, since it does not tell where it is: %s",
				     why.message);
		dev->taken = false;
		return true;
	}
	if (now == dev->walker.state || now == STATE_ERROR)
		return false;
	say_moved(dev, now, err);
	return true;
}

static bool stands_still(enum device_state state)
{
	return state == STATE_STOP || state == STATE_STOP_COPY || state == STATE_RESUMING;
}

int mig_device_walk(struct mig_device *dev, enum device_state target, int *data_fd, struct err *err)
{
	int ret;

	if (stands_still(target) && !dev->left_running_ns)
		dev->left_running_ns = now_ns();
	ret = walk_to(&dev->walker, target, data_fd, err);
	dev->result->transfer.final = dev->walker.state;
	if (ret && err->code == ERR_BUSY)
		dev->taken = false;
	return ret;
}

void mig_device_put_back(struct mig_device *dev)
{
	struct err err = ERR_INIT;

	if (!dev->taken || dev->walker.state == dev->rest)
		return;
	if (mig_device_walk(dev, dev->rest, NULL, &err))
		transfer_result_warn(dev->result, "it was not taken back to %s: %s",
				     state_name(dev->rest), err.message);
}

int mig_device_reset(struct mig_device *dev, struct err *err)
{
	if (mig_reset(dev->vdev, err) || mig_state_get(dev->vdev, &dev->walker.state, err))
		return err_device(err, dev->device->name);
	dev->result->transfer.final = dev->walker.state;
	return 0;
}

void mig_device_note_stopped(struct mig_device *dev)
{
	if (dev->left_running_ns)
		dev->result->transfer.stopped_ns = now_ns() - dev->left_running_ns;
}
