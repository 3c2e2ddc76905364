/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices, out of the documents that tell of them. */
#ifndef REPORT_DEVICE_READ_H
#define REPORT_DEVICE_READ_H

#include <stddef.h>

#include "host/device.h"
#include "lib/err.h"

/**
 * report_read_devices - what a document tells of the devices whose states move
 * @json: of status: its VFs; of inspect, also the error's document with it; or
 *        a device.json
 * @devices: takes an array of @n, the caller's to free; NULL on failure
 *
 * Only what identity_compare() looks at, and the names, are filled.
 * ERR_DAMAGED for what is no such document, ERR_INCOMPATIBLE for a newer
 * version of one, ERR_NO_DEVICE when it tells of none; 0 or -1.
 */
int report_read_devices(const char *json, size_t len, struct device **devices,
			size_t *n, struct err *err)
	__attribute__((nonnull(1, 3, 4, 5)));

#endif
