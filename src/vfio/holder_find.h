/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which process has a device open. */
#ifndef VFIO_HOLDER_FIND_H
#define VFIO_HOLDER_FIND_H

#include <stdbool.h>

#include "host/device.h"
#include "lib/err.h"
#include "vfio/process.h"

/**
 * holder_find - fill @device->holder and its in_use_reason
 *
 * Looks in every process that can be read, but this one, for the device's
 * group and cdev, which are recognised by their device numbers, and for files
 * of the device itself. Of several processes, mlxmigctl hold comes before all
 * others, and any other command of mlxmigctl, which has borrowed the device,
 * after them. A mlxmigctl hold that has the group open for another device of
 * it is HOLDER_OTHER.
 *
 * VFIO enables a PCI device at its first open and disables it at its last
 * close, so a device whose "enable" is 0 is not open, whatever files exist. Of
 * one that is enabled and has no such file, processes are searched again for
 * device nodes of other names and for mappings; then a process that has a
 * device file of which the kernel does not report the device (before Linux
 * 6.18) is taken, as uncertain. 0 or -1.
 */
int holder_find(struct device *device, struct err *err) __attribute__((nonnull(1, 2)));

/** holder_find_all - holder_find() for @n devices in one pass over the processes */
int holder_find_all(struct device *devices, size_t n, struct err *err) __attribute__((nonnull(3)));

/**
 * holder_list - holder_find_all(), and every process that has one of the devices open, or an iommufd
 * @holdings: is added to, and the caller's to free, whatever is returned; NULL: they do not matter
 */
int holder_list(struct device *devices, size_t n, struct holdings *holdings, struct err *err)
	__attribute__((nonnull(4)));

/**
 * holder_still_has - does @holder have the device open?
 * @holder: had it open before, whether holder_find() finds it first or not; a
 *          mlxmigctl hold that does not lend it any more does not have it
 */
bool holder_still_has(const struct device *device, const struct holder *holder)
	__attribute__((nonnull(1, 2)));

#endif
