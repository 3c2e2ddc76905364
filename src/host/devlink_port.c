/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/devlink_port.h"

#include <string.h>

#include "lib/text.h"
#include "sys/devlink_talk.h"

static void take_caps(struct devlink_port *port, const struct nlattr *function)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, function)
		if (mnl_attr_get_type(attribute) == DEVLINK_FUNCTION_CAPS &&
		    mnl_attr_get_payload_len(attribute) >=
			    sizeof(port->caps)) {
			port->has_caps = true;
			memcpy(&port->caps, mnl_attr_get_payload(attribute),
			       sizeof(port->caps));
		}
}

/* External ports are of functions of another host (a DPU's). */
static bool is_local_vf(const struct nlattr **table)
{
	const struct nlattr *external = table[DEVLINK_ATTR_PORT_EXTERNAL];

	return table[DEVLINK_ATTR_DEV_NAME] &&
	       table[DEVLINK_ATTR_PORT_FLAVOUR] &&
	       mnl_attr_get_u16(table[DEVLINK_ATTR_PORT_FLAVOUR]) ==
		       DEVLINK_PORT_FLAVOUR_PCI_VF &&
	       table[DEVLINK_ATTR_PORT_PCI_VF_NUMBER] &&
	       !(external && mnl_attr_get_u8(external));
}

bool devlink_port_parse(const struct nlmsghdr *message,
			struct devlink_port *port)
{
	const struct nlattr *table[DEVLINK_ATTR_MAX + 1] = {};

	devlink_parse(message, table);
	if (!is_local_vf(table))
		return false;
	*port = (struct devlink_port){};
	text_copy(port->pf, sizeof(port->pf),
		  mnl_attr_get_str(table[DEVLINK_ATTR_DEV_NAME]));
	port->vf_number =
		mnl_attr_get_u16(table[DEVLINK_ATTR_PORT_PCI_VF_NUMBER]);
	if (table[DEVLINK_ATTR_PORT_FUNCTION])
		take_caps(port, table[DEVLINK_ATTR_PORT_FUNCTION]);
	return true;
}

void devlink_port_judge(const struct devlink_port *port, struct device *vf)
{
	const char *reason = "";

	vf->migratable = TRI_UNKNOWN;
	if (!port->has_caps)
		reason = "its port tells no capabilities: the kernel is older than 6.2, or the firmware does not manage them";
	else if (!(port->caps.selector & DEVLINK_CAP_MIGRATABLE))
		reason = "the firmware does not offer it";
	else
		vf->migratable = port->caps.value & DEVLINK_CAP_MIGRATABLE ?
					 TRI_YES :
					 TRI_NO;
	text_copy(vf->migratable_reason, sizeof(vf->migratable_reason),
		  reason);
}
