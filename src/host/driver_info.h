/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which form a device's driver writes and reads migration streams. */
#ifndef HOST_DRIVER_INFO_H
#define HOST_DRIVER_INFO_H

#include "host/device.h"

/**
 * stream_formats_find - fill device->formats
 *
 * Of our driver by its module parameter stream_format (kmod/README). The
 * in-tree one has none: from Linux 6.2 on it writes and reads records where it
 * offers PRE_COPY, and bare images else, so that it is known of a probed
 * device only. Of any other driver nothing is known.
 */
void stream_formats_find(struct device *device) __attribute__((nonnull(1)));

/*
 * At which rates the firmware last saved and loaded a device's state, as our
 * driver tells it in debugfs (mlx5-vfio-pci/DEVICE/status, see kmod/README).
 */

/**
 * struct measured_rates - bytes a second of the firmware's last save and load
 * of a device, without what it takes to read and write the data; 0: not known
 */
struct measured_rates {
	uint64_t save;
	uint64_t load;
};

/**
 * measured_rates_read - the rates of the last save and load since @device was bound
 *
 * A rate stays 0 where there was none, or where nobody tells: debugfs is not
 * mounted, not ours to read, or another module has the device.
 */
void measured_rates_read(const char *device, struct measured_rates *rates)
	__attribute__((nonnull(1, 2)));

#endif
