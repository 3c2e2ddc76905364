/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands share: from the DEVICE operands to devices. */
#ifndef CMD_DEVICE_H
#define CMD_DEVICE_H

#include "host/device.h"
#include "host/inventory.h"
#include "lib/err.h"

/**
 * devices_resolve - the devices that were named, and who holds them
 * @inventory: the whole scan, the caller's to free; filled also on failure
 * @names: DEVICE operands, @n of them
 * @out: takes a copy of each, in the order of @names
 *
 * Scans the host, finds each name and its holder. A device named twice is
 * ERR_USAGE. Devlink is not asked and nothing is opened. 0 or -1.
 */
int devices_resolve(struct inventory *inventory, char **names, size_t n,
		    struct device *out, struct err *err)
	__attribute__((nonnull(1, 2, 4, 5)));

/** devices_find - devices_resolve() without a look at who holds them */
int devices_find(struct inventory *inventory, char **names, size_t n,
		 struct device *out, struct err *err)
	__attribute__((nonnull(1, 2, 4, 5)));

/** device_resolve - devices_resolve() for one name, the rest of the scan forgotten */
int device_resolve(char *name, struct device *out, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/**
 * device_require_vf - fail unless @device may be a migration's VF
 *
 * ERR_NOT_VF for a PF. A device of kind DEVICE_OTHER passes: VFIO tells what
 * it can. 0 or -1.
 */
int device_require_vf(const struct device *device, struct err *err)
	__attribute__((nonnull(1, 2)));

#endif
