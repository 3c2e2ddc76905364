/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Driving an open device along the state machine, arc by arc. */
#ifndef ENGINE_WALK_H
#define ENGINE_WALK_H

#include "base/err.h"
#include "model/transfer.h"
#include "sys/vdev.h"

/**
 * struct walker - a device and where we left it
 * @state: the state we set or read last; before each SET the device is asked
 *         again, and when it answers another state, somebody else has moved
 *         it: nothing more is touched (ERR_BUSY)
 */
struct walker {
	const struct vdev *vdev;
	uint64_t flags;
	enum device_state state;
	struct walk *walk; /* every arc is noted here, with its time */
};

/**
 * walker_init - read where the device is
 *
 * @flags are its migration flags; @walk is kept and must outlive the walker.
 * ERR_IN_ERROR when the device is in ERROR.
 */
int walker_init(struct walker *walker, const struct vdev *vdev, uint64_t flags,
		struct walk *walk, struct err *err)
	__attribute__((nonnull(1, 2, 4, 5)));

/**
 * walk_to - walk to @target, one SET an arc
 * @data_fd: takes the data fd of the last arc that gave one; the caller's; a
 *           fd that an earlier arc gave is closed. NULL: every one is closed
 *
 * An arc that the kernel refuses ends it: ERR_REFUSED, or ERR_IN_ERROR when
 * the device ended in ERROR, with the arc and the state the device is in now
 * in the message; @walker->state is that state.
 */
int walk_to(struct walker *walker, enum device_state target, int *data_fd,
	    struct err *err) __attribute__((nonnull(1, 4)));

#endif
