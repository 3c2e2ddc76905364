/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conformance test of a VFIO migration driver. */
#ifndef CONFORM_CONFORM_H
#define CONFORM_CONFORM_H

#include "lib/err.h"
#include "model/conform.h"
#include "vfio/open.h"

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
