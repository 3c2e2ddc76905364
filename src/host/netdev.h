/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a network interface in use, itself or through an interface above it? */
#ifndef HOST_NETDEV_H
#define HOST_NETDEV_H

#include <limits.h>
#include <stddef.h>

#define NETDEV_NAME_SIZE 16

/**
 * struct netdev_use - one way in which a netdev is in use
 * @through: the child through which it is in use, or the bond, bridge or the like that it belongs to; or empty
 * @words: "is up", "belongs to bond0", "is in use through eth0.5, which is up"
 * @remedy: the command that ends it; empty: there is none
 */
struct netdev_use {
	char through[NETDEV_NAME_SIZE];
	char words[160];
	char remedy[96];
};

/** netdev_use_fn - what netdev_each_use() calls */
typedef void (*netdev_use_fn)(const struct netdev_use *use, void *data);

/**
 * netdev_each_use - call @fn for each way in which a netdev is in use
 * @dir: its directory below the root
 * @name: its name
 *
 * It is up, belongs to a master, or carries an IPv4 or IPv6 address: the first
 * of these; and each child (VLAN, macvlan, P_Key and the like), however far
 * above it, of which one of these is true. Of a captured host only what sysfs
 * and /proc/net/if_inet6 show is known, so no IPv4 address.
 */
void netdev_each_use(const char *dir, const char *name, netdev_use_fn fn, void *data)
	__attribute__((nonnull(1, 2, 3)));

#endif
