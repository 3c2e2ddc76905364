/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that share an IOMMU group, because the hardware does not isolate them from each other (no ACS). */
#ifndef HOST_IOMMU_GROUP_H
#define HOST_IOMMU_GROUP_H

#include <stddef.h>

#include "host/device.h"

enum iommu_member_use {
	MEMBER_IDLE, /* no driver, or one that does no DMA: a bridge's, pci-stub */
	MEMBER_VFIO, /* a driver of VFIO */
	MEMBER_HOST, /* a driver of the host: VFIO opens no device of the group */
};

struct iommu_member {
	char name[DEVICE_NAME_SIZE];
	char driver[64];
	enum iommu_member_use use;
};

struct iommu_group {
	struct iommu_member *members; /* by name */
	size_t n;
};

/** iommu_group_read - all devices of the group @number; 0, or -errno with no members; the caller's to free */
int iommu_group_read(int number, struct iommu_group *group) __attribute__((nonnull(2)));

/** iommu_group_free - for CLEANUP(), and leave it empty */
void iommu_group_free(struct iommu_group *group) __attribute__((nonnull(1)));

/** iommu_group_obstacle - the first member beside the device @name that keeps VFIO from opening it, or NULL */
const struct iommu_member *iommu_group_obstacle(const struct iommu_group *group, const char *name)
	__attribute__((nonnull(1, 2)));

/** iommu_group_fill - fill @device's group_obstacle and group_obstacle_driver; empty where nothing is in the way */
void iommu_group_fill(struct device *device) __attribute__((nonnull(1)));

#endif
