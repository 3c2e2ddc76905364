/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One lock for each device whose driver is changed, in /run/mlxmigctl. For this room alone; see vfio/bind.h. */
#ifndef VFIO_BIND_LOCK_H
#define VFIO_BIND_LOCK_H

#include <stddef.h>

#include "host/device.h"
#include "lib/err.h"

/**
 * bind_lock_all - keep other calls away from @n devices
 * @fds: @n, -1 each; takes the files, the caller's to close. One stays -1
 *	where /run cannot be written, and so has no locks
 *
 * Waits LOCK_WAIT_MS for each, then ERR_BUSY. A lock lasts as long as any
 * process has its file open, by fork(2) a child too. 0 or -1; what is locked on
 * failure is the caller's to close too.
 */
int bind_lock_all(const struct device *devices, size_t n, int *fds, struct err *err)
	__attribute__((nonnull(1, 3, 4)));

/** bind_lock_write_owner - the process that other calls name while they wait is this one */
void bind_lock_write_owner(const int *fds, size_t n) __attribute__((nonnull(1)));

/** bind_lock_remove - remove the files' names, by one process alone, when all is done; they stay locked */
void bind_lock_remove(const struct device *devices, size_t n) __attribute__((nonnull(1)));

#endif
