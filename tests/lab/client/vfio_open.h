/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the lab's clients open a free VFIO device by its group, and find their way in it. */
#ifndef LAB_VFIO_OPEN_H
#define LAB_VFIO_OPEN_H

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct vfio_open {
	int container;
	int group;
	int device;
};

#define VFIO_CLOSED ((struct vfio_open){ -1, -1, -1 })

/* The file of the IOMMU group of a PCI or mediated device in /dev/vfio, as links in /proc name it: 0, or -1 with errno. */
static inline int vfio_group_path(const char *bdf, char *path, size_t size)
{
	char link[PATH_MAX], target[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/sys/bus/%s/devices/%s/iommu_group", strchr(bdf, ':') ? "pci" : "mdev", bdf);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return -1;
	target[length] = '\0';
	snprintf(path, size, "/dev/vfio/%s", basename(target));
	return 0;
}

/* Opens the device, which resets it: 0, or -1 with errno and nothing to close that the end of the process does not. */
static inline int vfio_open(struct vfio_open *vfio, const char *bdf)
{
	char path[PATH_MAX + 16];

	if (vfio_group_path(bdf, path, sizeof(path)))
		return -1;
	vfio->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	vfio->group = open(path, O_RDWR | O_CLOEXEC);
	if (vfio->container < 0 || vfio->group < 0 || ioctl(vfio->group, VFIO_GROUP_SET_CONTAINER, &vfio->container) ||
	    ioctl(vfio->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -1;
	vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	return vfio->device < 0 ? -1 : 0;
}

static inline void vfio_close(struct vfio_open *vfio)
{
	close(vfio->device);
	close(vfio->group);
	close(vfio->container);
	*vfio = VFIO_CLOSED;
}

/* Where a region begins in the device's file: 0, or -1 with errno. */
static inline int vfio_region_offset(const struct vfio_open *vfio, uint32_t index, uint64_t *offset)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = index };

	if (ioctl(vfio->device, VFIO_DEVICE_GET_REGION_INFO, &region))
		return -1;
	*offset = region.offset;
	return 0;
}

/* VFs come without memory decoding and bus mastering. */
static inline int vfio_enable_memory(const struct vfio_open *vfio)
{
	uint64_t config;
	uint16_t command;

	if (vfio_region_offset(vfio, VFIO_PCI_CONFIG_REGION_INDEX, &config) ||
	    pread(vfio->device, &command, sizeof(command), config + PCI_COMMAND) != sizeof(command))
		return -1;
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (pwrite(vfio->device, &command, sizeof(command), config + PCI_COMMAND) != sizeof(command))
		return -1;
	return 0;
}

#endif
