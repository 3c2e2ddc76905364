/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devlink port of a VF, and what it tells of it. */
#ifndef HOST_DEVLINK_PORT_H
#define HOST_DEVLINK_PORT_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/device.h"

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
bool devlink_port_parse(const struct nlmsghdr *message,
			struct devlink_port *port)
	__attribute__((nonnull(1, 2)));

/**
 * devlink_port_judge - sets @vf's migratable, or its reason
 *
 * A capability that the selector leaves out is not off: it is not offered.
 */
void devlink_port_judge(const struct devlink_port *port, struct device *vf)
	__attribute__((nonnull(1, 2)));

#endif
