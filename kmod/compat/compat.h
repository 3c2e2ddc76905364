/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver asks of the kernel it is built for, other than callbacks
 * (ops.h), firmware layouts (ifc.h) and asynchronous commands (async.h).
 * Everything here follows from have.h, which the build makes out of the
 * kernel's headers. Two of its macros are meant for the driver's files:
 *
 * MVF_HAVE_PRE_COPY	vfio's core knows the states of pre-copy
 * MVF_HAVE_IOVA_BITMAP	dirty pages can be reported: where iova_bitmap_set()
 *			is an empty inline function, DMA logging could be
 *			started, and every report would fail
 */
#ifndef MVF_COMPAT_H
#define MVF_COMPAT_H

#include <linux/mlx5/driver.h>
#include <linux/rbtree.h>

#include "compat/have.h"

/* `devlink port function set ... migratable`: Linux 6.2. */
#ifdef MVF_HAVE_DEVLINK_MIGRATABLE
#define MVF_CAN_BE_MADE_MIGRATABLE true
#else
#define MVF_CAN_BE_MADE_MIGRATABLE false
#endif

/* vfio takes reports of dirty pages. */
#ifdef MVF_HAVE_IOVA_BITMAP
#define MVF_CAN_REPORT_DIRTY true
#else
#define MVF_CAN_REPORT_DIRTY false
#endif

/* Linux 6.6 */
#ifndef MVF_HAVE_COMP_EQN_GET
static inline int mlx5_comp_eqn_get(struct mlx5_core_dev *dev, u16 vector,
				    int *eqn)
{
	return mlx5_vector2eqn(dev, vector, eqn);
}

static inline unsigned int mlx5_comp_vectors_max(struct mlx5_core_dev *dev)
{
	return mlx5_comp_vectors_count(dev);
}
#endif

/* Linux 6.6 */
#ifndef MVF_HAVE_COMBINE_RANGES
void mvf_combine_iova_ranges(struct rb_root_cached *root, u32 nodes, u32 want);

#define vfio_combine_iova_ranges mvf_combine_iova_ranges
#endif

#endif
