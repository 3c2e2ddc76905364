/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conform/raw_ioctl.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vfio/uapi.h"

#define NO_FEATURE 0xfff0u /* beyond all that the kernel has */
#define NO_FLAG (1u << 25)
#define NO_IOCTL _IO(VFIO_TYPE, VFIO_BASE + 99)

union payload {
	struct vfio_device_feature_migration migration;
	struct vfio_device_feature_mig_state state;
	struct vfio_device_feature_mig_data_size size;
};

static const struct {
	uint32_t number;
	size_t size;
} features[] = {
	[RAW_MIGRATION] = { VFIO_DEVICE_FEATURE_MIGRATION,
			    sizeof(struct vfio_device_feature_migration) },
	[RAW_DEVICE_STATE] = { VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			       sizeof(struct vfio_device_feature_mig_state) },
	[RAW_DATA_SIZE] = { VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
			    sizeof(struct vfio_device_feature_mig_data_size) },
	[RAW_UNKNOWN] = { NO_FEATURE, 8 },
};

static int call_feature(const struct vdev *vdev, union payload *payload,
			size_t size, uint32_t flags)
{
	union {
		struct vfio_device_feature head;
		char bytes[sizeof(struct vfio_device_feature) + sizeof(union payload)];
	} arg = { .head = { .argsz = (uint32_t)(sizeof(arg.head) + size),
			    .flags = flags } };
	int ret;

	memcpy(arg.bytes + sizeof(arg.head), payload, sizeof(*payload));
	ret = ioctl(vdev->fd, VFIO_DEVICE_FEATURE, &arg) < 0 ? -errno : 0;
	memcpy(payload, arg.bytes + sizeof(arg.head), sizeof(*payload));
	return ret;
}

int raw_feature_call(const struct vdev *vdev, enum raw_feature feature,
		     unsigned int ops, size_t short_by)
{
	union payload payload = {};
	uint32_t flags = features[feature].number;

	if (feature == RAW_DEVICE_STATE)
		payload.state.device_state = VFIO_DEVICE_STATE_STOP;
	flags |= ops & RAW_GET ? VFIO_DEVICE_FEATURE_GET : 0;
	flags |= ops & RAW_SET ? VFIO_DEVICE_FEATURE_SET : 0;
	flags |= ops & RAW_PROBE ? VFIO_DEVICE_FEATURE_PROBE : 0;
	flags |= ops & RAW_FLAG ? NO_FLAG : 0;
	return call_feature(vdev, &payload, features[feature].size - short_by, flags);
}

int raw_state_set(const struct vdev *vdev, uint32_t state, int *data_fd)
{
	union payload payload = { .state = { .device_state = state,
					     .data_fd = -1 } };
	int ret = call_feature(vdev, &payload, features[RAW_DEVICE_STATE].size,
			       VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE);

	*data_fd = payload.state.data_fd;
	return ret;
}

int raw_precopy_info(int data_fd, uint32_t short_by)
{
	struct vfio_precopy_info info = {
		.argsz = (uint32_t)sizeof(info) - short_by
	};

	return ioctl(data_fd, VFIO_MIG_GET_PRECOPY_INFO, &info) < 0 ? -errno : 0;
}

int raw_unknown_ioctl(int data_fd)
{
	return ioctl(data_fd, NO_IOCTL) < 0 ? -errno : 0;
}
