/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device nodes below /dev, and whether they are what sysfs calls so. */
#ifndef VFIO_NODE_H
#define VFIO_NODE_H

#include <stdbool.h>

#include "lib/err.h"

/**
 * struct node - a device node, and where sysfs has its number
 * @path: "/dev/vfio/40"
 * @class, @name: /sys/class/<class>/<name>/dev is its number: "vfio", "40"
 */
struct node {
	const char *path;
	const char *class;
	const char *name;
};

/** node_exists - has the kernel such a device, whatever there is below /dev? */
bool node_exists(const struct node *node) __attribute__((nonnull(1)));

/** node_is_right - is there a node, of the number that sysfs has (any where it has none)? */
bool node_is_right(const struct node *node) __attribute__((nonnull(1)));

/**
 * node_open - open a node for reading and writing, once it is known to be the right one
 *
 * The fd; else -errno, with @err set but for EBUSY: ERR_NO_VFIO for a node
 * that is missing or of another number (a stale one may be any device), and
 * where VFIO is not loaded; else what err_from_errno() makes of it.
 */
int node_open(const struct node *node, struct err *err) __attribute__((nonnull(1, 2)));

#endif
