/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bind and unbind did to a device: filled by sys/driver, printed by report. */
#ifndef MODEL_BINDING_H
#define MODEL_BINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "host/device.h"

/**
 * struct binding - one device's way from a driver to another
 * @driver_before, @override_before: empty: none
 * @driver, @override: where it is now
 * @changed: false: it was there already, and nothing was touched
 * @touched: something was written; cleared again by a roll back that worked
 * @rolled_back: it is where it was before, because something failed
 * @trouble: why it could not be put back; empty: it could
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
	uint64_t duration_ns;
};

#endif
