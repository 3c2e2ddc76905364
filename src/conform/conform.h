/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conformance test of a VFIO migration driver. */
#ifndef CONFORM_CONFORM_H
#define CONFORM_CONFORM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "vfio/open.h"

/* What came out of conform. */

enum conform_outcome { CONFORM_PASS, CONFORM_FAIL, CONFORM_SKIP, CONFORM_COUNT };

/**
 * struct conform_check - one thing that a driver must do, and whether it did
 * @name: "GROUP/WHAT": stays what it is, for --check and for scripts
 * @asks: what the interface asks of a driver here; a constant
 * @detail: what was seen: of a failure what should not have been, of a skipped
 *          one why; else a note, or empty
 */
struct conform_check {
	char name[64];
	const char *asks;
	enum conform_outcome outcome;
	char detail[192];
	uint64_t duration_ns;
};

/**
 * struct conform_result - all checks of a device, in order
 * @access: @access.state is where the device was left
 * @flags: its migration flags
 */
struct conform_result {
	struct device_access access;
	uint64_t flags;
	struct conform_check *checks;
	size_t n;
	size_t counts[CONFORM_COUNT];
	uint64_t duration_ns;
};

/** conform_outcome_name - "pass", "fail" or "skip" */
const char *conform_outcome_name(enum conform_outcome outcome);

/** conform_add - one more check, passed so far; NULL without memory. What was returned before may have moved. */
struct conform_check *conform_add(struct conform_result *result) __attribute__((nonnull(1)));

/** conform_free - the checks */
void conform_free(struct conform_result *result) __attribute__((nonnull(1)));

/**
 * conform_run - check a device, one thing after the other
 * @vdev: open; whatever it holds is lost
 * @flags: its migration flags
 * @patterns: of the names of the checks to make (fnmatch(3)), ended by NULL; NULL: all
 * @result: takes the checks, those from before a failure too; for conform_free()
 *
 * Between interrupt_begin() and interrupt_end(). What a driver does wrong is
 * no failure. The device is reset and in RUNNING afterwards, where it can be.
 * 0, or -1: a signal, or a device that is not to be had back.
 */
int conform_run(const struct vdev *vdev, uint64_t flags,
		const char *const *patterns, struct conform_result *result,
		struct err *err) __attribute__((nonnull(1, 4, 5)));

/** conform_list - the checks that conform_run() makes of a device with all flags; 0 or -1 */
int conform_list(const char *const *patterns, struct conform_result *result,
		 struct err *err) __attribute__((nonnull(2, 3)));

#endif
