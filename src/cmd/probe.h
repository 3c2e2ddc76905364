/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device offers, as far as that can be read without disturbing it. */
#ifndef CMD_PROBE_H
#define CMD_PROBE_H

#include <stdbool.h>

#include "host/device.h"

/* Not asked, for nothing may be disturbed; texts explain a "-" by this. */
#define PROBE_REASON_FREE "it is free, and opening it resets it: --probe does"
#define PROBE_REASON_FREE_MDEV "it is free, and opening it may change it: --probe does"

/**
 * probe_device - fill what VFIO offers (@probed, @caps) and @formats
 * @device: resolved, with its holder
 * @free_too: open it if it is free, which resets it
 *
 * Where it was not asked, its probe_reason says why.
 */
void probe_device(struct device *device, bool free_too)
	__attribute__((nonnull(1)));

#endif
