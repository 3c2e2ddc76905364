/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYS_FEATURE_H
#define SYS_FEATURE_H

#include <stddef.h>
#include <stdint.h>

#include "vfio/open.h"

/**
 * vfio_feature() - one VFIO_DEVICE_FEATURE (linux/vfio.h)
 * @vdev: an open device
 * @flags: the feature's number, and VFIO_DEVICE_FEATURE_GET, SET or PROBE
 * @payload: goes in, and comes back; of the caller
 * @size: its bytes, 32 at most
 *
 * Return: 0 or -errno.
 */
int vfio_feature(const struct vdev *vdev, uint32_t flags, void *payload,
		 size_t size);

#endif
