/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/devlink.h"

#include <errno.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/netlink.h"
#include "host/pci_function.h"
#include "host/sysroot.h"
#include "lib/bounded.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define DEVLINK_LIMIT_MS 2000
#define FILL_LIMIT_MS 20000 /* firmware versions take firmware commands, and devlink's lock */

static void take_caps(struct devlink_port *port, const struct nlattr *function)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, function)
		if (mnl_attr_get_type(attribute) == DEVLINK_FUNCTION_CAPS &&
		    mnl_attr_get_payload_len(attribute) >=
			    sizeof(port->caps)) {
			port->has_caps = true;
			memcpy(&port->caps, mnl_attr_get_payload(attribute), sizeof(port->caps));
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
	       table[DEVLINK_ATTR_PORT_PCI_VF_NUMBER] && !(external && mnl_attr_get_u8(external));
}

bool devlink_port_parse(const struct nlmsghdr *message, struct devlink_port *port)
{
	const struct nlattr *table[DEVLINK_ATTR_MAX + 1] = {};

	devlink_parse(message, table);
	if (!is_local_vf(table))
		return false;
	*port = (struct devlink_port){};
	text_copy(port->pf, sizeof(port->pf), mnl_attr_get_str(table[DEVLINK_ATTR_DEV_NAME]));
	port->vf_number = mnl_attr_get_u16(table[DEVLINK_ATTR_PORT_PCI_VF_NUMBER]);
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
		vf->migratable = port->caps.value & DEVLINK_CAP_MIGRATABLE ? TRI_YES : TRI_NO;
	text_copy(vf->migratable_reason, sizeof(vf->migratable_reason), reason);
}

/**
 * struct instance - a PF's devlink
 * @num: errno with which it did not answer
 * @on_core: mlx5_core has the PF, so that it has a devlink, be it out of sight
 */
struct instance {
	char name[BDF_TEXT_SIZE];
	int num;
	bool on_core;
	char fw_version[32];
	char psid[32];
	bool has_mode;
	uint16_t mode;
};

struct port_list {
	struct devlink_port *ports;
	size_t n;
	bool failed;
};

static void take_version(const struct nlattr *version, struct instance *instance)
{
	const char *name = NULL, *value = NULL;
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, version)
		switch (mnl_attr_get_type(attribute)) {
		case DEVLINK_ATTR_INFO_VERSION_NAME:
			name = mnl_attr_get_str(attribute);
			break;
		case DEVLINK_ATTR_INFO_VERSION_VALUE:
			value = mnl_attr_get_str(attribute);
		}
	if (!name || !value)
		return;
	if (!strcmp(name, "fw.psid"))
		text_copy(instance->psid, sizeof(instance->psid), value);
	else if (!strcmp(name, "fw.version"))
		text_copy(instance->fw_version, sizeof(instance->fw_version), value);
}

static int on_info(const struct nlmsghdr *message, void *data)
{
	const struct devlink_query *query = data;
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr)) {
		int type = mnl_attr_get_type(attribute);

		/* What is stored for the next reset is not what runs. */
		if (type == DEVLINK_ATTR_INFO_VERSION_FIXED ||
		    type == DEVLINK_ATTR_INFO_VERSION_RUNNING)
			take_version(attribute, query->data);
	}
	return MNL_CB_OK;
}

static int on_eswitch(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *table[DEVLINK_ATTR_MAX + 1] = {};
	struct instance *instance = ((struct devlink_query *)data)->data;

	devlink_parse(message, table);
	if (table[DEVLINK_ATTR_ESWITCH_MODE]) {
		instance->has_mode = true;
		instance->mode = mnl_attr_get_u16(table[DEVLINK_ATTR_ESWITCH_MODE]);
	}
	return MNL_CB_OK;
}

/* The eswitch's mode only makes a better reason; it takes CAP_NET_ADMIN. */
static void read_instance(struct devlink_talk *talk, struct instance *instance)
{
	int ret = devlink_ask(talk, DEVLINK_CMD_INFO_GET, instance->name, on_info, instance);

	instance->num = ret == -EOPNOTSUPP ? 0 : -ret;
	if (!instance->num)
		devlink_ask(talk, DEVLINK_CMD_ESWITCH_GET, instance->name, on_eswitch, instance);
}

static int on_port(const struct nlmsghdr *message, void *data)
{
	struct port_list *list = ((struct devlink_query *)data)->data;
	struct devlink_port port, *more;

	if (!devlink_port_parse(message, &port))
		return MNL_CB_OK;
	more = reallocarray(list->ports, list->n + 1, sizeof(*more));
	if (!more) {
		list->failed = true;
		return MNL_CB_OK;
	}
	list->ports = more;
	more[list->n++] = port;
	return MNL_CB_OK;
}

static void set_reason(struct device *device, const char *reason)
{
	device->migratable = TRI_UNKNOWN;
	text_copy(device->migratable_reason, sizeof(device->migratable_reason), reason);
}

static const struct devlink_port *find_port(const struct port_list *list, const struct device *vf,
					    const char *pf)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->ports[i].pf, pf) && list->ports[i].vf_number == vf->vf_number)
			return &list->ports[i];
	return NULL;
}

static const char *reason_without_port(const struct instance *instance)
{
	if (instance->num == ENODEV && instance->on_core)
		return "its PF's devlink is in another network namespace: run this command in that one (ip netns exec, or nsenter --net)";
	if (instance->num)
		return "its PF has no devlink: bind the PF to mlx5_core";
	if (!instance->has_mode)
		return "its PF's devlink shows no eswitch, and no port of it";
	if (instance->mode == DEVLINK_ESWITCH_MODE_LEGACY)
		return "its PF's eswitch is in legacy mode, which has no ports of VFs";
	return "its PF's devlink has no port of it";
}

static void fill_migratable(struct device *vf, const struct instance *instance,
			    const struct port_list *list)
{
	const struct devlink_port *port = find_port(list, vf, instance->name);

	if (port)
		devlink_port_judge(port, vf);
	else
		set_reason(vf, reason_without_port(instance));
}

/* The instance of a device's PF; asked when it is not the one of before. */
static void use_instance(struct devlink_talk *talk, struct instance *instance,
			 const struct device *device)
{
	const struct bdf *pf = device->has_pf ? &device->pf : &device->bdf;
	char name[BDF_TEXT_SIZE], driver[64];

	if (!strcmp(instance->name, bdf_format(pf, name)))
		return;
	*instance = (struct instance){};
	text_copy(instance->name, sizeof(instance->name), name);
	instance->on_core = !sysroot_link_name(driver, sizeof(driver), SYSFS_PCI "%s/driver", name) &&
			    !strcmp(driver, DRIVER_MLX5);
	read_instance(talk, instance);
}

static void fill_device(struct devlink_talk *talk, struct instance *instance,
			const struct port_list *list, struct device *device)
{
	if (device->kind == DEVICE_OTHER)
		return;
	use_instance(talk, instance, device);
	text_copy(device->fw_version, sizeof(device->fw_version), instance->fw_version);
	text_copy(device->psid, sizeof(device->psid), instance->psid);
	if (device_pf_is_elsewhere(device))
		set_reason(device, "its PF, whose devlink has it, is not on this host");
	else if (device->kind == DEVICE_VF)
		fill_migratable(device, instance, list);
}

static void all_unknown(struct device *devices, size_t n, const char *reason)
{
	for (size_t i = 0; i < n; i++)
		if (devices[i].kind == DEVICE_VF)
			set_reason(&devices[i], reason);
}

static int list_ports(struct devlink_talk *talk, struct port_list *list, struct err *err)
{
	int ret = devlink_dump(talk, DEVLINK_CMD_PORT_GET, on_port, list);

	if (!ret && !list->failed)
		return 0;
	return err_from_errno(err, ret ? -ret : ENOMEM,
			      "reading the ports of devlink%s%s",
			      *talk->words ? ": " : "", talk->words);
}

/* ENOENT: no family of that name. */
static const char *reason_without_talk(int num, char *words, size_t size)
{
	if (num == ENOENT)
		return "the kernel has no devlink";
	snprintf(words, size, "devlink cannot be asked: %s", strerror(num));
	return words;
}

static int ask_devlink(struct device *devices, size_t n, struct err *err)
{
	CLEANUP(devlink_end) struct devlink_talk *talk = devlink_begin();
	struct instance instance = {};
	struct port_list list = {};
	char words[128];

	if (!talk) {
		all_unknown(devices, n, reason_without_talk(errno, words, sizeof(words)));
		return 0;
	}
	if (list_ports(talk, &list, err)) {
		all_unknown(devices, n, err->message);
		free(list.ports);
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		fill_device(talk, &instance, &list, &devices[i]);
	free(list.ports);
	return 0;
}

struct question {
	struct device *devices;
	size_t n;
};

/* struct answer - the devices with what devlink has of them, or why there is nothing */
struct answer {
	struct err err;
	struct device devices[];
};

/* In the child, whose devices are a copy. */
static int answer_question(size_t i, const void *arg, void *result)
{
	const struct question *question = arg;
	struct answer *answer = result;

	ask_devlink(question->devices, question->n, &answer->err);
	memcpy(answer->devices, question->devices, question->n * sizeof(*answer->devices));
	return 0;
}

static void take_answer(struct device *device, const struct device *answer)
{
	memcpy(device->fw_version, answer->fw_version, sizeof(device->fw_version));
	memcpy(device->psid, answer->psid, sizeof(device->psid));
	device->migratable = answer->migratable;
	memcpy(device->migratable_reason, answer->migratable_reason,
	       sizeof(device->migratable_reason));
}

static int say_no_answer(struct device *devices, size_t n, int num, struct err *err)
{
	if (num == -ETIMEDOUT)
		err_set(err, ERR_BUSY, 0, "devlink has not answered in %d s", FILL_LIMIT_MS / 1000);
	else
		err_from_errno(err, -num, "asking devlink");
	all_unknown(devices, n, err->message);
	return -1;
}

int devlink_fill(struct device *devices, size_t n, struct err *err)
{
	const struct question question = { .devices = devices, .n = n };
	size_t size = sizeof(struct answer) + n * sizeof(struct device);
	AUTO_FREE struct answer *answer = malloc(size);
	int num;

	if (!sysroot_is_host()) {
		all_unknown(devices, n, "devlink of a captured host cannot be asked");
		return 0;
	}
	if (!answer)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n);
	bounded_each(1, answer_question, &question, answer, size, &num, FILL_LIMIT_MS);
	if (num)
		return say_no_answer(devices, n, num, err);
	for (size_t i = 0; i < n; i++)
		take_answer(&devices[i], &answer->devices[i]);
	*err = err_is_set(err) ? *err : answer->err;
	return err_is_set(&answer->err) ? -1 : 0;
}

bool devlink_parse_ethernet(const struct nlmsghdr *message, char name[BDF_TEXT_SIZE])
{
	const struct nlattr *table[DEVLINK_ATTR_MAX + 1] = {};

	devlink_parse(message, table);
	if (!table[DEVLINK_ATTR_DEV_NAME] || !table[DEVLINK_ATTR_PORT_TYPE] ||
	    mnl_attr_get_u16(table[DEVLINK_ATTR_PORT_TYPE]) != DEVLINK_PORT_TYPE_ETH)
		return false;
	text_copy(name, BDF_TEXT_SIZE, mnl_attr_get_str(table[DEVLINK_ATTR_DEV_NAME]));
	return true;
}

/* struct ethernet_search - @ethernet: of each of @n devices, whether it has such a port */
struct ethernet_search {
	const char (*names)[DEVICE_NAME_SIZE];
	size_t n;
	bool *ethernet;
};

static int on_any_port(const struct nlmsghdr *message, void *data)
{
	const struct ethernet_search *search = ((struct devlink_query *)data)->data;
	char name[BDF_TEXT_SIZE];

	if (devlink_parse_ethernet(message, name))
		for (size_t i = 0; i < search->n; i++)
			search->ethernet[i] |= !strcmp(search->names[i], name);
	return MNL_CB_OK;
}

static int search_ethernet(size_t i, const void *arg, void *result)
{
	CLEANUP(devlink_end) struct devlink_talk *talk = devlink_begin();
	struct ethernet_search search = *(const struct ethernet_search *)arg;

	search.ethernet = result;
	return talk ? devlink_dump(talk, DEVLINK_CMD_PORT_GET, on_any_port, &search) : -errno;
}

void devlink_find_ethernet(const char (*names)[DEVICE_NAME_SIZE], size_t n, bool *ethernet)
{
	const struct ethernet_search search = { .names = names, .n = n };
	int num;

	memset(ethernet, 0, n * sizeof(*ethernet));
	if (n && sysroot_is_host())
		bounded_each(1, search_ethernet, &search, ethernet, n * sizeof(*ethernet), &num,
			     DEVLINK_LIMIT_MS);
}
