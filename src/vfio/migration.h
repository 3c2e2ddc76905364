/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The migration ioctls of VFIO on an open device (include/uapi/linux/vfio.h). */
#ifndef VFIO_MIGRATION_H
#define VFIO_MIGRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/device.h"
#include "lib/err.h"
#include "lib/states.h"
#include "vfio/open.h"

/* The features of VFIO (VFIO_DEVICE_FEATURE_… in include/uapi/linux/vfio.h). */

#define FEATURE_COUNT 11 /* known to the kernel as of 6.12: numbers 0..10 */

/* What may be done with a feature; the same bits for "known" and "offered". */
#define FEATURE_GET (1u << 0)
#define FEATURE_SET (1u << 1)

/* Flags of VFIO_DEVICE_GET_INFO. */
#define DEVICE_FLAG_RESET (1u << 0)

/**
 * struct feature_set - what a device answers, feature by feature
 * @ops: by number: FEATURE_GET and FEATURE_SET, as offered
 * @vfio_flags, @n_regions, @n_irqs: of VFIO_DEVICE_GET_INFO
 */
struct feature_set {
	unsigned int ops[FEATURE_COUNT];
	uint32_t vfio_flags;
	uint32_t n_regions;
	uint32_t n_irqs;
};

/** feature_name - "mig_device_state"; NULL for a number that the table lacks */
const char *feature_name(unsigned int number);

/** feature_ops - what the interface lets one do with a feature */
unsigned int feature_ops(unsigned int number);

/**
 * device_flag_name - what bit @bit of VFIO_DEVICE_GET_INFO's flags says
 *
 * NULL for a bit that has no name here.
 */
const char *device_flag_name(unsigned int bit);

/**
 * vfio_feature() - one VFIO_DEVICE_FEATURE (linux/vfio.h)
 * @vdev: an open device
 * @flags: the feature's number, and VFIO_DEVICE_FEATURE_GET, SET or PROBE
 * @payload: goes in, and comes back; of the caller
 * @size: its bytes, 32 at most
 *
 * Return: 0 or -errno.
 */
int vfio_feature(const struct vdev *vdev, uint32_t flags, void *payload, size_t size);

/**
 * struct precopy_info - what VFIO_MIG_GET_PRECOPY_INFO answers
 * @initial_bytes: of the first part, not yet read
 * @dirty_bytes: of what has changed since, not yet read
 */
struct precopy_info {
	uint64_t initial_bytes;
	uint64_t dirty_bytes;
};

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
int mig_data_size(const struct vdev *vdev, uint64_t *bytes) __attribute__((nonnull(1, 2)));

/**
 * mig_precopy_info - what is to be read of a saving session in PRE_COPY or PRE_COPY_P2P
 *
 * Not passive: the driver may begin to save what has changed, and wait for a
 * save that is going on. 0 or -errno.
 */
int mig_precopy_info(int data_fd, struct precopy_info *info) __attribute__((nonnull(2)));

/** mig_reset - VFIO_DEVICE_RESET; 0 or -1 */
int mig_reset(const struct vdev *vdev, struct err *err) __attribute__((nonnull(1, 2)));

/**
 * mig_region_is_v1 - is it the region of the protocol before 5.18?
 * @info: what VFIO_DEVICE_GET_REGION_INFO gave: the header and its chain of
 *        capabilities
 * @size: bytes there are of it; a chain that leaves them, or goes back, ends
 */
bool mig_region_is_v1(const void *info, size_t size) __attribute__((nonnull(1)));

#endif
