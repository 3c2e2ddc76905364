/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/ways.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "vfio/uapi.h"

#define VFIO_CONTAINER "/dev/vfio/vfio"
#define IOMMUFD "/dev/iommu"

bool ways_have_cdev(const struct device *device)
{
	char path[PATH_MAX];

	return *device->cdev &&
	       !text_format(path, sizeof(path), "/dev/vfio/devices/%s",
			    device->cdev) &&
	       !access(path, F_OK) && !access(IOMMUFD, F_OK);
}

static int no_interrupt_remapping(const char *module, int num, struct err *err)
{
	err_set(err, ERR_PERMISSION, num,
		"the IOMMU does not isolate interrupts (no interrupt remapping), so VFIO refuses the device");
	return err_hint(err,
			"switch interrupt remapping on in the firmware set-up, or, if every guest is trusted, load %s with allow_unsafe_interrupts=1",
			module);
}

static int attach_ioas(const struct vdev *vdev, struct err *err)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz =
								sizeof(attach) };

	if (ioctl(vdev->iommufd, IOMMU_IOAS_ALLOC, &alloc) < 0)
		return err_from_errno(err, errno,
				      "cannot allocate an I/O address space");
	attach.pt_id = alloc.out_ioas_id;
	if (ioctl(vdev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) == 0)
		return 0;
	if (errno == EPERM)
		return no_interrupt_remapping("iommufd", errno, err);
	return err_from_errno(err, errno,
			      "cannot attach it to an I/O address space");
}

static bool has_vfio_dev(int group, const char *name)
{
	char path[PATH_MAX];

	return !root_path(path, "/sys/kernel/iommu_groups/%d/devices/%s/vfio-dev",
			  group, name) &&
	       !access(path, F_OK);
}

/* A member of the group that keeps it from VFIO: it has a driver of the host. */
static bool find_obstacle(const struct device *device, char *name,
			  size_t name_size, char *driver, size_t driver_size)
{
	char path[PATH_MAX];
	struct dirent *entry;
	AUTO_DIR DIR *dir = NULL;

	if (root_path(path, "/sys/kernel/iommu_groups/%d/devices",
		      device->iommu_group))
		return false;
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name == '.' ||
		    !strcmp(entry->d_name, device->name))
			continue;
		if (root_link_name(driver, driver_size,
				   "/sys/kernel/iommu_groups/%d/devices/%s/driver",
				   device->iommu_group, entry->d_name) ||
		    !strcmp(driver, "pcieport") ||
		    strstr(driver, "vfio") ||
		    has_vfio_dev(device->iommu_group, entry->d_name))
			continue;
		text_copy(name, name_size, entry->d_name);
		return true;
	}
	return false;
}

static bool group_is_viable(const struct device *device)
{
	char name[DEVICE_NAME_SIZE], driver[64];

	return !find_obstacle(device, name, sizeof(name), driver,
			      sizeof(driver));
}

static int group_not_viable(const struct device *device, struct err *err)
{
	char name[DEVICE_NAME_SIZE], driver[64];

	if (!find_obstacle(device, name, sizeof(name), driver, sizeof(driver)))
		return err_set(err, ERR_BUSY, 0,
			       "IOMMU group %d belongs to somebody else",
			       device->iommu_group);
	err_set(err, ERR_BUSY, 0,
		"%s shares IOMMU group %d with it and is used by the host's driver %s",
		name, device->iommu_group, driver);
	return err_hint(err,
			"unbind %s from %s, or bind it to a driver of VFIO too",
			name, driver);
}

static enum way bind_refused(const struct device *device, const char *path,
			     int num, struct err *err)
{
	switch (num) {
	case EBUSY:
	case EINVAL: /* another file of the same cdev is bound */
		return WAY_TAKEN;
	case EPERM:
		return group_is_viable(device) ?
			       no_interrupt_remapping("iommufd", num, err) :
			       group_not_viable(device, err);
	default:
		return err_from_errno(err, num, "cannot bind %s to an iommufd",
				      path);
	}
}

enum way way_by_cdev(struct vdev *vdev, const struct device *device,
		     struct err *err)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	char path[PATH_MAX];

	if (text_format(path, sizeof(path), "/dev/vfio/devices/%s",
			device->cdev))
		return err_set(err, ERR_INTERNAL, 0, "cdev %s", device->cdev);
	vdev->fd = open(path, O_RDWR | O_CLOEXEC);
	if (vdev->fd < 0)
		return err_from_errno(err, errno, "%s", path);
	vdev->iommufd = open(IOMMUFD, O_RDWR | O_CLOEXEC);
	if (vdev->iommufd < 0)
		return err_from_errno(err, errno, IOMMUFD);
	bind.iommufd = vdev->iommufd;
	if (ioctl(vdev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind) < 0)
		return bind_refused(device, path, errno, err);
	return attach_ioas(vdev, err);
}

static int check_viable(const struct vdev *vdev, const struct device *device,
			struct err *err)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(vdev->group, VFIO_GROUP_GET_STATUS, &status) < 0)
		return err_from_errno(err, errno, "IOMMU group %d",
				      device->iommu_group);
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return group_not_viable(device, err);
	return 0;
}

/* A container with a type 1 IOMMU: as the group cannot do without. */
static int set_container(struct vdev *vdev, const struct device *device,
			 struct err *err)
{
	bool v2 = ioctl(vdev->container, VFIO_CHECK_EXTENSION,
			VFIO_TYPE1v2_IOMMU) > 0;

	if (ioctl(vdev->group, VFIO_GROUP_SET_CONTAINER, &vdev->container) < 0)
		return errno == EPERM || errno == EBUSY ?
			       group_not_viable(device, err) :
			       err_from_errno(err, errno,
					      "cannot put IOMMU group %d into a container",
					      device->iommu_group);
	if (ioctl(vdev->container, VFIO_SET_IOMMU,
		  v2 ? VFIO_TYPE1v2_IOMMU : VFIO_TYPE1_IOMMU) == 0)
		return 0;
	if (errno == EPERM)
		return no_interrupt_remapping("vfio_iommu_type1", errno, err);
	if (errno == ENODEV)
		return err_set(err, ERR_NO_VFIO, errno,
			       "VFIO has no driver for the IOMMU");
	return err_from_errno(err, errno, "cannot set up the IOMMU for group %d",
			      device->iommu_group);
}

int way_of_group(struct vdev *vdev, const struct device *device,
			 struct err *err)
{
	vdev->fd = ioctl(vdev->group, VFIO_GROUP_GET_DEVICE_FD, device->name);
	if (vdev->fd >= 0)
		return 0;
	if (errno == ENODEV)
		return err_set(err, ERR_NOT_BOUND, errno,
			       "VFIO does not have the device");
	/* A group without its container: not yet, or no longer. */
	if (errno == EINVAL && vdev->borrowed) {
		err_set(err, ERR_BUSY, 0,
			"it is in use by %s (pid %d), which is still opening it, or just closing it",
			vdev->lender.comm, (int)vdev->lender.pid);
		return err_hint(err, "try again in a moment");
	}
	err_from_errno(err, errno, "cannot open the device");
	if (errno == EACCES)
		err_hint(err, "its PF is bound to vfio-pci, which asks for a VF token: bind the PF to mlx5_core");
	return -1;
}

enum way way_by_group(struct vdev *vdev, const struct device *device,
		      struct err *err)
{
	char path[PATH_MAX];

	vdev->container = open(VFIO_CONTAINER, O_RDWR | O_CLOEXEC);
	if (vdev->container < 0)
		return errno == ENOENT || errno == ENODEV || errno == ENXIO ?
			       err_set(err, ERR_NO_VFIO, errno, VFIO_CONTAINER) :
			       err_from_errno(err, errno, VFIO_CONTAINER);
	snprintf(path, sizeof(path), "/dev/vfio/%d", device->iommu_group);
	vdev->group = open(path, O_RDWR | O_CLOEXEC);
	if (vdev->group < 0) {
		if (errno == EBUSY)
			return WAY_TAKEN;
		return errno == ENOENT ? err_set(err, ERR_NO_VFIO, errno,
						 "%s", path) :
					 err_from_errno(err, errno, "%s", path);
	}
	if (check_viable(vdev, device, err) ||
	    set_container(vdev, device, err) ||
	    way_of_group(vdev, device, err))
		return WAY_CLOSED;
	return WAY_OPEN;
}
