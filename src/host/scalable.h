/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scalable functions: auxiliary devices of a PF, which VFIO does not migrate. */
#ifndef HOST_SCALABLE_H
#define HOST_SCALABLE_H

#include <stdbool.h>

/**
 * struct scalable_function - one scalable function
 * @name: of the auxiliary device: "mlx5_core.sf.4"
 * @number: its sfnum; "unknown" where sysfs has none
 */
struct scalable_function {
	char name[64];
	char number[32];
};

/**
 * scalable_find - find the scalable function of the PF @pf to which @name belongs
 * @name: of the auxiliary device, or of a netdev or RDMA device of it
 */
bool scalable_find(const char *pf, const char *name, struct scalable_function *sf)
	__attribute__((nonnull(1, 2, 3)));

#endif
