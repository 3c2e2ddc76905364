/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bounded.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define ALTNAME_SIZE 128 /* the kernel's ALTIFNAMSIZ, whose header does not go together with net/if.h */
#define ALTNAME_LIMIT_MS 2000

void devlink_end(struct devlink_talk **talk)
{
	if (*talk && (*talk)->socket)
		mnl_socket_close((*talk)->socket);
	free(*talk);
}

static int take_attribute(const struct nlattr *attribute, void *data)
{
	const struct nlattr **table = data;
	unsigned int type = mnl_attr_get_type(attribute);

	if (type <= DEVLINK_ATTR_MAX)
		table[type] = attribute;
	return MNL_CB_OK;
}

void devlink_parse(const struct nlmsghdr *message, const struct nlattr **table)
{
	mnl_attr_parse(message, sizeof(struct genlmsghdr), take_attribute, table);
}

static void keep_words(struct devlink_talk *talk, const struct nlmsghdr *message,
		       const struct nlmsgerr *error)
{
	const struct nlattr *attribute;
	size_t skip = sizeof(*error);

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		skip += mnl_nlmsg_get_payload_len(&error->msg);
	mnl_attr_for_each(attribute, message, skip)
		if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG)
			text_copy(talk->words, sizeof(talk->words), mnl_attr_get_str(attribute));
}

static int on_error(const struct nlmsghdr *message, void *data)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	struct devlink_query *query = data;

	if (!error->error)
		return MNL_CB_STOP;
	keep_words(query->talk, message, error);
	errno = -error->error;
	return MNL_CB_ERROR;
}

static struct nlmsghdr *begin_message(struct devlink_talk *talk, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(talk->buffer);
	struct genlmsghdr *generic;

	message->nlmsg_type = talk->family;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_seq = ++talk->sequence;
	generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
	generic->cmd = command;
	generic->version = 1;
	return message;
}

/* Sends @message and hands each answer to @on_answer; 0 or -errno. */
static int send_message(struct devlink_talk *talk, const struct nlmsghdr *message,
			mnl_cb_t on_answer, void *data)
{
	static mnl_cb_t control[] = { [NLMSG_ERROR] = on_error };
	struct devlink_query query = { .talk = talk, .data = data };
	unsigned int port = mnl_socket_get_portid(talk->socket);
	uint32_t sequence = talk->sequence;
	int ret = MNL_CB_OK;

	*talk->words = '\0';
	if (mnl_socket_sendto(talk->socket, message, message->nlmsg_len) < 0)
		return -errno;
	while (ret > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(talk->socket, talk->buffer, sizeof(talk->buffer));

		if (len < 0)
			return -errno;
		ret = mnl_cb_run2(talk->buffer, (size_t)len, sequence, port, on_answer, &query,
				  control, ARRAY_SIZE(control));
	}
	return ret < 0 ? -errno : 0;
}

static int on_family(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *table[DEVLINK_ATTR_MAX + 1] = {};
	struct devlink_query *query = data;

	devlink_parse(message, table);
	if (table[CTRL_ATTR_FAMILY_ID])
		query->talk->family = mnl_attr_get_u16(table[CTRL_ATTR_FAMILY_ID]);
	return MNL_CB_OK;
}

static int find_family(struct devlink_talk *talk)
{
	struct nlmsghdr *message;

	talk->family = GENL_ID_CTRL;
	message = begin_message(talk, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, DEVLINK_GENL_NAME);
	return send_message(talk, message, on_family, NULL);
}

/* A socket to that family; NULL with errno. */
static struct devlink_talk *begin_talk(int family)
{
	CLEANUP(devlink_end) struct devlink_talk *talk = calloc(1, sizeof(*talk));

	if (!talk)
		return NULL;
	talk->socket = mnl_socket_open2(family, SOCK_CLOEXEC);
	if (!talk->socket || mnl_socket_bind(talk->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return NULL;
	return TAKE_PTR(talk);
}

struct devlink_talk *devlink_begin(void)
{
	CLEANUP(devlink_end) struct devlink_talk *talk = begin_talk(NETLINK_GENERIC);
	int on = 1, ret;

	if (!talk)
		return NULL;
	/* Kernels that lack them only explain less. */
	mnl_socket_setsockopt(talk->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(talk->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	ret = find_family(talk);
	if (ret) {
		errno = -ret;
		return NULL;
	}
	return TAKE_PTR(talk);
}

int devlink_ask(struct devlink_talk *talk, uint8_t command, const char *pf,
		mnl_cb_t on_answer, void *data)
{
	struct nlmsghdr *message = begin_message(talk, command, NLM_F_ACK);

	mnl_attr_put_strz(message, DEVLINK_ATTR_BUS_NAME, "pci");
	mnl_attr_put_strz(message, DEVLINK_ATTR_DEV_NAME, pf);
	return send_message(talk, message, on_answer, data);
}

int devlink_dump(struct devlink_talk *talk, uint8_t command, mnl_cb_t on_answer, void *data)
{
	return send_message(talk, begin_message(talk, command, NLM_F_DUMP), on_answer, data);
}

static int on_altname(const struct nlmsghdr *message, void *data)
{
	char *netdev = ((struct devlink_query *)data)->data;
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct ifinfomsg))
		if (mnl_attr_get_type(attribute) == IFLA_IFNAME)
			text_copy(netdev, IFNAMSIZ, mnl_attr_get_str(attribute));
	return MNL_CB_OK;
}

static int ask_link(const char *altname, char *netdev)
{
	CLEANUP(devlink_end) struct devlink_talk *talk = begin_talk(NETLINK_ROUTE);
	struct nlmsghdr *message;
	int ret;

	if (!talk)
		return -errno;
	message = mnl_nlmsg_put_header(talk->buffer);
	message->nlmsg_type = RTM_GETLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	message->nlmsg_seq = ++talk->sequence;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_ALT_IFNAME, altname);
	ret = send_message(talk, message, on_altname, netdev);
	if (ret)
		return ret;
	return *netdev ? 0 : -ENODEV;
}

static int ask_piece(size_t i, const void *arg, void *result)
{
	return ask_link(arg, result);
}

/* By a child: the kernel answers with its one lock of all netdevs held. */
int netlink_altname(const char *altname, char netdev[IFNAMSIZ])
{
	int ret;

	if (!*altname || strlen(altname) >= ALTNAME_SIZE)
		return -ENODEV;
	bounded_each(1, ask_piece, altname, netdev, IFNAMSIZ, &ret, ALTNAME_LIMIT_MS);
	return ret;
}

bool netlink_parse_link(const struct nlmsghdr *message, struct netlink_link *link)
{
	const struct nlattr *attribute;

	*link = (struct netlink_link){};
	if (message->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(struct ifinfomsg))
		return false;
	mnl_attr_for_each(attribute, message, sizeof(struct ifinfomsg)) {
		int type = mnl_attr_get_type(attribute);

		if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) < 0)
			continue;
		if (type == IFLA_IFNAME)
			text_copy(link->name, sizeof(link->name), mnl_attr_get_str(attribute));
		else if (type == IFLA_PARENT_DEV_NAME)
			text_copy(link->parent, sizeof(link->parent), mnl_attr_get_str(attribute));
	}
	return *link->name;
}

/* struct link_dump - a handler of links, and what it gets */
struct link_dump {
	void (*fn)(const struct netlink_link *link, void *data);
	void *data;
};

static int on_link(const struct nlmsghdr *message, void *data)
{
	const struct link_dump *dump = data;
	struct netlink_link link;

	if (netlink_parse_link(message, &link))
		dump->fn(&link, dump->data);
	return MNL_CB_OK;
}

static void close_socket(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

int netlink_each_link(void (*fn)(const struct netlink_link *link, void *data), void *data)
{
	CLEANUP(close_socket) struct mnl_socket *socket =
		mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	AUTO_FREE char *buffer = malloc(NETLINK_MESSAGE_SIZE);
	struct link_dump dump = { .fn = fn, .data = data };
	struct nlmsghdr *message;
	int ret = MNL_CB_OK;

	if (!socket || !buffer || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return buffer ? -errno : -ENOMEM;
	message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = RTM_GETLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = 1;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	while (ret > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(socket, buffer, NETLINK_MESSAGE_SIZE);

		if (len < 0)
			return -errno;
		ret = mnl_cb_run(buffer, (size_t)len, 1, mnl_socket_get_portid(socket), on_link,
				 &dump);
	}
	return ret < 0 ? -errno : 0;
}
