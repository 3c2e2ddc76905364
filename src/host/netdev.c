/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/netdev.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "host/sysroot.h"
#include "lib/bounded.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define SYSFS_NET "/sys/class/net"
#define ADDRESS_SIZE 64
#define ADDRESS_LIMIT_MS 2000
#define OVS_MASTER "ovs-system" /* of all ports of Open vSwitch, which keeps its own list of them */
#define HEIGHT_MAX 8 /* the kernel's own limit of netdevs above each other */

static bool format_address(const struct sockaddr *address, char *text, size_t size)
{
	if (!address)
		return false;
	if (address->sa_family == AF_INET)
		return inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text,
				 (socklen_t)size);
	if (address->sa_family == AF_INET6)
		return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text,
				 (socklen_t)size);
	return false;
}

/* In a child: the kernel answers with its one lock of all netdevs held. */
static int ask_address(size_t n, const void *arg, void *result)
{
	struct ifaddrs *list = NULL;
	bool found = false;

	if (getifaddrs(&list))
		return -errno;
	for (struct ifaddrs *i = list; i && !found; i = i->ifa_next)
		found = !strcmp(i->ifa_name, arg) &&
			format_address(i->ifa_addr, result, ADDRESS_SIZE);
	freeifaddrs(list);
	return 0;
}

/* An address of which nothing is known counts as one. */
static bool host_address(const char *netdev, char text[ADDRESS_SIZE])
{
	int num;

	bounded_each(1, ask_address, netdev, text, ADDRESS_SIZE, &num, ADDRESS_LIMIT_MS);
	if (num == -ETIMEDOUT)
		text_copy(text, ADDRESS_SIZE, "(unknown: the kernel has not answered)");
	return *text;
}

static bool parse_digits(const char digits[33], struct in6_addr *address)
{
	for (size_t i = 0; i < sizeof(address->s6_addr); i++)
		if (sscanf(digits + 2 * i, "%2hhx", &address->s6_addr[i]) != 1)
			return false;
	return true;
}

/* A line of if_inet6: 32 hex digits, index, prefix length, scope, flags, name. */
static bool captured_address(const char *netdev, char text[ADDRESS_SIZE])
{
	char line[128], digits[33], name[IF_NAMESIZE];
	struct in6_addr address;
	AUTO_FILE FILE *file = sysroot_fopen("/proc/net/if_inet6");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%32s %*s %*s %*s %*s %15s", digits, name) ==
			    2 &&
		    !strcmp(name, netdev))
			return parse_digits(digits, &address) &&
			       inet_ntop(AF_INET6, &address, text, ADDRESS_SIZE);
	return false;
}

static bool has_address(const char *netdev, char text[ADDRESS_SIZE])
{
	return sysroot_is_host() ? host_address(netdev, text) : captured_address(netdev, text);
}

/*
 * A master that is a device's, such as a VF's synthetic netdev of Hyper-V
 * (hv_netvsc) or virtio's of a failover pair, has joined the netdev by its
 * driver; ip link set nomaster does not part them. A bond or bridge is no device.
 */
static void find_master_use(const char *name, const char *master, struct netdev_use *use)
{
	char driver[64] = "", device[64], word[OPERAND_SIZE];

	text_copy(use->through, sizeof(use->through), master);
	if (!sysroot_link_name(device, sizeof(device), SYSFS_NET "/%s/device", master)) {
		sysroot_link_name(driver, sizeof(driver), SYSFS_NET "/%s/device/driver", master);
		snprintf(use->words, sizeof(use->words), "belongs to %s by that one's driver%s%s",
			 use->through, *driver ? " " : "", driver);
		return;
	}
	snprintf(use->words, sizeof(use->words), "belongs to %s", use->through);
	snprintf(use->remedy, sizeof(use->remedy),
		 strcmp(master, OVS_MASTER) ? "ip link set %s nomaster" : "ovs-vsctl del-port %s",
		 text_shell_word(word, name, "INTERFACE"));
}

/* The first of what it does itself; false: nothing. */
static bool find_own_use(const char *dir, const char *name, struct netdev_use *use)
{
	char text[ADDRESS_SIZE], buf[OPERAND_SIZE];
	const char *word = text_shell_word(buf, name, "INTERFACE");
	long flags;

	*use = (struct netdev_use){};
	if (!sysroot_read_long(&flags, "%s/flags", dir) && flags & IFF_UP) {
		snprintf(use->words, sizeof(use->words), "is up");
		snprintf(use->remedy, sizeof(use->remedy), "ip link set %s down", word);
	} else if (!sysroot_link_name(text, sizeof(text), "%s/master", dir)) {
		find_master_use(name, text, use);
	} else if (has_address(name, text)) {
		snprintf(use->words, sizeof(use->words), "carries the address %s", text);
		snprintf(use->remedy, sizeof(use->remedy), "ip address flush dev %s", word);
	}
	return *use->words;
}

/* struct ascent - the netdevs above one, as far as they have been followed */
struct ascent {
	netdev_use_fn fn;
	void *data;
	int height;
};

static void climb(struct ascent *ascent, const char *dir, const char *name);

static void take_child(struct ascent *ascent, const char *child)
{
	struct netdev_use own, use;
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), SYSFS_NET "/%s", child);
	if (!find_own_use(dir, child, &own)) {
		climb(ascent, dir, child);
		return;
	}
	use = own;
	text_copy(use.through, sizeof(use.through), child);
	text_format(use.words, sizeof(use.words), "is in use through %s, which %s", use.through,
		    own.words);
	ascent->fn(&use, ascent->data);
}

/* A master is above its port too, and is no child of it. */
static void climb_uppers(struct ascent *ascent, const char *dir)
{
	CLEANUP(sysroot_entries_free) struct sysroot_entries entries = sysroot_list("%s", dir);
	char master[NETDEV_NAME_SIZE];

	if (sysroot_link_name(master, sizeof(master), "%s/master", dir))
		*master = '\0';
	for (size_t i = 0; i < entries.n; i++) {
		const char *upper = text_starts(entries.list[i]->d_name, "upper_");

		if (upper && strcmp(upper, master))
			take_child(ascent, upper);
	}
}

/*
 * A P_Key child is no upper of its parent. One that was made through sysfs
 * names it; one that was made with ip(8) has its number.
 */
static bool is_pkey_child(const char *child, const char *parent, long parent_index)
{
	char name[NETDEV_NAME_SIZE];
	long type, link, index;

	if (!strcmp(child, parent))
		return false;
	if (sysroot_read(name, sizeof(name), SYSFS_NET "/%s/parent", child) > 0)
		return !strcmp(name, parent);
	return !sysroot_read_long(&type, SYSFS_NET "/%s/type", child) &&
	       type == ARPHRD_INFINIBAND &&
	       !sysroot_read_long(&link, SYSFS_NET "/%s/iflink", child) &&
	       !sysroot_read_long(&index, SYSFS_NET "/%s/ifindex", child) &&
	       link != index && link == parent_index;
}

static void climb_pkeys(struct ascent *ascent, const char *dir, const char *name)
{
	struct sysroot_entries entries;
	long type, index;

	if (sysroot_read_long(&type, "%s/type", dir) || type != ARPHRD_INFINIBAND)
		return;
	if (sysroot_read_long(&index, "%s/ifindex", dir))
		index = -1;
	entries = sysroot_list(SYSFS_NET);
	for (size_t i = 0; i < entries.n; i++)
		if (is_pkey_child(entries.list[i]->d_name, name, index))
			take_child(ascent, entries.list[i]->d_name);
	sysroot_entries_free(&entries);
}

static void climb(struct ascent *ascent, const char *dir, const char *name)
{
	if (ascent->height == HEIGHT_MAX)
		return;
	ascent->height++;
	climb_uppers(ascent, dir);
	climb_pkeys(ascent, dir, name);
	ascent->height--;
}

void netdev_each_use(const char *dir, const char *name, netdev_use_fn fn, void *data)
{
	struct ascent ascent = { .fn = fn, .data = data };
	struct netdev_use use;

	if (find_own_use(dir, name, &use))
		fn(&use, data);
	climb(&ascent, dir, name);
}
