/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * At which rates the firmware last saved and loaded a device's state, as our
 * driver tells it in debugfs (mlx5-vfio-pci/DEVICE/status, see kmod/README).
 */
#ifndef SYS_RATES_H
#define SYS_RATES_H

#include "model/visit.h"

/**
 * rates_read - the rates of the last save and load since @device was bound
 *
 * A rate stays 0 where there was none, or where nobody tells: debugfs is not
 * mounted, not ours to read, or another module has the device.
 */
void rates_read(const char *device, struct measured_rates *rates)
	__attribute__((nonnull(1, 2)));

#endif
