/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The migration state machine of VFIO (enum vfio_device_mig_state in
 * include/uapi/linux/vfio.h): states, what each needs, and the arcs that the
 * kernel walks on the way from one to another.
 */
#ifndef LIB_STATES_H
#define LIB_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel's numbers. */
enum device_state {
	STATE_ERROR = 0,
	STATE_STOP = 1,
	STATE_RUNNING = 2,
	STATE_STOP_COPY = 3,
	STATE_RESUMING = 4,
	STATE_RUNNING_P2P = 5,
	STATE_PRE_COPY = 6,
	STATE_PRE_COPY_P2P = 7,
	STATE_COUNT,
};

/* Flags of VFIO_DEVICE_FEATURE_MIGRATION. */
#define MIG_STOP_COPY (1u << 0)
#define MIG_P2P (1u << 1)
#define MIG_PRE_COPY (1u << 2)

#define STATE_PATH_MAX 5 /* the longest: RESUMING > STOP > RUNNING_P2P > RUNNING > PRE_COPY */

/** state_name - "STOP_COPY"; "unknown" for a number the table lacks */
const char *state_name(enum device_state state);

/** state_parse - a state by name, in any case; 0 or -EINVAL */
int state_parse(const char *name, enum device_state *state) __attribute__((nonnull(1, 2)));

/** state_exists - does a device with these migration flags have the state? */
bool state_exists(enum device_state state, uint64_t flags);

/**
 * state_next - the first state on the way
 * @from: where the device is
 * @to: where it shall go; not @from
 * @flags: the device's migration flags
 * @next: the state after the first arc
 *
 * 0, or -EINVAL where the kernel knows no way: from ERROR, to ERROR, to a
 * state that the flags do not cover, or from STOP_COPY back into pre-copy.
 */
int state_next(enum device_state from, enum device_state to, uint64_t flags,
	       enum device_state *next) __attribute__((nonnull(4)));

/**
 * state_path - all states on the way, @from not included
 *
 * The number of arcs (0 when @from is @to), or -EINVAL as for state_next().
 */
int state_path(enum device_state from, enum device_state to, uint64_t flags,
	       enum device_state path[STATE_PATH_MAX]) __attribute__((nonnull(4)));

/** state_has_data - is it a state of a session, with a data fd? */
bool state_has_data(enum device_state state);

/** state_gives_fd - does this single arc give a new data fd? */
bool state_gives_fd(enum device_state from, enum device_state to);

#endif
