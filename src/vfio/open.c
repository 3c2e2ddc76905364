/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/open.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/sysroot.h"
#include "lib/text.h"
#include "sys/ways.h"
#include "vfio/holders.h"

static int check_openable(const struct device *device, struct err *err)
{
	if (device->kind == DEVICE_PF)
		return err_set(err, ERR_NOT_VF, 0,
			       "%s is a physical function", device->name);
	if (device->iommu_group < 0)
		return err_set(err, ERR_NO_IOMMU, 0,
			       "%s is in no IOMMU group, and VFIO needs one",
			       device->name);
	if (!*device->driver)
		return err_set(err, ERR_NOT_BOUND, 0,
			       "%s is not bound to any driver", device->name);
	if (!device->vfio)
		return err_set(err, ERR_WRONG_DRIVER, 0,
			       "%s is bound to %s, which is not a driver of VFIO",
			       device->name, device->driver);
	return 0;
}

static int hint_live(const struct holder *holder, struct err *err)
{
	char guest[256];

	holder_guest(holder, guest, sizeof(guest));
	return err_hint(err,
			"if it is a VMM whose guest is paused (virsh suspend %s, or QMP's stop), --live works on it",
			*guest ? guest : "GUEST");
}

/* Another device of its group is held: a file of it would be the first, and reset it. */
static bool is_beside_held(const struct holder *holder)
{
	return holder->kind == HOLDER_OTHER &&
	       !strcmp(holder->comm, HOLDER_COMM);
}

/*
 * Of another program's group: a file of a device that it has not opened would
 * be the first, and reset it, and the close of that would once more.
 */
static bool would_be_first(const struct device *device)
{
	enum tristate open;

	if (device->holder.kind != HOLDER_OTHER || device->holder.is_cdev)
		return false;
	open = holder_has_open(device);
	return open == TRI_NO ||
	       (open == TRI_UNKNOWN && !holder_is_alone(device));
}

static int say_first(const struct device *device, struct err *err)
{
	const struct holder *holder = &device->holder;

	if (holder_is_alone(device)) {
		err_set(err, ERR_BUSY, 0,
			"it is in use by %s (pid %d), which is still opening it, or just closing it",
			holder->comm, (int)holder->pid);
		return err_hint(err, "try again in a moment");
	}
	err_set(err, ERR_BUSY, 0,
		"its IOMMU group %d is open in %s (pid %d), perhaps for another device of it: to open this one there may reset it",
		device->iommu_group, holder->comm, (int)holder->pid);
	return err_hint(err, "wait until %s lets the group go", holder->comm);
}

static int say_busy(const struct device *device, enum vdev_use use,
		    struct err *err)
{
	const struct holder *holder = &device->holder;

	if (holder->kind == HOLDER_NONE)
		return holder_unseen(err);
	if (holder->kind == HOLDER_HOLD) {
		err_set(err, ERR_BUSY, 0,
			"it is already held by mlxmigctl hold (pid %d)",
			(int)holder->pid);
		return err_hint(err, "other commands borrow it from there; kill %d, or systemctl stop, ends that",
				(int)holder->pid);
	}
	if (is_beside_held(holder)) {
		err_set(err, ERR_BUSY, 0,
			"its IOMMU group %d is open in mlxmigctl hold (pid %d), which holds another device of it",
			device->iommu_group, (int)holder->pid);
		return err_hint(err,
				"name all of the group's devices to mlxmigctl hold");
	}
	if (would_be_first(device))
		return say_first(device, err);
	err_set(err, ERR_BUSY, 0, "it is in use by %s (pid %d)", holder->comm,
		(int)holder->pid);
	return use == VDEV_CHANGE ? hint_live(holder, err) : -1;
}

static bool may_borrow(const struct device *device, enum vdev_use use)
{
	const struct holder *holder = &device->holder;

	switch (use) {
	case VDEV_READ:
	case VDEV_LIVE:
		return holder->kind != HOLDER_NONE &&
		       !is_beside_held(holder) && !would_be_first(device);
	case VDEV_CHANGE:
	case VDEV_OWN:
		return holder->kind == HOLDER_HOLD;
	default:
		return false;
	}
}

/* What is known of another root is told; nothing is opened for it. */
static int check_root(struct err *err)
{
	if (root_is_host())
		return 0;
	return err_set(err, ERR_USAGE, 0,
		       "a device of another root can be read about, never opened: this command and --sysroot do not go together");
}

static int borrow(struct vdev *vdev, const struct device *device,
		  struct err *err)
{
	int fd = check_root(err) ? -1 : holder_borrow(device, err);

	if (fd < 0)
		return -1;
	vdev->borrowed = true;
	vdev->lender = device->holder;
	if (device->holder.is_cdev) {
		vdev->fd = fd;
		return 0;
	}
	vdev->group = fd;
	return way_of_group(vdev, device, err);
}

static int open_held(struct vdev *vdev, const struct device *device,
		     enum vdev_use use, struct err *err)
{
	return may_borrow(device, use) ? borrow(vdev, device, err) :
					 say_busy(device, use, err);
}

/* Between the look at its holder and now somebody took it: look again. */
static int open_taken(struct vdev *vdev, const struct device *device,
		      enum vdev_use use, struct err *err)
{
	struct device now = *device;

	vdev_close(vdev);
	if (holder_find(&now, err))
		return -1;
	return open_held(vdev, &now, use, err);
}

static int open_free(struct vdev *vdev, const struct device *device,
		     enum vdev_use use, struct err *err)
{
	if (check_root(err))
		return -1;
	switch (ways_have_cdev(device) ? way_by_cdev(vdev, device, err) :
					 way_by_group(vdev, device, err)) {
	case WAY_OPEN:
		return 0;
	case WAY_TAKEN:
		return open_taken(vdev, device, use, err);
	default:
		return -1;
	}
}

/* The one of @n that has opened @device's group for us, or NULL. */
static const struct vdev *find_group(const struct vdev *vdevs,
				     const struct device *devices, size_t n,
				     const struct device *device)
{
	for (size_t i = 0; i < n; i++)
		if (vdevs[i].container >= 0 &&
		    devices[i].iommu_group == device->iommu_group)
			return &vdevs[i];
	return NULL;
}

static int open_beside(struct vdev *vdev, const struct device *device,
		       const struct vdev *first, struct err *err)
{
	vdev->group = fcntl(first->group, F_DUPFD_CLOEXEC, 0);
	if (vdev->group < 0)
		return err_from_errno(err, errno, "cannot share a file");
	return way_of_group(vdev, device, err);
}

static int open_one(struct vdev *vdev, const struct device *device,
		    const struct vdev *first, enum vdev_use use,
		    struct err *err)
{
	if (check_openable(device, err))
		return err_device(err, device->name);
	text_copy(vdev->name, sizeof(vdev->name), device->name);
	if (!(first ? open_beside(vdev, device, first, err) :
	      device->holder.kind == HOLDER_NONE ?
		      open_free(vdev, device, use, err) :
		      open_held(vdev, device, use, err)))
		return 0;
	vdev_close(vdev);
	err_wrap(err, "%s", device->name);
	return err_device(err, device->name);
}

int vdev_open(struct vdev *vdev, const struct device *device, enum vdev_use use,
	      struct err *err)
{
	*vdev = (struct vdev)VDEV_INIT;
	return open_one(vdev, device, NULL, use, err);
}

int vdev_open_all(struct vdev *vdevs, const struct device *devices, size_t n,
		  enum vdev_use use, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		vdevs[i] = (struct vdev)VDEV_INIT;
	for (size_t i = 0; i < n; i++) {
		if (!open_one(&vdevs[i], &devices[i],
			      find_group(vdevs, devices, i, &devices[i]), use,
			      err))
			continue;
		while (i--)
			vdev_close(&vdevs[i]);
		return -1;
	}
	return 0;
}

bool vdev_is_kept(const struct vdev *vdev, const struct device *device)
{
	return vdev->borrowed && holder_still_has(device, &vdev->lender);
}

bool vdev_is_live(const struct vdev *vdev)
{
	return vdev->lender.kind == HOLDER_OTHER;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The device first: its group counts it as a user until then. */
void vdev_close(struct vdev *vdev)
{
	close_fd(&vdev->fd);
	close_fd(&vdev->group);
	close_fd(&vdev->container);
	close_fd(&vdev->iommufd);
	vdev->borrowed = false;
	vdev->lender = (struct holder){ .kind = HOLDER_NONE };
}
