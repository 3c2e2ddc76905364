/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saving: the state of devices into images. */
#ifndef MIGRATE_SAVE_H
#define MIGRATE_SAVE_H

#include "image/writer.h"
#include "json/progress.h"
#include "lib/err.h"
#include "migrate/transfer.h"
#include "vfio/open.h"

/**
 * struct save_plan - how to save
 * @image: raw and zstd_level are the caller's to set
 * @use: VDEV_CHANGE or VDEV_LIVE: the device of a VMM, too, whose guest is paused
 * @then: where the devices are left when all went well; with @has_then
 * @precopy: read what can be read while the devices run, up to @precopy_limits
 * @precopy_where_offered: a device without PRE_COPY is saved without; else it
 *           is refused
 * @tool: our version, for device.json
 */
struct save_plan {
	struct image_options image;
	bool overwrite;
	enum vdev_use use;
	bool has_then;
	enum device_state then;
	bool precopy;
	bool precopy_where_offered;
	struct precopy_limits precopy_limits;
	const char *tool;
	progress_fn progress;
	void *progress_data;
};

/**
 * save_devices - save @n devices, each into its file
 * @devices: resolved, with their holders
 * @paths: one for each device, "-" for stdout; kept in the results
 * @results: one for each device, zeroed; filled also on failure
 *
 * Every device is pre-copied, where that is asked for, and brought to
 * RUNNING_P2P (or PRE_COPY_P2P), where it has it, before any stops, and all
 * stand still until the last has been saved; then each goes back to where it
 * came from, or to @then. Files are synced and get their names after that. On a
 * failure or a signal every device goes back to where it came from
 * and no file appears. One that somebody else has moved meanwhile is left
 * alone, and that is the failure: ERR_BUSY. A device in RESUMING is refused, since it holds no
 * whole state. 0 or -1.
 */
int save_devices(const struct device *devices, char *const *paths, size_t n,
		 const struct save_plan *options, struct transfer_result *results, struct err *err)
	__attribute__((nonnull(1, 2, 4, 5, 6)));

#endif
