/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that are kept open: to the state in which they are wanted, and back when it is over. */
#ifndef MIGRATE_HOLD_H
#define MIGRATE_HOLD_H

#include <stdbool.h>

#include "lib/err.h"
#include "migrate/transfer.h"
#include "vfio/open.h"
#include "vfio/walk.h"

/**
 * struct held_device - one that mlxmigctl hold keeps open
 * @access: its state is the one in which it is held
 * @walk: how it came there
 * @closed_fd: as in struct step_result
 * @loaded: what was loaded into it, with the walk and the warnings; or NULL
 */
struct held_device {
	struct device_access access;
	struct walk walk;
	bool closed_fd;
	const struct transfer_result *loaded;
};

/** struct hold_result - devices held by this process */
struct hold_result {
	pid_t pid;
	const struct held_device *devices;
	size_t n;
};

/**
 * hold_plan - can an open device go to @target?
 * @caps: its driver's offer, and where it is
 *
 * Touches nothing. 0, or -1 with what mig_require() and walk_plan() say.
 */
int hold_plan(const struct device *device, const struct mig_caps *caps,
	      enum device_state target, struct err *err)
	__attribute__((nonnull(1, 2, 4)));

/** hold_walk - take it to @target; @held gets the arcs and the state, also of a walk that failed; 0 or -1 */
int hold_walk(const struct vdev *vdev, const struct mig_caps *caps,
	      enum device_state target, struct held_device *held,
	      struct err *err) __attribute__((nonnull(1, 2, 4, 5)));

/**
 * hold_end - before it is closed: leave it in RUNNING, and nobody's state in it
 * @device: one that somebody else has open now, by its holder, is left alone:
 *          it does not end with us
 * @loaded: a state was, or, with TRI_UNKNOWN, may have been loaded into it: it
 *          is reset wherever it is, and where that cannot be had, it is not
 *          set running by this
 *
 * A device that offers no migration, or is in RUNNING with no such state, is
 * fine as it is. Any other one is reset, or, where it has no reset, walked; but
 * one that somebody moves meanwhile is left to them.
 * 0, or -1 when it is left in another state, which @err tells.
 */
int hold_end(const struct device *device, const struct vdev *vdev,
	     enum tristate loaded, struct err *err)
	__attribute__((nonnull(1, 2, 4)));

#endif
