/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One PCI function's driver in sysfs: driver_override, unbind, drivers_probe. For this room alone; see vfio/bind.h. */
#ifndef VFIO_DRIVER_H
#define VFIO_DRIVER_H

#include <stddef.h>

#include "lib/err.h"

/** driver_of - the driver that has the function @name now; empty: none */
void driver_of(const char *name, char *driver, size_t size) __attribute__((nonnull(1, 2)));

/** driver_override_write - set it; "" clears it; 0 or -1 */
int driver_override_write(const char *name, const char *driver, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/**
 * driver_move - take the function @name from its driver and give it to @driver
 * @driver: empty: none
 * @override: what its driver_override is set to afterwards
 * @warning: takes what the user should know, or stays as it is
 *
 * A function that a process has open is refused (ERR_BUSY) before anything is
 * written. Until it has left its driver of VFIO, its IOMMU group's node is kept
 * open, which keeps every other process from opening it: the kernel would wait
 * without end for that process. 0 or -1.
 */
int driver_move(const char *name, const char *driver, const char *override,
		char *warning, size_t warning_size, struct err *err)
	__attribute__((nonnull(1, 2, 3, 4, 6)));

#endif
