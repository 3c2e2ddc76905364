/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has a VFIO device open: read from /proc/PID/fd. */
#ifndef VFIO_HOLDERS_H
#define VFIO_HOLDERS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "host/device.h"
#include "lib/err.h"
#include "vfio/process.h"

#define HOLDER_COMM "mlxmigctl-hold" /* what `mlxmigctl hold` calls itself (PR_SET_NAME) */
#define TOOL_COMM "mlxmigctl" /* ... and every other command */
#define HOLDER_MARK HOLDER_COMM ":%s" /* the name of its file that says that a device is held */

/**
 * holder_find - fill @device->holder
 *
 * Looks for an open /dev/vfio/<group> or /dev/vfio/devices/<cdev> in every
 * process that can be read; ours is left out. Of several, mlxmigctl hold goes
 * before all others, and any other command of mlxmigctl, which has borrowed
 * it, behind them. A mlxmigctl hold that has the group open for
 * another device of it is HOLDER_OTHER. Where nobody was found and a process
 * could not be read, or may be hidden, @device->holder.unsure tells. 0 or -1.
 */
int holder_find(struct device *device, struct err *err) __attribute__((nonnull(1, 2)));

/** holder_find_all - holder_find() for @n devices in one pass over the processes */
int holder_find_all(struct device *devices, size_t n, struct err *err) __attribute__((nonnull(3)));

/**
 * holder_list - holder_find_all(), and everybody who has one of the devices open, or an iommufd
 * @holdings: is added to, and the caller's to free, whatever is returned; NULL: they do not matter
 */
int holder_list(struct device *devices, size_t n, struct holdings *holdings, struct err *err)
	__attribute__((nonnull(4)));

/**
 * holder_still_has - does @holder have it open?
 * @holder: who had it once, be it the first that holder_find() finds or not; a
 *          mlxmigctl hold that lends it no more does not
 */
bool holder_still_has(const struct device *device, const struct holder *holder)
	__attribute__((nonnull(1, 2)));

/**
 * holder_has_open - @device->holder has the group's file: the device's, too?
 *
 * TRI_UNKNOWN: neither the kernel's word on the holder's files (from 6.18 on)
 * nor sysfs, for a PCI device, tells.
 */
enum tristate holder_has_open(const struct device *device) __attribute__((nonnull(1)));

/** holder_is_alone - has VFIO no other device of @device's IOMMU group? */
bool holder_is_alone(const struct device *device) __attribute__((nonnull(1)));

/**
 * holder_announce - say that this process holds @n open devices, and lends them
 * @marks: @n, each -1: take files that holder_withdraw() closes
 *
 * It takes HOLDER_COMM as its name, and a file for each device whose name
 * tells which: a group's file alone does not say which of its devices is
 * meant. 0 or -1.
 */
int holder_announce(const struct device *devices, int *marks, size_t n,
		    struct err *err) __attribute__((nonnull(1, 2, 4)));

/** holder_withdraw - lend nothing any more; who has borrowed something is found by holder_find(); fine when nothing was announced */
void holder_withdraw(int *marks, size_t n) __attribute__((nonnull(1)));

/** holder_unseen - somebody has, or may have, the device open, and cannot be seen: the error that says why (proc_access_explain_hidden()); returns -1 */
int holder_unseen(struct err *err) __attribute__((nonnull(1)));

/**
 * holder_guest - what the guest in @holder is called, as libvirt or QEMU's -name has it
 *
 * Fills @name, cut if it is too long; empty: it is no VMM, has no name, or is gone.
 */
void holder_guest(const struct holder *holder, char *name, size_t size)
	__attribute__((nonnull(1, 2)));

/**
 * holder_borrow - a duplicate of the holder's file
 *
 * By pidfd_getfd(2): the group's or cdev's open file, owned by the caller,
 * checked to be the file that was found, of the process in which it was. The
 * fd, or -1 with @err set: ERR_HOLDER_GONE when either is another by now, or
 * a mlxmigctl hold is about to end, ERR_HOLDER_HIDDEN, and what proc_access_explain_refusal() makes of a refusal.
 */
int holder_borrow(const struct device *device, struct err *err) __attribute__((nonnull(1, 2)));

#endif
