/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The migration states by name, and the ioctl that sets and gets them, for the lab's clients. */
#ifndef LAB_VFIO_MIG_H
#define LAB_VFIO_MIG_H

#include <linux/vfio.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

static const char *const states[] = {
	"ERROR", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "RUNNING_P2P", "PRE_COPY", "PRE_COPY_P2P",
};
enum { STATES = sizeof(states) / sizeof(states[0]) };

/* VFIO_DEVICE_FEATURE with @flags; @payload goes in and comes back: 0, or -1 with errno. */
static inline int vfio_feature(int device, uint32_t flags, void *payload, size_t size)
{
	uint64_t buffer[8];
	struct vfio_device_feature *request = (void *)buffer;

	memset(buffer, 0, sizeof(buffer));
	request->argsz = sizeof(*request) + size;
	request->flags = flags;
	if (size)
		memcpy(request->data, payload, size);
	if (ioctl(device, VFIO_DEVICE_FEATURE, request))
		return -1;
	if (size)
		memcpy(payload, request->data, size);
	return 0;
}

#endif
