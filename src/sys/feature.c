/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/feature.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vfio/uapi.h"

#define PAYLOAD_MAX 32 /* of the features that are used here */

int vfio_feature(const struct vdev *vdev, uint32_t flags, void *payload,
		 size_t size)
{
	union {
		struct vfio_device_feature head;
		uint64_t align;
		char bytes[sizeof(struct vfio_device_feature) + PAYLOAD_MAX];
	} arg = { .head = { .argsz = (uint32_t)(sizeof(arg.head) + size),
			    .flags = flags } };

	assert(size <= PAYLOAD_MAX);
	if (size)
		memcpy(arg.bytes + sizeof(arg.head), payload, size);
	if (ioctl(vdev->fd, VFIO_DEVICE_FEATURE, &arg) < 0)
		return -errno;
	if (size)
		memcpy(payload, arg.bytes + sizeof(arg.head), size);
	return 0;
}
