/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What devlink tells of PFs and of the ports of their VFs (generic netlink). */
#ifndef HOST_DEVLINK_H
#define HOST_DEVLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/device.h"
#include "lib/err.h"

/* The devlink port of a VF, and what it tells of it. */

/* Of Linux 6.2, in include/uapi/linux/devlink.h; older headers lack them. */
#define DEVLINK_FUNCTION_CAPS 4
#define DEVLINK_CAP_MIGRATABLE (1u << 1)

/**
 * struct devlink_port
 * @pf: the devlink instance it belongs to, the PF's address
 * @has_caps: @caps was told: value, and in its selector what is known of it
 */
struct devlink_port {
	char pf[BDF_TEXT_SIZE];
	uint16_t vf_number;
	bool has_caps;
	struct nla_bitfield32 caps;
};

/** devlink_port_parse - an answer to PORT_GET; false when it is no port of a VF of this host */
bool devlink_port_parse(const struct nlmsghdr *message, struct devlink_port *port)
	__attribute__((nonnull(1, 2)));

/**
 * devlink_port_judge - sets @vf's migratable, or its reason
 *
 * A capability that the selector leaves out is not off: it is not offered.
 */
void devlink_port_judge(const struct devlink_port *port, struct device *vf)
	__attribute__((nonnull(1, 2)));

/**
 * devlink_fill - firmware version, PSID, and @migratable of VFs
 * @devices: @n of them, PFs and VFs in any order
 *
 * A VF gets the firmware version and PSID of its PF. Where a VF's migratable
 * cannot be told, its migratable_reason says why; with another root than the
 * host's, devlink is not asked. No privilege is needed. 0, or -1 when the
 * kernel refuses what it should answer, or has not answered after 20 s, its
 * own words in @err and, as the reason, with every VF: nothing else than
 * devlink's part is missing then.
 */
int devlink_fill(struct device *devices, size_t n, struct err *err) __attribute__((nonnull(3)));

/* A VF's own devlink, of the driver that has it. */

/** devlink_parse_ethernet - an answer to PORT_GET: is it an Ethernet port? Then @name is the address of the instance that it belongs to */
bool devlink_parse_ethernet(const struct nlmsghdr *message, char name[BDF_TEXT_SIZE])
	__attribute__((nonnull(1, 2)));

/**
 * devlink_find_ethernet - which of @n devices have an Ethernet port in a devlink instance of their own?
 * @names: their addresses
 * @ethernet: @n; all false where devlink is not there or does not answer
 *
 * A port keeps its type while its netdev is in another network namespace.
 * Never waits long: a child process asks.
 */
void devlink_find_ethernet(const char (*names)[DEVICE_NAME_SIZE], size_t n, bool *ethernet)
	__attribute__((nonnull(1, 3)));

#endif
