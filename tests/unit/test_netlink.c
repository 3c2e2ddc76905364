/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces as the kernel lists them: include/uapi/linux/if_link.h. */
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "check.h"
#include "host/netlink.h"

static char buffer[4096];

static struct nlmsghdr *begin_link(uint16_t type)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	return message;
}

static void a_netdev_has_a_name_and_the_device_it_belongs_to(void)
{
	struct nlmsghdr *message = begin_link(RTM_NEWLINK);
	struct netlink_link link;

	mnl_attr_put_u32(message, IFLA_MTU, 1500);
	mnl_attr_put_strz(message, IFLA_IFNAME, "eth0");
	mnl_attr_put_strz(message, IFLA_PARENT_DEV_NAME, "0000:3b:00.2");
	mnl_attr_put_strz(message, IFLA_PARENT_DEV_BUS_NAME, "pci");
	mnl_attr_put_u32(message, IFLA_MAX + 20, 1);
	CHECK(netlink_parse_link(message, &link));
	CHECK_STR(link.name, "eth0");
	CHECK_STR(link.parent, "0000:3b:00.2");
}

static void a_netdev_of_no_device_has_no_parent(void)
{
	struct nlmsghdr *message = begin_link(RTM_NEWLINK);
	struct netlink_link link = { "before", "before" };

	mnl_attr_put_strz(message, IFLA_IFNAME, "lo");
	CHECK(netlink_parse_link(message, &link));
	CHECK_STR(link.name, "lo");
	CHECK_STR(link.parent, "");
}

static void what_is_no_netdev_is_passed_over(void)
{
	struct nlmsghdr *message = begin_link(RTM_DELLINK);
	struct netlink_link link;

	mnl_attr_put_strz(message, IFLA_IFNAME, "eth0");
	CHECK(!netlink_parse_link(message, &link));
	message = begin_link(RTM_NEWLINK);
	mnl_attr_put_strz(message, IFLA_PARENT_DEV_NAME, "0000:3b:00.2");
	CHECK(!netlink_parse_link(message, &link));
	message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = RTM_NEWLINK;
	CHECK(!netlink_parse_link(message, &link));
}

static void a_text_that_does_not_end_is_passed_over(void)
{
	struct nlmsghdr *message = begin_link(RTM_NEWLINK);
	struct netlink_link link;

	mnl_attr_put(message, IFLA_PARENT_DEV_NAME, 4, "0000");
	mnl_attr_put_strz(message, IFLA_IFNAME, "eth0");
	CHECK(netlink_parse_link(message, &link));
	CHECK_STR(link.parent, "");
}

static void find_lo(const struct netlink_link *link, void *data)
{
	*(bool *)data |= !strcmp(link->name, "lo");
}

static void the_kernel_lists_its_netdevs(void)
{
	bool found = false;

	CHECK_INT(netlink_each_link(find_lo, &found), 0);
	CHECK(found);
}

int main(void)
{
	CASE(a_netdev_has_a_name_and_the_device_it_belongs_to);
	CASE(a_netdev_of_no_device_has_no_parent);
	CASE(what_is_no_netdev_is_passed_over);
	CASE(a_text_that_does_not_end_is_passed_over);
	CASE(the_kernel_lists_its_netdevs);
	return CHECK_DONE();
}
