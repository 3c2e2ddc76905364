/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The migration ioctls of VFIO on an open device (include/uapi/linux/vfio.h). */
#ifndef VFIO_MIGRATION_H
#define VFIO_MIGRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "host/device.h"
#include "lib/err.h"
#include "lib/states.h"
#include "model/caps.h"
#include "model/precopy.h"
#include "vfio/open.h"

/** mig_caps_read - probe every feature; 0 also when the device has none of them */
int mig_caps_read(const struct vdev *vdev, struct mig_caps *caps,
		  struct err *err) __attribute__((nonnull(1, 2, 3)));

/**
 * mig_offer_read - only what VFIO knows without asking the firmware
 *
 * As mig_caps_read(), but without the estimate of the size, which is a
 * command to the firmware, and without dirty tracking and low power.
 */
int mig_offer_read(const struct vdev *vdev, struct mig_caps *caps,
		   struct err *err) __attribute__((nonnull(1, 2, 3)));

/** mig_features_read - which operation of which feature the device offers, and what VFIO says of it; 0 or -1 */
int mig_features_read(const struct vdev *vdev, struct feature_set *features,
		      struct err *err) __attribute__((nonnull(1, 2, 3)));

/**
 * mig_require - fail unless the device can migrate
 *
 * ERR_OLD_PROTOCOL for a device of the v1 region protocol, ERR_NOT_MIGRATABLE
 * (or ERR_WRONG_DRIVER when plain vfio-pci has the device) otherwise.
 */
int mig_require(const struct device *device, const struct mig_caps *caps,
		struct err *err) __attribute__((nonnull(1, 2, 3)));

/** mig_state_get - the device's state now; 0 or -1 */
int mig_state_get(const struct vdev *vdev, enum device_state *state,
		  struct err *err) __attribute__((nonnull(1, 2, 3)));

/**
 * mig_state_set - one SET, as the kernel has it
 * @data_fd: where the arc gives a data fd, the caller's; else -1
 *
 * 0 or -errno of the kernel; the state afterwards is to be read again then.
 */
int mig_state_set(const struct vdev *vdev, enum device_state state,
		  int *data_fd) __attribute__((nonnull(1, 3)));

/** mig_data_size - MIG_DATA_SIZE's estimate in bytes; 0 or -errno */
int mig_data_size(const struct vdev *vdev, uint64_t *bytes)
	__attribute__((nonnull(1, 2)));

/**
 * mig_precopy_info - what is to be read of a saving session in PRE_COPY or PRE_COPY_P2P
 *
 * Not passive: the driver may begin to save what has changed, and wait for a
 * save that is going on. 0 or -errno.
 */
int mig_precopy_info(int data_fd, struct precopy_info *info)
	__attribute__((nonnull(2)));

/** mig_reset - VFIO_DEVICE_RESET; 0 or -1 */
int mig_reset(const struct vdev *vdev, struct err *err)
	__attribute__((nonnull(1, 2)));

/**
 * mig_region_is_v1 - is it the region of the protocol before 5.18?
 * @info: what VFIO_DEVICE_GET_REGION_INFO gave: the header and its chain of
 *        capabilities
 * @size: bytes there are of it; a chain that leaves them, or goes back, ends
 */
bool mig_region_is_v1(const void *info, size_t size)
	__attribute__((nonnull(1)));

#endif
