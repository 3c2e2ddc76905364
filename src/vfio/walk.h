/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Driving an open device along the state machine, arc by arc. */
#ifndef VFIO_WALK_H
#define VFIO_WALK_H

#include "host/memory_watch.h"
#include "lib/err.h"
#include "vfio/open.h"

#define ARCS_MAX 32

struct arc {
	enum device_state from, to;
	uint64_t duration_ns;
	int num;           /* errno with which the kernel refused it, or 0 */
	uint64_t begun_ns; /* CLOCK_MONOTONIC */
};

/** struct walk - the arcs walked, in order; a refused one is the last */
struct walk {
	struct arc arcs[ARCS_MAX];
	size_t n_arcs;
};

/** struct step_target - a state to walk to, and the file that is written or read there, or NULL */
struct step_target {
	enum device_state state;
	const char *file;
};

/** struct reset_result - @access.state is the one afterwards */
struct reset_result {
	struct device_access access;
	enum device_state before;
	uint64_t duration_ns;
};

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
	struct memory_watch memory; /* from before the first arc */
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
 *           fd that an earlier arc gave is closed. NULL: every one is closed.
 *           -1 when none was given, and on failure
 *
 * An arc that the kernel refuses ends it: ERR_REFUSED, or ERR_IN_ERROR when
 * the device ended in ERROR, with the arc and the state the device is in now
 * in the message; @walker->state is that state. Another state than these two
 * is where somebody else has taken it meanwhile: ERR_BUSY. A signal does not
 * end it.
 */
int walk_to(struct walker *walker, enum device_state target, int *data_fd,
	    struct err *err) __attribute__((nonnull(1, 4)));

/**
 * walk_say_moved - the error for a device that is in @now, where we did not leave it; returns -1
 *
 * It names who else has the device, where that is known.
 */
int walk_say_moved(const struct walker *walker, enum device_state now,
		   struct err *err) __attribute__((nonnull(1, 3)));

/**
 * walk_plan - can a device go from @from to each of @targets in turn?
 *
 * Touches nothing. 0, or -1: ERR_IN_ERROR from ERROR, ERR_UNSUPPORTED for a
 * state that the flags do not cover, ERR_REFUSED where the kernel has no way,
 * ERR_USAGE when it takes more than ARCS_MAX arcs.
 */
int walk_plan(enum device_state from, const enum device_state *targets,
	      size_t n, uint64_t flags, struct err *err)
	__attribute__((nonnull(2, 5)));

/** walk_check_live - fail where @steps take a VMM's device to RESUMING without data: it would lose its state for nothing; 0 or -1 */
int walk_check_live(const struct vdev *vdev, const struct step_target *steps,
		    size_t n, struct err *err)
	__attribute__((nonnull(1, 2, 4)));

/** walk_entered - has an arc of @walk led to @state? */
bool walk_entered(const struct walk *walk, enum device_state state) __attribute__((nonnull(1)));

/**
 * walk_left_session - is the device in a data state that this walk entered?
 * @now: where it is now
 *
 * Its data fd was the walk's then.
 */
bool walk_left_session(const struct walk *walk, enum device_state now) __attribute__((nonnull(1)));

/**
 * walk_reset - reset a device and read what it did
 *
 * Without @has_state (the device's driver offers no migration) the states are
 * left out. 0 or -1.
 */
int walk_reset(const struct vdev *vdev, bool has_state,
	       struct reset_result *result, struct err *err)
	__attribute__((nonnull(1, 3, 4)));

#endif
