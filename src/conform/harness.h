/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of conform are made with: for this room alone. */
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
 * struct harness - a device that is checked
 * @vdev: NULL: no check is made, and all are listed
 * @patterns: the checks to make, ended by NULL; NULL: all
 * @check: the index of the one that is being made
 * @spool: a whole state of the device, in a file without a name; -1: it could
 *         not be saved
 * @spool_bytes: its size
 * @err: set: nothing more is checked
 */
struct harness {
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
 * harness_begin - the next check
 * @asks: see struct conform_check
 *
 * False: it is not to be made: not wanted, only listed, or all is over.
 */
bool harness_begin(struct harness *t, const char *asks, const char *name, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 2, 3)));

/** harness_end - the check is done */
void harness_end(struct harness *t) __attribute__((nonnull(1)));

/** harness_want - fail the check unless @ok, with what was seen; the first failure is told. Returns @ok */
bool harness_want(struct harness *t, bool ok, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 3)));

/** harness_errno - what 0 or -errno is called: "success", "EINVAL"; not NULL for those that only the kernel has */
const char *harness_errno(int ret);

/** harness_want_errno - fail the check unless @ret, 0 or -errno, is @want; @what was asked of the driver */
bool harness_want_errno(struct harness *t, int ret, int want, const char *what)
	__attribute__((nonnull(1, 4)));

/** harness_skip - it cannot be checked, and why */
void harness_skip(struct harness *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2)));

/** harness_note - a word about a check that passes */
void harness_note(struct harness *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2)));

/** harness_state - where the device is; STATE_COUNT: it does not say, and the check fails */
enum device_state harness_state(struct harness *t) __attribute__((nonnull(1)));

/** harness_set - one SET, whose data fd is closed: 0 or -errno */
int harness_set(struct harness *t, enum device_state state) __attribute__((nonnull(1)));

/** harness_move - harness_set(), or the check fails */
bool harness_move(struct harness *t, enum device_state state) __attribute__((nonnull(1)));

/**
 * harness_enter - take the device to @state, wherever it is now
 * @fd: NULL: @state is no data state; else its new data fd, the caller's
 *
 * By a reset first where nothing else leads out. What fails there fails the
 * check, and is false; a device that cannot be had back ends all checks.
 */
bool harness_enter(struct harness *t, enum device_state state, int *fd) __attribute__((nonnull(1)));

/** harness_return - harness_enter() a state without a data fd */
static inline bool harness_return(struct harness *t, enum device_state state)
{
	return harness_enter(t, state, NULL);
}

/** harness_has - does the device have the state? */
static inline bool harness_has(const struct harness *t, enum device_state state)
{
	return state_exists(state, t->flags);
}

/** conform_error - leaving ERROR, if the device is found in it */
void conform_error(struct harness *t) __attribute__((nonnull(1)));

/** conform_features - VFIO_DEVICE_FEATURE itself, well and badly called */
void conform_features(struct harness *t) __attribute__((nonnull(1)));

/** conform_arcs - every state from every other, and what is no way */
void conform_arcs(struct harness *t) __attribute__((nonnull(1)));

/** conform_data - what a data fd is and is not */
void conform_data(struct harness *t) __attribute__((nonnull(1)));

/** conform_precopy - reading while the device runs */
void conform_precopy(struct harness *t) __attribute__((nonnull(1)));

/** conform_transfer - a state out and in again */
void conform_transfer(struct harness *t) __attribute__((nonnull(1)));

/** conform_reset - a reset in every state */
void conform_reset(struct harness *t) __attribute__((nonnull(1)));

#endif
