/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a device's network interface in use? */
#ifndef SYS_NETDEV_H
#define SYS_NETDEV_H

#include "host/device.h"
#include "lib/err.h"

/**
 * netdev_require_idle - fail when a netdev of @device is in use
 *
 * ERR_NETDEV_BUSY for one that is up, belongs to a bond, bridge or the like,
 * or carries an IPv4 or IPv6 address. Of a captured host only what sysfs and
 * /proc/net/if_inet6 show is known, so no IPv4 address. 0 or -1.
 */
int netdev_require_idle(const struct device *device, struct err *err)
	__attribute__((nonnull(1, 2)));

#endif
