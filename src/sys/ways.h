/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two ways to a free device's fd: its cdev and an iommufd, or its IOMMU
 * group and a container. For sys/vdev alone.
 */
#ifndef SYS_WAYS_H
#define SYS_WAYS_H

#include <stdbool.h>

#include "host/device.h"
#include "lib/err.h"
#include "vfio/open.h"

/* WAY_TAKEN: the group or cdev is open already, with no error set. */
enum way { WAY_CLOSED = -1, WAY_OPEN = 0, WAY_TAKEN = 1 };

/** ways_have_cdev - does the kernel offer the way by cdev? */
bool ways_have_cdev(const struct device *device) __attribute__((nonnull(1)));

/** way_by_cdev - fills @vdev's fd and iommufd; what is open on failure is the caller's to close */
enum way way_by_cdev(struct vdev *vdev, const struct device *device,
		     struct err *err) __attribute__((nonnull(1, 2, 3)));

/** way_by_group - fills @vdev's fd, group and container; what is open on failure is the caller's to close */
enum way way_by_group(struct vdev *vdev, const struct device *device,
		      struct err *err) __attribute__((nonnull(1, 2, 3)));

/** way_of_group - one more device file from @vdev->group, which is set up already; 0 or -1 */
int way_of_group(struct vdev *vdev, const struct device *device,
		 struct err *err) __attribute__((nonnull(1, 2, 3)));

#endif
