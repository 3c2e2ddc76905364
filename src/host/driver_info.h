/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which form a device's driver writes and reads migration streams. */
#ifndef HOST_DRIVER_INFO_H
#define HOST_DRIVER_INFO_H

#include "host/device.h"

/**
 * formats_find - fill device->formats
 *
 * Of our driver by its module parameter stream_format (kmod/README). The
 * in-tree one has none: from Linux 6.2 on it writes and reads records where it
 * offers PRE_COPY, and bare images else, so that it is known of a probed
 * device only. Of any other driver nothing is known.
 */
void formats_find(struct device *device) __attribute__((nonnull(1)));

#endif
