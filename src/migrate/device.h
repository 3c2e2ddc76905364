/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device in hand: taken, moved, and put back where it was. */
#ifndef MIGRATE_DEVICE_H
#define MIGRATE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "migrate/transfer.h"
#include "vfio/open.h"
#include "vfio/walk.h"

/**
 * struct mig_device - a device that a transfer moves
 * @rest: where it is put back: the state in which it was found, or where the session of that state ends: STOP, RUNNING or RUNNING_P2P
 * @taken: the members below are valid, and the device is ours to move; no
 *         longer once somebody else has moved it
 * @left_running_ns: CLOCK_MONOTONIC when the arc into STOP began, 0: it has not
 */
struct mig_device {
	const struct device *device;
	const struct vdev *vdev;
	struct transfer_result *result;
	bool taken;
	struct mig_caps caps;
	struct walker walker;
	enum device_state rest;
	uint64_t left_running_ns;
};

/**
 * mig_device_take - read what an open device can and where it is
 *
 * @dev holds the device, vdev and result already, and keeps them. Nothing
 * is moved. ERR_NOT_MIGRATABLE and its like, and ERR_IN_ERROR.
 */
int mig_device_take(struct mig_device *dev, struct err *err) __attribute__((nonnull(1, 2)));

/**
 * mig_device_require_paused - fail unless it is ours, or stands in STOP
 *
 * There the device of a VMM is whose guest is paused, and the VMM does not
 * see it leave STOP and come back. ERR_NOT_PAUSED. 0 or -1.
 */
int mig_device_require_paused(const struct mig_device *dev, struct err *err)
	__attribute__((nonnull(1, 2)));

/** mig_device_check_then - fail where @then, in which it shall be left, is not what a VMM expects of its device; 0 or -1 */
int mig_device_check_then(const struct mig_device *dev, enum device_state then,
			  struct err *err) __attribute__((nonnull(1, 3)));

/**
 * mig_device_was_moved - after a failure: is the device no longer where it was left?
 *
 * Then somebody else has moved it, which ended whatever was going on in it:
 * @err becomes that, ERR_BUSY, and the device is no longer ours to touch. What
 * failed of another device, or by a signal, stays the error, and this becomes
 * a warning. A VMM's device that does not tell where it is counts as moved.
 * ERROR it enters by itself.
 */
bool mig_device_was_moved(struct mig_device *dev, struct err *err) __attribute__((nonnull(1, 2)));

/** mig_device_walk - walk_to(), and note where the device is and since when it stands still; 0 or -1 */
int mig_device_walk(struct mig_device *dev, enum device_state target, int *data_fd,
		    struct err *err) __attribute__((nonnull(1, 4)));

/** mig_device_has_p2p - does the device have RUNNING_P2P on its way to STOP? */
bool mig_device_has_p2p(const struct mig_device *dev) __attribute__((nonnull(1)));

/**
 * mig_device_put_back - to the state of rest, after a failure
 *
 * What fails here becomes a warning: the failure before is the one to tell.
 * A device that somebody else has moved is left alone.
 */
void mig_device_put_back(struct mig_device *dev) __attribute__((nonnull(1)));

/** mig_device_reset - reset the device, and read where that has left it; 0 or -1 */
int mig_device_reset(struct mig_device *dev, struct err *err) __attribute__((nonnull(1, 2)));

/** mig_device_note_stopped - of a load: the device has its state, or runs on with it: note for how long it was stopped */
void mig_device_note_stopped(struct mig_device *dev) __attribute__((nonnull(1)));

#endif
