/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pass over the open files of all processes: part of sys/holder. */
#ifndef SYS_SEARCH_H
#define SYS_SEARCH_H

#include <sys/stat.h>

#include "lib/err.h"
#include "model/process.h"

#define HOLDER_COMM "mlxmigctl-hold" /* what `mlxmigctl hold` calls itself (PR_SET_NAME) */
#define TOOL_COMM "mlxmigctl" /* ... and every other command */
#define HOLDER_MARK HOLDER_COMM ":%s" /* the name of its file that says that a device is held */

/**
 * search_holders - fill the holder of each of @n devices
 * @holdings: gets all that have one of them, or an iommufd, open; NULL: they do not matter
 *
 * See holder_find() and holder_list(). 0 or -1.
 */
int search_holders(struct device *devices, size_t n,
		   struct holdings *holdings, struct err *err)
	__attribute__((nonnull(4)));

/** search_is_file - is a file that was looked at (stat) the device's group or cdev, as sysfs numbers it? */
bool search_is_file(const struct stat *st, const struct device *device,
		    bool is_cdev) __attribute__((nonnull(1, 2)));

#endif
