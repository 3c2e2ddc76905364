/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bind and unbind share: devices to a driver, all or none. */
#ifndef CMD_REBIND_H
#define CMD_REBIND_H

#include "command.h"
#include "vfio/bind.h"

/** rebind_check_driver - fail (ERR_USAGE) unless @name may be the name of a driver */
int rebind_check_driver(const char *name, struct err *err) __attribute__((nonnull(1, 2)));

/**
 * rebind_run - resolve the operands, refuse what must not be moved, move them
 * @force: also those whose netdev or RDMA device is in use
 *
 * Refused before anything is touched: what is no VF of mlx5's (ERR_NOT_VF,
 * ERR_NOT_MLX5), one without an IOMMU group where @wish is pinned
 * (ERR_NO_IOMMU), one that is open (ERR_BUSY), one that has users without
 * VFIO (users_require_none()). 0 or -1, the document set also when the move failed.
 */
int rebind_run(const struct request *request, const struct driver_wish *wish,
	       bool force, struct reply *reply, struct err *err)
	__attribute__((nonnull(1, 2, 4, 5)));

#endif
