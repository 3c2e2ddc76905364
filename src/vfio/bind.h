/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which driver has a PCI function: driver_override, unbind, drivers_probe. */
#ifndef VFIO_BIND_H
#define VFIO_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/device.h"
#include "lib/err.h"

/* What was done to a device. */

/**
 * struct binding - one device's way from a driver to another
 * @driver_before, @override_before: empty: none
 * @driver, @override: where it is now
 * @changed: false: it was there already, and nothing was touched
 * @touched: something was written; cleared again by a roll back that worked
 * @rolled_back: it is where it was before, because something failed
 * @trouble: why it could not be put back; empty: it could
 * @warning: what the user should know, or empty
 * @duration_ns: of the change, until the driver had it
 */
struct binding {
	char device[DEVICE_NAME_SIZE];
	char driver_before[64], override_before[64];
	char driver[64], override[64];
	bool changed;
	bool touched;
	bool rolled_back;
	char trouble[192];
	char warning[160];
	uint64_t duration_ns;
};

/**
 * struct driver_wish - where devices shall go
 * @driver: empty: they are left without one
 * @pin: leave driver_override set to it, so that it stays with the driver
 *       whoever probes next; else the override is cleared
 */
struct driver_wish {
	const char *driver;
	bool pin;
};

/** driver_require_writable - fail unless @device may be bound and unbound by us: ERR_PERMISSION, or ERR_USAGE for a captured host */
int driver_require_writable(const struct device *device, struct err *err)
	__attribute__((nonnull(1, 2)));

/** driver_require_closed - fail (ERR_BUSY) if a process was found to have @device open, or its group alone; 0 or -1 */
int driver_require_closed(const struct device *device, struct err *err)
	__attribute__((nonnull(1, 2)));

/**
 * driver_move_all - bring @n devices to a driver, all or none
 * @bindings: takes what was done, one for each device, also on failure
 *
 * The driver must be there (module_require()), the devices on the PCI bus.
 * Each is waited for until the driver has it. When one fails, or a signal
 * comes (ERR_INTERRUPTED), those already moved go back to the driver and
 * override they had, last one first, unless another program has moved them
 * since. A device that a process has open is ERR_BUSY: the kernel would wait
 * without end for its close.
 *
 * A child process does the work. It and this process hold a lock for each
 * device, for which another call waits LOCK_WAIT_MS (then ERR_BUSY with the
 * child's pid). If this process is killed, the child takes back what it has
 * done; if the child is, a second one does (ERR_IO). @bindings have where each
 * device then is, and trouble where that is not where it was. A device whose lock in the
 * kernel another process holds is ERR_BUSY before anything is written, and no
 * wait for the kernel is without end. 0 or -1.
 */
int driver_move_all(const struct device *devices, size_t n,
		    const struct driver_wish *wish, struct binding *bindings,
		    struct err *err) __attribute__((nonnull(1, 3, 4, 5)));

#endif
