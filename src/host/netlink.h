/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversations with the kernel by netlink: devlink, and the names of network interfaces. */
#ifndef HOST_NETLINK_H
#define HOST_NETLINK_H

#include <libmnl/libmnl.h>
#include <linux/devlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#define NETLINK_MESSAGE_SIZE 32768 /* a part of a dump may have this size */

/**
 * struct devlink_talk - a socket to devlink
 * @words: the kernel's own explanation (extended ack) of the last failure
 */
struct devlink_talk {
	struct mnl_socket *socket;
	uint16_t family;
	uint32_t sequence;
	char words[256];
	char buffer[NETLINK_MESSAGE_SIZE];
};

/** struct devlink_query - what the handler of an answer gets as its data */
struct devlink_query {
	struct devlink_talk *talk;
	void *data;
};

/** devlink_begin - the caller's, or NULL with errno where the kernel has no devlink */
struct devlink_talk *devlink_begin(void);

/** devlink_end - for CLEANUP() */
void devlink_end(struct devlink_talk **talk) __attribute__((nonnull(1)));

/** devlink_ask - @command about the PF @pf ("0000:3b:00.0"); 0 or -errno */
int devlink_ask(struct devlink_talk *talk, uint8_t command, const char *pf,
		mnl_cb_t on_answer, void *data)
	__attribute__((nonnull(1, 3)));

/** devlink_dump - @command about everything; 0 or -errno */
int devlink_dump(struct devlink_talk *talk, uint8_t command,
		 mnl_cb_t on_answer, void *data) __attribute__((nonnull(1)));

/** devlink_parse - an answer's attributes by type into @table, of DEVLINK_ATTR_MAX + 1, zeroed */
void devlink_parse(const struct nlmsghdr *message, const struct nlattr **table)
	__attribute__((nonnull(1, 2)));

/**
 * netlink_altname - find the netdev that has the alternative name @altname
 * @netdev: takes its own name
 *
 * 0 or -errno: -ENODEV where no netdev of this network namespace has it.
 */
int netlink_altname(const char *altname, char netdev[IFNAMSIZ]) __attribute__((nonnull(1, 2)));

/** struct netlink_link - a netdev; @parent: the device that it belongs to ("0000:3b:00.2"), or empty */
struct netlink_link {
	char name[16];
	char parent[64];
};

/** netlink_parse_link - an answer to RTM_GETLINK; false when it is no netdev with a name */
bool netlink_parse_link(const struct nlmsghdr *message, struct netlink_link *link)
	__attribute__((nonnull(1, 2)));

/** netlink_each_link - call @fn for each netdev of this process's network namespace; 0 or -errno */
int netlink_each_link(void (*fn)(const struct netlink_link *link, void *data), void *data)
	__attribute__((nonnull(1)));

#endif
