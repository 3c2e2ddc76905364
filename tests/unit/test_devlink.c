/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports as the kernel tells them: include/uapi/linux/devlink.h. */
#include <libmnl/libmnl.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>

#include "check.h"
#include "host/devlink.h"

static char buffer[4096];

static struct nlmsghdr *begin_port(uint16_t flavour)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	mnl_nlmsg_put_extra_header(message, sizeof(struct genlmsghdr));
	mnl_attr_put_strz(message, DEVLINK_ATTR_BUS_NAME, "pci");
	mnl_attr_put_strz(message, DEVLINK_ATTR_DEV_NAME, "0000:3b:00.0");
	mnl_attr_put_u32(message, DEVLINK_ATTR_PORT_INDEX, 65538);
	mnl_attr_put_u16(message, DEVLINK_ATTR_PORT_FLAVOUR, flavour);
	return message;
}

static struct nlmsghdr *begin_vf(uint16_t number)
{
	struct nlmsghdr *message = begin_port(DEVLINK_PORT_FLAVOUR_PCI_VF);

	mnl_attr_put_u16(message, DEVLINK_ATTR_PORT_PCI_PF_NUMBER, 0);
	mnl_attr_put_u16(message, DEVLINK_ATTR_PORT_PCI_VF_NUMBER, number);
	return message;
}

static void put_function(struct nlmsghdr *message, const void *caps, size_t size)
{
	struct nlattr *nest = mnl_attr_nest_start(message, DEVLINK_ATTR_PORT_FUNCTION);

	mnl_attr_put_u8(message, DEVLINK_PORT_FN_ATTR_STATE, 1);
	if (caps)
		mnl_attr_put(message, DEVLINK_FUNCTION_CAPS, size, caps);
	mnl_attr_nest_end(message, nest);
}

/* What a VF with these capabilities is told to be. */
static struct device judge(uint32_t value, uint32_t selector)
{
	struct nla_bitfield32 caps = { value, selector };
	struct nlmsghdr *message = begin_vf(5);
	struct devlink_port port;
	struct device vf = {};

	put_function(message, &caps, sizeof(caps));
	CHECK(devlink_port_parse(message, &port));
	CHECK_STR(port.pf, "0000:3b:00.0");
	CHECK_INT(port.vf_number, 5);
	CHECK(port.has_caps);
	devlink_port_judge(&port, &vf);
	return vf;
}

static void migratable_is_on_or_off(void)
{
	struct device vf = judge(3, 3);

	CHECK_INT(vf.migratable, TRI_YES);
	CHECK_STR(vf.migratable_reason, "");
	vf = judge(1, 3);
	CHECK_INT(vf.migratable, TRI_NO);
	CHECK_STR(vf.migratable_reason, "");
}

static void what_is_not_selected_is_not_off(void)
{
	struct device vf = judge(0, 1);

	CHECK_INT(vf.migratable, TRI_UNKNOWN);
	CHECK_STR(vf.migratable_reason, "the firmware does not offer it");
}

static void a_port_may_tell_no_capabilities(void)
{
	uint32_t half = 2;
	struct device vf = {};
	struct devlink_port port;
	struct nlmsghdr *message = begin_vf(0);

	CHECK(devlink_port_parse(message, &port));
	CHECK(!port.has_caps);
	put_function(message, NULL, 0);
	CHECK(devlink_port_parse(message, &port));
	CHECK(!port.has_caps);
	devlink_port_judge(&port, &vf);
	CHECK_INT(vf.migratable, TRI_UNKNOWN);
	CHECK(strstr(vf.migratable_reason, "6.2") != NULL);
	/* One that is cut short is none. */
	message = begin_vf(0);
	put_function(message, &half, sizeof(half));
	CHECK(devlink_port_parse(message, &port));
	CHECK(!port.has_caps);
}

static void only_vfs_of_this_host_count(void)
{
	struct devlink_port port;
	struct nlmsghdr *message = begin_port(DEVLINK_PORT_FLAVOUR_PHYSICAL);

	CHECK(!devlink_port_parse(message, &port));
	message = begin_port(DEVLINK_PORT_FLAVOUR_PCI_VF);
	CHECK(!devlink_port_parse(message, &port));
	message = begin_vf(1);
	mnl_attr_put_u8(message, DEVLINK_ATTR_PORT_EXTERNAL, 1);
	CHECK(!devlink_port_parse(message, &port));
	message = begin_vf(1);
	mnl_attr_put_u8(message, DEVLINK_ATTR_PORT_EXTERNAL, 0);
	CHECK(devlink_port_parse(message, &port));
}

static void unknown_attributes_are_passed_over(void)
{
	struct nlmsghdr *message = begin_vf(7);
	struct devlink_port port;

	mnl_attr_put_u32(message, DEVLINK_ATTR_MAX + 20, 1);
	CHECK(devlink_port_parse(message, &port));
	CHECK_INT(port.vf_number, 7);
}

static void an_ethernet_port_belongs_to_its_instance(void)
{
	struct nlmsghdr *message = begin_port(DEVLINK_PORT_FLAVOUR_VIRTUAL);
	char name[BDF_TEXT_SIZE] = "";

	mnl_attr_put_u16(message, DEVLINK_ATTR_PORT_TYPE, DEVLINK_PORT_TYPE_ETH);
	CHECK(devlink_parse_ethernet(message, name));
	CHECK_STR(name, "0000:3b:00.0");
}

/* An InfiniBand port, one that has no type yet, and one of a kernel that does not report it. */
static void other_ports_are_no_ethernet_ports(void)
{
	struct nlmsghdr *message = begin_port(DEVLINK_PORT_FLAVOUR_VIRTUAL);
	char name[BDF_TEXT_SIZE] = "";

	CHECK(!devlink_parse_ethernet(message, name));
	mnl_attr_put_u16(message, DEVLINK_ATTR_PORT_TYPE, DEVLINK_PORT_TYPE_IB);
	CHECK(!devlink_parse_ethernet(message, name));
	message = begin_port(DEVLINK_PORT_FLAVOUR_VIRTUAL);
	mnl_attr_put_u16(message, DEVLINK_ATTR_PORT_TYPE, DEVLINK_PORT_TYPE_NOTSET);
	CHECK(!devlink_parse_ethernet(message, name));
	CHECK_STR(name, "");
}

int main(void)
{
	CASE(migratable_is_on_or_off);
	CASE(what_is_not_selected_is_not_off);
	CASE(a_port_may_tell_no_capabilities);
	CASE(only_vfs_of_this_host_count);
	CASE(unknown_attributes_are_passed_over);
	CASE(an_ethernet_port_belongs_to_its_instance);
	CASE(other_ports_are_no_ethernet_ports);
	return CHECK_DONE();
}
