/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/netdev.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

static bool format_address(const struct sockaddr *address, char *text,
			   size_t size)
{
	if (!address)
		return false;
	if (address->sa_family == AF_INET)
		return inet_ntop(AF_INET,
				 &((const struct sockaddr_in *)address)->sin_addr,
				 text, (socklen_t)size);
	if (address->sa_family == AF_INET6)
		return inet_ntop(AF_INET6,
				 &((const struct sockaddr_in6 *)address)->sin6_addr,
				 text, (socklen_t)size);
	return false;
}

static bool host_address(const char *netdev, char *text, size_t size)
{
	struct ifaddrs *list = NULL;
	bool found = false;

	if (getifaddrs(&list))
		return false;
	for (struct ifaddrs *i = list; i && !found; i = i->ifa_next)
		found = !strcmp(i->ifa_name, netdev) &&
			format_address(i->ifa_addr, text, size);
	freeifaddrs(list);
	return found;
}

/* A line of if_inet6: 32 hex digits, index, prefix length, scope, flags, name. */
static bool captured_address(const char *netdev, char *text, size_t size)
{
	char path[PATH_MAX], line[128], digits[33], name[IF_NAMESIZE];
	AUTO_FILE FILE *file = NULL;

	if (!root_path(path, "/proc/net/if_inet6"))
		file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%32s %*s %*s %*s %*s %15s", digits, name) ==
			    2 &&
		    !strcmp(name, netdev))
			return !text_format(text, size, "%s", digits);
	return false;
}

static bool has_address(const char *netdev, char *text, size_t size)
{
	return root_is_host() ? host_address(netdev, text, size) :
				captured_address(netdev, text, size);
}

static int require_idle(const struct device *device, const char *netdev,
			struct err *err)
{
	char text[INET6_ADDRSTRLEN + 1];
	long flags;

	if (!root_read_long(&flags, "/sys/bus/pci/devices/%s/net/%s/flags",
			    device->name, netdev) &&
	    flags & IFF_UP) {
		err_set(err, ERR_NETDEV_BUSY, 0, "its netdev %s is up", netdev);
		return err_hint(err, "ip link set %s down, or use --force",
				netdev);
	}
	if (!root_link_name(text, sizeof(text),
			    "/sys/bus/pci/devices/%s/net/%s/master",
			    device->name, netdev)) {
		err_set(err, ERR_NETDEV_BUSY, 0, "its netdev %s belongs to %s",
			netdev, text);
		return err_hint(err, "ip link set %s nomaster, or use --force",
				netdev);
	}
	if (has_address(netdev, text, sizeof(text))) {
		err_set(err, ERR_NETDEV_BUSY, 0,
			"its netdev %s carries the address %s", netdev, text);
		return err_hint(err, "ip address flush dev %s, or use --force",
				netdev);
	}
	return 0;
}

int netdev_require_idle(const struct device *device, struct err *err)
{
	for (size_t i = 0; i < device->n_netdevs; i++)
		if (require_idle(device, device->netdevs[i], err))
			return err_device(err, device->name);
	return 0;
}
