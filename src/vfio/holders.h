/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that has a VFIO device open: its announcement, and what can be borrowed from it. */
#ifndef VFIO_HOLDERS_H
#define VFIO_HOLDERS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "host/device.h"
#include "lib/err.h"
#include "vfio/process.h"

#define HOLDER_COMM "mlxmigctl-hold" /* what `mlxmigctl hold` calls itself (PR_SET_NAME) */
#define TOOL_COMM "mlxmigctl" /* ... and every other command */

/** holder_is_alone - has VFIO no other device of @device's IOMMU group? */
bool holder_is_alone(const struct device *device) __attribute__((nonnull(1)));

/**
 * holder_announce - say that this process holds @n open devices, and lends them
 *
 * It writes a marker for each (vfio/hold_marker.h), which tells what its files
 * do not: a group's file alone does not say which of its devices is meant.
 * Then it takes HOLDER_COMM as its name. 0, or -1 with no marker left.
 */
int holder_announce(const struct device *devices, size_t n, struct err *err)
	__attribute__((nonnull(1, 3)));

/** holder_withdraw - lend nothing any more; who has borrowed something is found by holder_find(). The markers stay: the holder removes them once a device is put back */
void holder_withdraw(void);

/**
 * holder_unseen - set the error for a device that is, or may be, open in a process that is not seen
 * @cut: the search for it took too long; else the error is that of proc_access_explain_hidden()
 *
 * Returns -1.
 */
int holder_unseen(bool cut, struct err *err) __attribute__((nonnull(2)));

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
 * a mlxmigctl hold is about to end, ERR_HOLDER_HIDDEN, ERR_BUSY where a single
 * thread has the file and the kernel borrows from processes alone (before Linux
 * 6.9), and what proc_access_explain_refusal() makes of a refusal.
 */
int holder_borrow(const struct device *device, struct err *err) __attribute__((nonnull(1, 2)));

#endif
