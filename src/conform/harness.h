/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of conform are made with: for engine/conform* alone. */
#ifndef CONFORM_HARNESS_H
#define CONFORM_HARNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "conform/conform.h"
#include "lib/err.h"
#include "lib/states.h"
#include "vfio/open.h"

/**
 * struct trial - a device on trial
 * @vdev: NULL: no check is made, and all are listed
 * @patterns: the checks to make, ended by NULL; NULL: all
 * @check: the index of the one that is being made
 * @spool: a whole state of the device, in a file without a name; -1: it could
 *         not be saved
 * @spool_bytes: its size
 * @err: set: nothing more is checked
 */
struct trial {
	const struct vdev *vdev;
	uint64_t flags;
	const char *const *patterns;
	struct conform_result *result;
	size_t check;
	uint64_t begun_ns;
	int spool;
	uint64_t spool_bytes;
	struct err *err;
};

/**
 * trial_begin - the next check
 * @asks: see struct conform_check
 *
 * False: it is not to be made: not wanted, only listed, or all is over.
 */
bool trial_begin(struct trial *t, const char *asks, const char *name, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 2, 3)));

/** trial_end - the check is done */
void trial_end(struct trial *t) __attribute__((nonnull(1)));

/** trial_want - fail the check unless @ok, with what was seen; the first failure is told. Returns @ok */
bool trial_want(struct trial *t, bool ok, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 3)));

/** trial_errno - what 0 or -errno is called: "success", "EINVAL"; not NULL for those that only the kernel has */
const char *trial_errno(int ret);

/** trial_want_errno - fail the check unless @ret, 0 or -errno, is @want; @what was asked of the driver */
bool trial_want_errno(struct trial *t, int ret, int want, const char *what)
	__attribute__((nonnull(1, 4)));

/** trial_skip - it cannot be checked, and why */
void trial_skip(struct trial *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2)));

/** trial_note - a word about a check that passes */
void trial_note(struct trial *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2)));

/** trial_state - where the device is; STATE_COUNT: it does not say, and the check fails */
enum device_state trial_state(struct trial *t) __attribute__((nonnull(1)));

/** trial_set - one SET, whose data fd is closed: 0 or -errno */
int trial_set(struct trial *t, enum device_state state)
	__attribute__((nonnull(1)));

/** trial_move - trial_set(), or the check fails */
bool trial_move(struct trial *t, enum device_state state)
	__attribute__((nonnull(1)));

/**
 * trial_enter - take the device to @state, wherever it is now
 * @fd: NULL: @state is no data state; else its new data fd, the caller's
 *
 * By a reset first where nothing else leads out. What fails there fails the
 * check, and is false; a device that cannot be had back ends the trial.
 */
bool trial_enter(struct trial *t, enum device_state state, int *fd)
	__attribute__((nonnull(1)));

/** trial_home - trial_enter() a state without a data fd */
static inline bool trial_home(struct trial *t, enum device_state state)
{
	return trial_enter(t, state, NULL);
}

/** trial_has - does the device have the state? */
static inline bool trial_has(const struct trial *t, enum device_state state)
{
	return fsm_state_exists(state, t->flags);
}

/** conform_error - leaving ERROR, if the device is found in it */
void conform_error(struct trial *t) __attribute__((nonnull(1)));

/** conform_features - VFIO_DEVICE_FEATURE itself, well and badly called */
void conform_features(struct trial *t) __attribute__((nonnull(1)));

/** conform_arcs - every state from every other, and what is no way */
void conform_arcs(struct trial *t) __attribute__((nonnull(1)));

/** conform_data - what a data fd is and is not */
void conform_data(struct trial *t) __attribute__((nonnull(1)));

/** conform_precopy - reading while the device runs */
void conform_precopy(struct trial *t) __attribute__((nonnull(1)));

/** conform_transfer - a state out and in again */
void conform_transfer(struct trial *t) __attribute__((nonnull(1)));

/** conform_reset - a reset in every state */
void conform_reset(struct trial *t) __attribute__((nonnull(1)));

#endif
