/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/sysroot.h"

/* The number that sysfs has; false: it has none. */
static bool read_number(const struct node *node, dev_t *number)
{
	return sysroot_read_device(number, "/sys/class/%s/%s/dev", node->class, node->name);
}

bool node_exists(const struct node *node)
{
	dev_t number;

	return read_number(node, &number);
}

static bool is_number(const struct stat *st, dev_t number)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == number;
}

bool node_is_right(const struct node *node)
{
	struct stat st;
	dev_t number;

	return !stat(node->path, &st) &&
	       (!read_number(node, &number) || is_number(&st, number));
}

static int hint_make(const struct node *node, dev_t number, const char *before, struct err *err)
{
	return err_hint(err, "in a container, pass the host's %s through; on the host: %smknod -m 600 %s c %u %u",
			node->path, before, node->path, major(number), minor(number));
}

static int say_missing(const struct node *node, dev_t number, struct err *err)
{
	err_set(err, ERR_NO_VFIO, ENOENT, "%s is missing, though the kernel has the device (%u:%u)",
		node->path, major(number), minor(number));
	return hint_make(node, number, "", err);
}

static int say_stale(const struct node *node, const struct stat *st, dev_t number, struct err *err)
{
	char before[64];

	if (S_ISCHR(st->st_mode))
		err_set(err, ERR_NO_VFIO, 0,
			"%s is stale: it is the node of device %u:%u, and the kernel's is %u:%u",
			node->path, major(st->st_rdev), minor(st->st_rdev), major(number),
			minor(number));
	else
		err_set(err, ERR_NO_VFIO, 0, "%s is no device node: the kernel's device is %u:%u",
			node->path, major(number), minor(number));
	snprintf(before, sizeof(before), "rm %.48s && ", node->path);
	return hint_make(node, number, before, err);
}

/* Without a number in sysfs the module is not loaded: opening the node may load it. */
static int check_node(const struct node *node, struct err *err)
{
	struct stat st;
	dev_t number;

	if (!read_number(node, &number))
		return 0;
	if (stat(node->path, &st))
		return errno == ENOENT ? say_missing(node, number, err) :
					 err_from_errno(err, errno, "%s", node->path);
	return is_number(&st, number) ? 0 : say_stale(node, &st, number, err);
}

static int say_refused(const struct node *node, int num, struct err *err)
{
	switch (num) {
	case EBUSY:
		return -1;
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return err_set(err, ERR_NO_VFIO, num, "%s", node->path);
	}
	err_from_errno(err, num, "%s", node->path);
	if (err->code == ERR_PERMISSION && !geteuid())
		err_hint(err, "root itself is refused the device: have the container's device cgroup permit it, and no nodev where %s is mounted",
			 node->path);
	return -1;
}

int node_open(const struct node *node, struct err *err)
{
	int fd, num;

	if (check_node(node, err))
		return -(err->num ? err->num : ENXIO);
	fd = open(node->path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	num = errno;
	say_refused(node, num, err);
	return -num;
}
