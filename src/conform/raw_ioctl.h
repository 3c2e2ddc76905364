/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VFIO's calls as a careless program makes them: to see what a driver answers. */
#ifndef CONFORM_RAW_IOCTL_H
#define CONFORM_RAW_IOCTL_H

#include <stddef.h>
#include <stdint.h>

#include "vfio/open.h"

/* The features of VFIO_DEVICE_FEATURE that migration has, and one that nobody has. */
enum raw_feature {
	RAW_MIGRATION,
	RAW_DEVICE_STATE,
	RAW_DATA_SIZE,
	RAW_UNKNOWN,
};

/* What is asked of it; RAW_FLAG is a bit without a meaning. */
#define RAW_GET (1u << 0)
#define RAW_SET (1u << 1)
#define RAW_PROBE (1u << 2)
#define RAW_FLAG (1u << 3)

/**
 * raw_feature_call - VFIO_DEVICE_FEATURE with these operations
 * @short_by: bytes that its argsz lacks
 *
 * A SET of the device state would be one to STOP. 0 or -errno.
 */
int raw_feature_call(const struct vdev *vdev, enum raw_feature feature,
		     unsigned int ops, size_t short_by)
	__attribute__((nonnull(1)));

/**
 * raw_state_set - SET the device state to any number, known or not
 * @data_fd: what the kernel wrote there, also on failure; the caller's to close
 *
 * 0 or -errno.
 */
int raw_state_set(const struct vdev *vdev, uint32_t state, int *data_fd)
	__attribute__((nonnull(1, 3)));

/** raw_precopy_info - VFIO_MIG_GET_PRECOPY_INFO whose argsz lacks @short_by bytes; 0 or -errno */
int raw_precopy_info(int data_fd, uint32_t short_by);

/** raw_unknown_ioctl - an ioctl that no data fd has; 0 or -errno */
int raw_unknown_ioctl(int data_fd);

#endif
