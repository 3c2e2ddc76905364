/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What devlink tells of PFs and of the ports of their VFs (generic netlink). */
#ifndef HOST_DEVLINK_H
#define HOST_DEVLINK_H

#include "host/device.h"
#include "lib/err.h"

/**
 * devlink_fill - firmware version, PSID, and @migratable of VFs
 * @devices: @n of them, PFs and VFs in any order
 *
 * A VF gets the firmware version and PSID of its PF. Where a VF's migratable
 * cannot be told, its migratable_reason says why; with another root than the
 * host's, devlink is not asked. No privilege is needed. 0, or -1 when the
 * kernel refuses what it should answer, its own words in @err and, as the
 * reason, with every VF: nothing else than devlink's part is missing then.
 */
int devlink_fill(struct device *devices, size_t n, struct err *err)
	__attribute__((nonnull(3)));

#endif
