/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VFIO device fd, however it was come by: the one door into VFIO. */
#ifndef VFIO_OPEN_H
#define VFIO_OPEN_H

#include <stdbool.h>

#include "host/device.h"
#include "lib/err.h"

/**
 * struct vdev - an open device
 * @fd: the device's file; ioctls of vfio/migration go here
 * @borrowed: it is a holder's; else it was opened, and so reset, by us
 * @lender: whose it is; of kind HOLDER_NONE unless @borrowed
 * @container, @group: of the way by group, else -1
 * @iommufd: of the way by cdev, else -1
 */
struct vdev {
	char name[DEVICE_NAME_SIZE];
	int fd;
	int container;
	int group;
	int iommufd;
	bool borrowed;
	struct holder lender;
};

#define VDEV_INIT { .fd = -1, .container = -1, .group = -1, .iommufd = -1 }

/*
 * What a device is opened for, and whose it may be besides free and
 * mlxmigctl hold's:
 */
enum vdev_use {
	VDEV_READ,   /* nothing is changed: anybody's */
	VDEV_CHANGE, /* its state is: nobody else's, and the hint is --live */
	VDEV_LIVE,   /* its state is, as the user says with --live: anybody's */
	VDEV_OWN,    /* what no VMM would survive: nobody else's */
	VDEV_FRESH,  /* to be kept open: nobody's, mlxmigctl hold's neither */
};

/**
 * vdev_open - borrow @device from whoever has it open, or open it when it is free
 *
 * A free device is opened by its cdev where the kernel has one (BIND_IOMMUFD
 * and an empty IOAS), else by group and a type 1 container; that resets it.
 * A borrowed one is another file of the same device, from the holder's group,
 * or its holder's very own, of a cdev; it is not reset. Fails with ERR_BUSY,
 * the holder's name and pid in the message, when @use does not go with who has
 * it, or only its group is open (struct holder: idle), and with what holder_borrow() says; ERR_NOT_VF, ERR_NOT_BOUND, ERR_WRONG_DRIVER (not a
 * driver of VFIO), ERR_NO_IOMMU, ERR_NO_VFIO, ERR_PERMISSION say what is
 * missing.
 */
int vdev_open(struct vdev *vdev, const struct device *device, enum vdev_use use,
	      struct err *err) __attribute__((nonnull(1, 2, 4)));

/**
 * vdev_open_all - open @n devices, all or none
 * @vdevs: @n of them, to be closed by the caller one by one with vdev_close()
 *
 * As vdev_open() on each. Devices that share an IOMMU group, which can be opened once
 * only, share its file.
 */
int vdev_open_all(struct vdev *vdevs, const struct device *devices, size_t n,
		  enum vdev_use use, struct err *err)
	__attribute__((nonnull(1, 2, 5)));

/** vdev_is_live - is it the device of a program that does not know of us: a VMM's? */
bool vdev_is_live(const struct vdev *vdev) __attribute__((nonnull(1)));

/** vdev_is_kept - does whom @vdev was borrowed from still have it, so that it outlives us? Looks again. */
bool vdev_is_kept(const struct vdev *vdev, const struct device *device)
	__attribute__((nonnull(1, 2)));

/** vdev_close - close what is open; harmless on VDEV_INIT and twice */
void vdev_close(struct vdev *vdev) __attribute__((nonnull(1)));

#define AUTO_VDEV __attribute__((cleanup(vdev_close)))

/**
 * struct device_access - a device that a command has open
 * @lender: who had it open, and from whom it was borrowed; of kind HOLDER_NONE: the command opened it, which reset it
 * @resets: VFIO says that it is reset when it is closed
 * @has_state: it has a migration state, @state
 * @failure: the firmware command that last failed for it, or empty
 * @warning: that its last holder was killed, or empty
 */
struct device_access {
	char device[DEVICE_NAME_SIZE];
	char driver[64];
	struct holder lender;
	bool resets;
	bool has_state;
	enum device_state state;
	struct fw_error failure;
	char warning[160];
};

static inline bool device_access_is_borrowed(const struct device_access *access)
{
	return access->lender.kind != HOLDER_NONE;
}

#endif
