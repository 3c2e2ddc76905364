/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A walk that moves data: states, some of them with a file. */
#ifndef MIGRATE_STEP_FILES_H
#define MIGRATE_STEP_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"
#include "migrate/load.h"
#include "migrate/save.h"
#include "vfio/open.h"

/* A walk as it is said: DEVICE, and states, some of them with a file. */

/**
 * struct step_result - a walk; @access.state is where it ended
 * @files: what became of each file, @n_files of them; not owned
 * @lost: the device was reset out of RESUMING: it holds no state any more
 * @closed_fd: an arc gave a data fd, which was closed: the session that the
 *             device has now can be neither read nor written
 */
struct step_result {
	struct device_access access;
	enum device_state origin;
	struct walk walk;
	bool closed_fd;
	struct transfer_result *files;
	size_t n_files;
	bool lost;
};

/**
 * steps_parse - DEVICE and @n operands STATE or STATE=FILE
 * @steps: room for ARCS_MAX; their files point into the operands' text
 *
 * ERR_USAGE for what is no state, for a file where no data is, for sessions
 * that are not ended, and for files that are named twice. The same state twice
 * is no arc, but may be said. 0 or -1.
 */
int steps_parse(char *const *operands, size_t n, struct step_target *steps,
		struct err *err) __attribute__((nonnull(1, 3, 4)));

/** steps_count_files - how many have a file */
size_t steps_count_files(const struct step_target *steps, size_t n) __attribute__((nonnull(1)));

/** steps_load - is one of the files loaded? */
bool steps_load(const struct step_target *steps, size_t n) __attribute__((nonnull(1)));

/** steps_write_stdout - is one of the files that are written standard output ("-")? */
bool steps_write_stdout(const struct step_target *steps, size_t n) __attribute__((nonnull(1)));

/**
 * struct step_files_plan - how its files are written and read
 * @out: image, overwrite, use, tool, progress
 * @in: force, use, overwrite_guest, progress
 */
struct step_files_plan {
	struct save_plan out;
	struct load_plan in;
};

/**
 * step_files_run - walk a device, and move what the files of the steps are for
 * @vdev: VDEV_INIT; the device is opened there, the caller's to close
 * @steps: as steps_parse() has them, @n of them
 * @result: @files is room for one of each file; filled also on failure
 *
 * Files to be read are checked, and those to be written are opened, before
 * the device is; one that an earlier step writes is checked when its
 * step comes. What was written gets its name when all is done, or when a
 * later step reads it. After a failure or a signal the device goes back to
 * where it came from, by a reset out of RESUMING that the walk has entered, and
 * out of ERROR after that; where a load was complete, to STOP. What has no name
 * yet does not stay. 0 or -1.
 */
int step_files_run(const struct device *device, struct vdev *vdev, const struct step_target *steps,
		   size_t n, const struct step_files_plan *options, struct step_result *result,
		   struct err *err)
	__attribute__((nonnull(1, 2, 3, 5, 6, 7)));

#endif
