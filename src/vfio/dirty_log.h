/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watches which memory a device writes to. */
#ifndef VFIO_DIRTY_LOG_H
#define VFIO_DIRTY_LOG_H

#include "lib/err.h"
#include "model/dirty.h"
#include "vfio/open.h"

/**
 * dirty_watch - log a device's DMA, and report at intervals
 * @result: its plan is filled; takes the samples, those from before a failure
 *          too
 *
 * Between interrupt_begin() and interrupt_end(): a signal ends it with
 * ERR_INTERRUPTED. The log that it has started it also stops, always. 0 or -1.
 */
int dirty_watch(const struct vdev *vdev, struct dirty_result *result,
		struct err *err) __attribute__((nonnull(1, 2, 3)));

#endif
