/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What uses a VF that is not under VFIO: vDPA, RDMA, network interfaces. */
#ifndef HOST_USERS_H
#define HOST_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/device.h"
#include "lib/err.h"

enum user_kind {
	USER_VDPA,             /* a vDPA device of the VF is in use */
	USER_RDMA,             /* a process has a file of its RDMA device open */
	USER_NETDEV,           /* its netdev is in use */
	USER_NETDEV_NAMESPACE, /* its netdev is in another network namespace */
	USER_KINDS,
};

/** user_kind_name - "vdpa", "rdma", "netdev" or "netdev_namespace" */
const char *user_kind_name(enum user_kind kind);

/**
 * struct user - one use of one VF; texts are empty where they do not apply
 * @device: the VF's index among the devices that were asked for
 * @name: the vDPA device, the RDMA device or the netdev
 * @through: the child of the netdev, its master, or the netdev of the vDPA device
 * @file: the name of the character device ("uverbs2"), or the path of the network namespace
 * @pid: the process that has the file open, or is in the namespace; 0: none is known
 * @process: its name
 * @words: "its netdev eth0 is up"
 * @hint: what ends it
 */
struct user {
	enum user_kind kind;
	size_t device;
	char name[64];
	char through[16];
	char file[64];
	pid_t pid;
	char process[32];
	char words[256];
	char hint[320];
};

/**
 * struct users - freed by users_free()
 * @cut: not every process was looked into for files of vDPA and RDMA, since that took all the time that it may take
 */
struct users {
	struct user *list;
	size_t n;
	bool cut;
};

/** users_free - for CLEANUP(); leaves it empty */
void users_free(struct users *users) __attribute__((nonnull(1)));

/**
 * users_find - find the users of all VFs among @n devices, in one pass over the processes
 * @users: empty; takes the users, of each device by kind in the order of enum user_kind
 *
 * - vDPA: vhost-vdpa-N of a vDPA device below the VF is open, or the virtio
 *   netdev of one is in use, or in another network namespace.
 * - RDMA: uverbsN, umadN or issmN of the VF is open.
 * - A netdev of the VF is in use, see netdev_each_use().
 * - mlx5_core has the VF, which has no netdev here, and one of its devlink port
 *   is in another network namespace. Only on the running host.
 *
 * A process whose files cannot be read is left out; see also @cut. 0 or -1.
 */
int users_find(const struct device *devices, size_t n, struct users *users, struct err *err)
	__attribute__((nonnull(3, 4)));

/** users_find_by_files - users_find() for vDPA and RDMA alone: nothing is asked about netdevs */
int users_find_by_files(const struct device *devices, size_t n, struct users *users,
			struct err *err) __attribute__((nonnull(3, 4)));

/**
 * users_require_none - fail unless device number @device may be taken from its driver
 * @name: of the device
 * @force: only vDPA stands against it
 *
 * The error is about one user; where there are more its hint leads to them.
 * ERR_BUSY for vDPA, whose driver waits without end, and RDMA; ERR_NETDEV_BUSY
 * for a netdev. 0 or -1.
 */
int users_require_none(const struct users *users, size_t device, const char *name, bool force,
		       struct err *err) __attribute__((nonnull(1, 3, 5)));

/** users_may_hide - has @device a file of vDPA, or unless @force of RDMA, that a process which cannot be seen may have open? */
bool users_may_hide(const struct device *device, bool force) __attribute__((nonnull(1)));

#endif
