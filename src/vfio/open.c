/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/iommu_group.h"
#include "host/inventory.h"
#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "vfio/holder_find.h"
#include "vfio/holders.h"
#include "vfio/node.h"
#include "vfio/uapi.h"

/* OPEN_BUSY: the group or cdev is open already, with no error set. */
enum open_result { OPEN_FAILED = -1, OPEN_DONE = 0, OPEN_BUSY = 1 };

#define VFIO_CONTAINER "/dev/vfio/vfio"
#define IOMMUFD "/dev/iommu"

static const struct node container_node = { VFIO_CONTAINER, "misc", "vfio" };
static const struct node iommufd_node = { IOMMUFD, "misc", "iommu" };

/* A device's cdev or group, with room for its texts. */
struct device_node {
	char path[64];
	char name[32];
	struct node node;
};

static const struct node *cdev_node(struct device_node *n, const struct device *device)
{
	text_copy(n->name, sizeof(n->name), device->cdev);
	snprintf(n->path, sizeof(n->path), "/dev/vfio/devices/%s", n->name);
	n->node = (struct node){ n->path, "vfio-dev", n->name };
	return &n->node;
}

static const struct node *group_node(struct device_node *n, const struct device *device)
{
	snprintf(n->name, sizeof(n->name), "%d", device->iommu_group);
	snprintf(n->path, sizeof(n->path), "/dev/vfio/%s", n->name);
	n->node = (struct node){ n->path, "vfio", n->name };
	return &n->node;
}

/* has_cdev - is the way by cdev open, or the only one that the kernel offers? */
static bool has_cdev(const struct device *device)
{
	struct device_node cdev, group;

	return *device->cdev &&
	       ((node_is_right(cdev_node(&cdev, device)) && node_is_right(&iommufd_node)) ||
		(node_exists(&cdev.node) && !node_exists(group_node(&group, device))));
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
		return err_from_errno(err, errno, "cannot allocate an I/O address space");
	attach.pt_id = alloc.out_ioas_id;
	if (ioctl(vdev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) == 0)
		return 0;
	if (errno == EPERM)
		return no_interrupt_remapping("iommufd", errno, err);
	return err_from_errno(err, errno, "cannot attach it to an I/O address space");
}

static bool group_is_viable(const struct device *device)
{
	struct device now = *device;

	iommu_group_fill(&now);
	return !*now.group_obstacle;
}

static int group_not_viable(const struct device *device, struct err *err)
{
	struct device now = *device;
	const char *name = now.group_obstacle, *driver = now.group_obstacle_driver;

	iommu_group_fill(&now);
	if (!*name) {
		err_set(err, ERR_BUSY, 0,
			"IOMMU group %d is not free for VFIO: another part of the kernel owns it",
			device->iommu_group);
		return err_hint(err, "look in the kernel log (dmesg) for what else uses a device of the group");
	}
	err_set(err, ERR_BUSY, 0,
		"%s shares IOMMU group %d with it and is used by the host's driver %s",
		name, device->iommu_group, driver);
	if (device_is_vf_of(device, name))
		return err_hint(err, "isolate the VF from its PF: " ACS_ADVICE);
	return err_hint(err, "unbind %s from %s, or bind it to a driver of VFIO too", name, driver);
}

static enum open_result bind_refused(const struct device *device, const char *path,
				     int num, struct err *err)
{
	switch (num) {
	case EBUSY:
	case EINVAL: /* another file of the same cdev is bound */
		return OPEN_BUSY;
	case EPERM:
		return group_is_viable(device) ? no_interrupt_remapping("iommufd", num, err) :
			       group_not_viable(device, err);
	default:
		return err_from_errno(err, num, "cannot bind %s to an iommufd", path);
	}
}

/* open_by_cdev - fills @vdev's fd and iommufd; what is open on failure is the caller's to close */
static enum open_result open_by_cdev(struct vdev *vdev, const struct device *device,
				     struct err *err)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct device_node cdev;

	vdev->fd = node_open(cdev_node(&cdev, device), err);
	if (vdev->fd >= 0)
		vdev->iommufd = node_open(&iommufd_node, err);
	if (vdev->iommufd < 0)
		return err_is_set(err) ? OPEN_FAILED : OPEN_BUSY;
	bind.iommufd = vdev->iommufd;
	if (ioctl(vdev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind) < 0)
		return bind_refused(device, cdev.path, errno, err);
	return attach_ioas(vdev, err);
}

static int check_viable(const struct vdev *vdev, const struct device *device, struct err *err)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(vdev->group, VFIO_GROUP_GET_STATUS, &status) < 0)
		return err_from_errno(err, errno, "IOMMU group %d", device->iommu_group);
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return group_not_viable(device, err);
	return 0;
}

/* A container with a type 1 IOMMU: as the group cannot do without. */
static int set_container(struct vdev *vdev, const struct device *device, struct err *err)
{
	bool v2 = ioctl(vdev->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) > 0;

	if (ioctl(vdev->group, VFIO_GROUP_SET_CONTAINER, &vdev->container) < 0)
		return errno == EPERM || errno == EBUSY ? group_not_viable(device, err) :
			       err_from_errno(err, errno,
					      "cannot put IOMMU group %d into a container",
					      device->iommu_group);
	if (ioctl(vdev->container, VFIO_SET_IOMMU, v2 ? VFIO_TYPE1v2_IOMMU : VFIO_TYPE1_IOMMU) == 0)
		return 0;
	if (errno == EPERM)
		return no_interrupt_remapping("vfio_iommu_type1", errno, err);
	if (errno == ENODEV)
		return err_set(err, ERR_NO_VFIO, errno, "VFIO has no driver for the IOMMU");
	return err_from_errno(err, errno, "cannot set up the IOMMU for group %d",
			      device->iommu_group);
}

/* open_in_group - one more device file from @vdev->group, which is set up already; 0 or -1 */
static int open_in_group(struct vdev *vdev, const struct device *device, struct err *err)
{
	vdev->fd = ioctl(vdev->group, VFIO_GROUP_GET_DEVICE_FD, device->name);
	if (vdev->fd >= 0)
		return 0;
	if (errno == ENODEV)
		return err_set(err, ERR_NOT_BOUND, errno, "VFIO does not have the device");
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

/* open_by_group - fills @vdev's fd, group and container; what is open on failure is the caller's to close */
static enum open_result open_by_group(struct vdev *vdev, const struct device *device,
				      struct err *err)
{
	struct device_node group;

	vdev->container = node_open(&container_node, err);
	if (vdev->container >= 0)
		vdev->group = node_open(group_node(&group, device), err);
	if (vdev->group < 0)
		return err_is_set(err) ? OPEN_FAILED : OPEN_BUSY;
	if (check_viable(vdev, device, err) ||
	    set_container(vdev, device, err) ||
	    open_in_group(vdev, device, err))
		return OPEN_FAILED;
	return OPEN_DONE;
}

static int check_openable(const struct device *device, struct err *err)
{
	if (device->kind == DEVICE_PF)
		return device_refuse_pf(device, err);
	if (device_require_pf(device, err) || inventory_require_iommu(device, err))
		return -1;
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
	char guest[256], buf[OPERAND_SIZE];

	holder_guest(holder, guest, sizeof(guest));
	return err_hint(err,
			"if it is a VMM whose guest is paused (virsh suspend %s, or QMP's stop), --live works on it (load: --live --overwrite-guest-state)",
			text_shell_word(buf, guest, "GUEST"));
}

/* Another device of its group is held: a file of it would be the first, and reset it. */
static bool is_beside_held(const struct holder *holder)
{
	return holder->kind == HOLDER_OTHER && !strcmp(holder->comm, HOLDER_COMM);
}

/*
 * Of another program's group: a file of a device that it has not opened would
 * be the first, and reset it, and the close of that would once more.
 */
static bool would_be_first(const struct device *device)
{
	const struct holder *holder = &device->holder;

	return holder->kind == HOLDER_OTHER && holder->file == HOLDER_GROUP &&
	       (holder->idle || (holder->assumed && !holder_is_alone(device)));
}

static int say_first(const struct device *device, struct err *err)
{
	const struct holder *holder = &device->holder;

	if (holder_is_alone(device)) {
		err_set(err, ERR_BUSY, 0,
			"its IOMMU group %d is open in %s (pid %d), which does not have the device open: it is opening or closing it, or keeps the group without need",
			device->iommu_group, holder->comm, (int)holder->pid);
		return err_hint(err, "try again in a moment; if it stays so, end process %d: a group is open in one process at a time",
				(int)holder->pid);
	}
	err_set(err, ERR_BUSY, 0,
		"its IOMMU group %d is open in %s (pid %d), perhaps for another device of it: to open this one there may reset it",
		device->iommu_group, holder->comm, (int)holder->pid);
	return err_hint(err, "wait until %s lets the group go", holder->comm);
}

static int say_busy(const struct device *device, enum vdev_use use, struct err *err)
{
	const struct holder *holder = &device->holder;

	if (holder->kind == HOLDER_NONE)
		return holder_unseen(device->search_cut, err);
	if (holder->kind == HOLDER_HOLD) {
		err_set(err, ERR_BUSY, 0, "it is already held by mlxmigctl hold (pid %d)",
			(int)holder->pid);
		return err_hint(err, "other commands borrow it from there; kill %d, or systemctl stop, ends that",
				(int)holder->pid);
	}
	if (is_beside_held(holder)) {
		err_set(err, ERR_BUSY, 0,
			"its IOMMU group %d is open in mlxmigctl hold (pid %d), which holds another device of it",
			device->iommu_group, (int)holder->pid);
		return err_hint(err, "name all of the group's devices to mlxmigctl hold");
	}
	if (would_be_first(device))
		return say_first(device, err);
	err_set(err, ERR_BUSY, 0, "it is in use by %s (pid %d)", holder->comm, (int)holder->pid);
	return use == VDEV_CHANGE ? hint_live(holder, err) : -1;
}

static bool may_borrow(const struct device *device, enum vdev_use use)
{
	const struct holder *holder = &device->holder;

	switch (use) {
	case VDEV_READ:
	case VDEV_LIVE:
		return holder->kind != HOLDER_NONE && holder->fd >= 0 && !holder->uncertain &&
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
	if (sysroot_is_host())
		return 0;
	err_set(err, ERR_USAGE, 0,
		"a device of another root can be read about, never opened: this command and --sysroot do not go together");
	return err_hint(err, "leave --sysroot out, on the host that has the device");
}

static int borrow_device(struct vdev *vdev, const struct device *device, struct err *err)
{
	int fd = check_root(err) ? -1 : holder_borrow(device, err);

	if (fd < 0)
		return -1;
	vdev->borrowed = true;
	vdev->lender = device->holder;
	if (device->holder.file != HOLDER_GROUP) {
		vdev->fd = fd;
		return 0;
	}
	vdev->group = fd;
	return open_in_group(vdev, device, err);
}

static int open_held(struct vdev *vdev, const struct device *device,
		     enum vdev_use use, struct err *err)
{
	return may_borrow(device, use) ? borrow_device(vdev, device, err) : say_busy(device, use, err);
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
	switch (has_cdev(device) ? open_by_cdev(vdev, device, err) :
					 open_by_group(vdev, device, err)) {
	case OPEN_DONE:
		return 0;
	case OPEN_BUSY:
		return open_taken(vdev, device, use, err);
	default:
		return -1;
	}
}

/* The one of @n that has opened @device's group for us, or NULL. */
static const struct vdev *find_group(const struct vdev *vdevs, const struct device *devices,
				     size_t n, const struct device *device)
{
	for (size_t i = 0; i < n; i++)
		if (vdevs[i].container >= 0 && devices[i].iommu_group == device->iommu_group)
			return &vdevs[i];
	return NULL;
}

static int open_beside(struct vdev *vdev, const struct device *device,
		       const struct vdev *first, struct err *err)
{
	vdev->group = fcntl(first->group, F_DUPFD_CLOEXEC, 0);
	if (vdev->group < 0)
		return err_from_errno(err, errno, "cannot share a file");
	return open_in_group(vdev, device, err);
}

static int open_one(struct vdev *vdev, const struct device *device, const struct vdev *first,
		    enum vdev_use use, struct err *err)
{
	if (check_openable(device, err))
		return err_device(err, device->name);
	text_copy(vdev->name, sizeof(vdev->name), device->name);
	if (!(first ? open_beside(vdev, device, first, err) :
	      device->holder.kind == HOLDER_NONE ? open_free(vdev, device, use, err) :
		      open_held(vdev, device, use, err)))
		return 0;
	vdev_close(vdev);
	err_wrap(err, "%s", device->name);
	return err_device(err, device->name);
}

int vdev_open(struct vdev *vdev, const struct device *device, enum vdev_use use, struct err *err)
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
