/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading: an image or a bare stream into a device. */
#ifndef MIGRATE_LOAD_H
#define MIGRATE_LOAD_H

#include "json/progress.h"
#include "lib/err.h"
#include "migrate/transfer.h"
#include "vfio/open.h"

/**
 * struct load_plan - how to load
 * @force: load although the source's identity does not fit
 * @bare: load content without records and without an image, of which nothing shows that it is a saved state
 * @check_with: a command that must accept the file (checked_file_run()), or NULL
 * @use: VDEV_CHANGE or VDEV_LIVE: the device of a VMM, too, whose guest is paused;
 *       VDEV_FRESH with load_into_device(): the caller keeps the device
 * @overwrite_guest: ... and whose state may be overwritten, and lost
 * @then: where the device is left, in place of STOP; with @has_then
 */
struct load_plan {
	bool force;
	bool bare;
	const char *check_with;
	enum vdev_use use;
	bool overwrite_guest;
	bool has_then;
	enum device_state then;
	progress_fn progress;
	void *progress_data;
};

/**
 * load_device - load @path, "-" for stdin, into @device
 * @device: resolved, with its holder and its PF's firmware
 * @result: zeroed; filled also on failure
 *
 * A regular file is read and checked whole before the device is touched, and
 * then by the command of @options; of a pipe each member is, before it is
 * written. The device is left in STOP, or
 * in @then once the input's end was seen and the device took it all.
 *
 * Only a reset ends RESUMING: after a failure or a signal in the middle the
 * device is reset and taken to the state it came from, and its contents are
 * lost. One that is found in RESUMING is reset first. 0 or -1.
 */
int load_device(const struct device *device, const char *path, const struct load_plan *options,
		struct transfer_result *result, struct err *err)
	__attribute__((nonnull(1, 2, 3, 4, 5)));

/**
 * load_into_device - load_device(), and the device stays open
 * @vdev: it, open already; or VDEV_INIT, and it is opened once all was checked
 *        that can be checked before. The caller's to close, whatever is returned
 *
 * From then on signals are held back (interrupt_begin(), unless the caller
 * has done that), until the caller's interrupt_end().
 */
int load_into_device(const struct device *device, struct vdev *vdev, const char *path,
		     const struct load_plan *options, struct transfer_result *result,
		     struct err *err)
	__attribute__((nonnull(1, 2, 3, 4, 5, 6)));

#endif
