/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/hold.h"

#include "vfio/migration.h"

int hold_plan(const struct device *device, const struct mig_caps *caps,
	      enum device_state target, struct err *err)
{
	if (mig_require(device, caps, err) || walk_plan(caps->state, &target, 1, caps->flags, err))
		return err_device(err, device->name);
	return 0;
}

int hold_walk(const struct vdev *vdev, const struct mig_caps *caps, enum device_state target,
	      struct held_device *held, struct err *err)
{
	struct walker walker;
	int ret;

	if (walker_init(&walker, vdev, caps->flags, &held->walk, err))
		return -1;
	ret = walk_to(&walker, target, NULL, err);
	held->access.state = walker.state;
	held->closed_fd = walk_left_session(&held->walk, walker.state);
	return ret;
}

/* Without a reset: where to, so that a state which was loaded does not begin to run. */
static enum device_state rest_of(enum device_state now, bool loaded)
{
	if (!loaded || now == STATE_RUNNING || now == STATE_PRE_COPY)
		return STATE_RUNNING;
	return STATE_STOP;
}

static int say_left(const struct vdev *vdev, enum device_state now,
		    bool loaded, const struct err *why, struct err *err)
{
	err_set(err, why->code, 0, "%s; it is left in %s%s", why->message,
		state_name(now),
		loaded ? ", perhaps with a state that was loaded into it" : "");
	return err_device(err, vdev->name);
}

/* @why it could not be reset. */
static int walk_back(const struct vdev *vdev, uint64_t flags, enum device_state now, bool loaded,
		     const struct err *why, struct err *err)
{
	enum device_state rest = rest_of(now, loaded);
	struct err ignored = ERR_INIT;
	struct walker walker = { .state = now };
	struct walk walk;

	if (now != STATE_ERROR && now != STATE_RESUMING &&
	    !walker_init(&walker, vdev, flags, &walk, &ignored) &&
	    !walk_to(&walker, rest, NULL, &ignored) && !loaded)
		return 0;
	return say_left(vdev, walker.state, loaded, why, err);
}

/* Looks once more, right before: it may be in other hands by now. */
static int reset_unmoved(const struct vdev *vdev, const struct mig_caps *caps,
			 enum tristate loaded, struct err *err)
{
	struct err why = ERR_INIT;
	enum device_state now;

	if (mig_state_get(vdev, &now, err))
		return -1;
	if (now != caps->state && now != STATE_ERROR) {
		err_set(&why, ERR_BUSY, 0, "%s was in %s, and somebody else moves it", vdev->name,
			state_name(caps->state));
		return say_left(vdev, now, loaded != TRI_NO, &why, err);
	}
	if (mig_reset(vdev, &why))
		return walk_back(vdev, caps->flags, now, loaded != TRI_NO, &why, err);
	if (mig_state_get(vdev, &now, err))
		return -1;
	if (now == STATE_RUNNING)
		return 0;
	err_set(&why, ERR_INTERNAL, 0, "%s: a reset has changed nothing", vdev->name);
	return say_left(vdev, now, false, &why, err);
}

int hold_end(const struct device *device, const struct vdev *vdev,
	     enum tristate loaded, struct err *err)
{
	struct mig_caps caps;

	if (device->holder.kind != HOLDER_NONE)
		return 0;
	if (mig_offer_read(vdev, &caps, err))
		return err_device(err, device->name);
	if (!caps.device_state || (caps.state == STATE_RUNNING && loaded == TRI_NO))
		return 0;
	return reset_unmoved(vdev, &caps, loaded, err) ? err_device(err, device->name) : 0;
}
