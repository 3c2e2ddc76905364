/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces that are in other network namespaces than ours. */
#ifndef HOST_NETNS_H
#define HOST_NETNS_H

#include <stddef.h>
#include <sys/types.h>

#include "host/device.h"
#include "host/netdev.h"

/**
 * struct netns_netdev - a netdev in some network namespace
 * @name: empty: none was found
 * @pid: the process with the lowest number whose namespace it is; 0: none
 * @path: the file that leads to the namespace, "/proc/4711/ns/net" or "/run/netns/blue"
 */
struct netns_netdev {
	char name[NETDEV_NAME_SIZE];
	pid_t pid;
	char path[64];
};

/**
 * netns_find - find the netdevs of @n devices in the network namespaces of all processes and in those below /run/netns
 * @names: the devices' addresses
 * @found: @n
 *
 * Takes CAP_SYS_ADMIN; what cannot be entered is left out. Only of the running
 * host. Never waits long: a child process enters the namespaces.
 */
void netns_find(const char (*names)[DEVICE_NAME_SIZE], size_t n, struct netns_netdev *found)
	__attribute__((nonnull(1, 3)));

#endif
