/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/device.h"
#include "commands.h"
#include "host/device.h"
#include "host/devlink.h"
#include "host/fw_error.h"
#include "host/iommu_group.h"
#include "host/pci_function.h"
#include "host/users.h"
#include "image/record.h"
#include "json/document.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "vfio/hold_marker.h"
#include "vfio/holder_find.h"
#include "vfio/process.h"

static void add_identity(json_t *object, const struct device *device)
{
	char pf[BDF_TEXT_SIZE] = "";

	if (device->has_pf)
		bdf_format(&device->pf, pf);
	json_object_set_new(object, "device", document_string(device->name));
	json_object_set_new(object, "kind", json_string(device_kind_name(device->kind)));
	json_object_set_new(object, "pf", document_text(pf));
	json_object_set_new(object, "vf_number", document_number(device->vf_number));
	json_object_set_new(object, "total_vfs", document_number(device->total_vfs));
	json_object_set_new(object, "num_vfs", document_number(device->num_vfs));
	json_object_set_new(object, "product", document_text(device->product));
	json_object_set_new(object, "mdev_type", document_text(device->mdev_type));
	json_object_set_new(object, "numa_node", document_number(device->numa_node));
	json_object_set_new(object, "fw_version", document_text(device->fw_version));
	json_object_set_new(object, "psid", document_text(device->psid));
}

/* A device that is on no PCI bus has no ids. */
static void add_ids(json_t *object, const struct device *device)
{
	bool has = device->vendor_id;

	json_object_set_new(object, "vendor_id", has ? document_hex16(device->vendor_id) : json_null());
	json_object_set_new(object, "device_id", has ? document_hex16(device->device_id) : json_null());
	json_object_set_new(object, "subsystem_vendor_id", has ? document_hex16(device->subsystem_vendor_id) : json_null());
	json_object_set_new(object, "subsystem_id", has ? document_hex16(device->subsystem_id) : json_null());
	json_object_set_new(object, "revision", has ? json_integer(device->revision) : json_null());
}

static void add_interfaces(json_t *object, const struct device *device)
{
	json_t *netdevs = json_array(), *rdma = json_array();

	for (size_t i = 0; i < device->n_netdevs; i++)
		json_array_append_new(netdevs, document_string(device->netdevs[i]));
	for (size_t i = 0; i < device->n_rdma; i++)
		json_array_append_new(rdma, document_string(device->rdma[i]));
	json_object_set_new(object, "netdevs", netdevs);
	json_object_set_new(object, "rdma_devices", rdma);
}

static void add_process(json_t *object, const struct process *process)
{
	json_object_set_new(object, "pid", json_integer((json_int_t)process->pid));
	json_object_set_new(object, "name", document_text(process->name));
	json_object_set_new(object, "command", document_text(process->command));
	json_object_set_new(object, "uid", process->has_uid ? json_integer((json_int_t)process->uid) : json_null());
	json_object_set_new(object, "user", document_text(process->user));
	json_object_set_new(object, "guest", document_text(process->guest));
	json_object_set_new(object, "domain", document_text(process->libvirt ? process->guest : ""));
	json_object_set_new(object, "iommufd", json_boolean(process->iommufd));
}

static json_t *holding_of(const struct holding *holding, const struct process *process)
{
	json_t *object = json_object();

	json_object_set_new(object, "kind", json_string(holder_kind_name(holding->kind)));
	add_process(object, process);
	json_object_set_new(object, "via", json_string(holder_file_name(holding->file)));
	json_object_set_new(object, "fd", document_number(holding->fd));
	json_object_set_new(object, "certain", json_boolean(!holding->uncertain));
	return object;
}

/* Who holds it before who has borrowed it, as the one that is "holder". */
static json_t *holders_of(const struct holdings *holdings, size_t device)
{
	static const enum holder_kind order[] = { HOLDER_HOLD, HOLDER_OTHER };
	json_t *array = json_array();

	for (size_t k = 0; k < sizeof(order) / sizeof(*order); k++)
		for (size_t i = 0; i < holdings->n; i++) {
			const struct holding *holding = &holdings->list[i];

			if (holding->device == device && holding->kind == order[k])
				json_array_append_new(array, holding_of(holding,
					&holdings->processes[holding->process]));
		}
	return array;
}

static json_t *migration_of(const struct device *device)
{
	const struct mig_caps *caps = &device->caps;
	uint64_t flags = caps->flags;

	if (!device->probed)
		return json_null();
	return json_pack(
		"{s:s, s:b, s:b, s:b, s:b, s:b, s:o, s:b, s:b, s:o, s:o}",
		"access", device->probe_fresh ? "opened" : "borrowed",
		"fresh", device->probe_fresh,
		"offered", caps->migration,
		"stop_copy", !!(flags & MIG_STOP_COPY),
		"p2p", !!(flags & MIG_P2P),
		"pre_copy", !!(flags & MIG_PRE_COPY),
		"dma_logging", device->probe_fresh ?
			json_boolean(caps->dma_logging) : json_null(),
		"reset", caps->reset,
		"old_protocol", caps->old_protocol,
		"state", caps->device_state ?
			json_string(state_name(caps->state)) : json_null(),
		"stop_copy_bytes", caps->data_size ?
			json_integer((json_int_t)caps->stop_copy_bytes) :
			json_null());
}

static json_t *formats_of(const struct stream_formats *formats)
{
	json_t *reads;

	if (formats->writes == STREAM_UNKNOWN)
		return json_null();
	reads = json_array();
	for (unsigned int format = STREAM_RECORDS; format <= STREAM_BARE; format++)
		if (formats->reads & 1u << format)
			json_array_append_new(reads, json_string(stream_format_name(format)));
	return json_pack("{s:s, s:o}", "writes",
			 stream_format_name(formats->writes), "reads", reads);
}

static void add_verdict(json_t *object, const struct device *device)
{
	json_t *reasons = json_array();

	for (size_t i = 0; i < device->n_reasons; i++)
		json_array_append_new(reasons, document_string(device->reasons[i]));
	json_object_set_new(object, "can_migrate", document_tristate(device->can_migrate));
	json_object_set_new(object, "reasons", reasons);
}

/* Of all devices in its IOMMU group, itself included, the names; null where that is not known. */
static json_t *group_members_of(const struct device *device)
{
	CLEANUP(iommu_group_free) struct iommu_group group = {};
	json_t *names;

	if (device->iommu_group < 0 || iommu_group_read(device->iommu_group, &group))
		return json_null();
	names = json_array();
	for (size_t i = 0; i < group.n; i++)
		json_array_append_new(names, document_string(group.members[i].name));
	return names;
}

static json_t *device_of(const struct device *device, json_t *holders)
{
	json_t *object = json_object();

	add_identity(object, device);
	add_ids(object, device);
	json_object_set_new(object, "driver", document_text(device->driver));
	json_object_set_new(object, "driver_override", document_text(device->driver_override));
	json_object_set_new(object, "iommu_group", document_number(device->iommu_group));
	json_object_set_new(object, "iommu_group_members", group_members_of(device));
	json_object_set_new(object, "iommu_group_obstacle", document_text(device->group_obstacle));
	json_object_set_new(object, "no_iommu", json_boolean(device->no_iommu));
	json_object_set_new(object, "cdev", document_text(device->cdev));
	add_interfaces(object, device);
	json_object_set_new(object, "migratable", document_tristate(device->migratable));
	json_object_set_new(object, "migratable_reason", document_text(device->migratable_reason));
	json_object_set_new(object, "in_use", document_tristate(device_in_use(device)));
	json_object_set_new(object, "in_use_reason", document_text(device->in_use_reason));
	json_object_set_new(object, "holder", holder_json(&device->holder));
	json_object_set_new(object, "holders", holders);
	json_object_set_new(object, "migration", migration_of(device));
	json_object_set_new(object, "migration_reason", document_text(device->probed ? "" : device->probe_reason));
	json_object_set_new(object, "stream_formats", formats_of(&device->formats));
	json_object_set_new(object, "firmware_failure", document_fw_error(&device->failure));
	add_verdict(object, device);
	return object;
}

static json_t *process_of(const struct holdings *holdings, size_t process,
			  const struct device *devices)
{
	json_t *object = json_object(), *names = json_array();

	add_process(object, &holdings->processes[process]);
	for (size_t i = 0; i < holdings->n; i++)
		if (holdings->list[i].process == process)
			json_array_append_new(names, document_string(
				devices[holdings->list[i].device].name));
	json_object_set_new(object, "devices", names);
	return object;
}

static json_t *user_of(const struct user *user, const struct device *devices)
{
	json_t *object = json_object();

	json_object_set_new(object, "device", document_string(devices[user->device].name));
	json_object_set_new(object, "kind", json_string(user_kind_name(user->kind)));
	json_object_set_new(object, "name", document_text(user->name));
	json_object_set_new(object, "through", document_text(user->through));
	json_object_set_new(object, "file", document_text(user->file));
	json_object_set_new(object, "pid", document_nonzero((uint64_t)user->pid));
	json_object_set_new(object, "process", document_text(user->process));
	json_object_set_new(object, "message", document_string(user->words));
	return object;
}

/* In the order of the devices, and of each by kind. */
static json_t *users_of(const struct users *users, const struct device *devices, size_t n)
{
	json_t *array = json_array();

	for (size_t d = 0; d < n; d++)
		for (enum user_kind kind = USER_VDPA; kind < USER_KINDS; kind++)
			for (size_t i = 0; i < users->n; i++) {
				const struct user *user = &users->list[i];

				if (user->device == d && user->kind == kind)
					json_array_append_new(array, user_of(user, devices));
			}
	return array;
}

static json_t *warnings_of(const struct device *devices, size_t n,
			   const struct inventory *unread)
{
	json_t *warnings = json_array();
	char text[512];

	for (size_t i = 0; i < unread->n_skipped; i++) {
		snprintf(text, sizeof(text), "the PCI function %s was skipped: %s",
			 unread->skipped[i].name, unread->skipped[i].reason);
		json_array_append_new(warnings, document_string(text));
	}
	for (size_t i = 0; i < n; i++) {
		if (!*devices[i].warning)
			continue;
		snprintf(text, sizeof(text), "%s: %s", devices[i].name, devices[i].warning);
		json_array_append_new(warnings, document_string(text));
	}
	return warnings;
}

/* status_document - {"devices": […], "processes": […], "users": […], "warnings": […]}: everything that is known of them, and who has them open; see mlxmigctl-status(8) */
static json_t *status_document(const struct device *devices, size_t n,
			       const struct holdings *holdings, const struct users *users,
			       const struct inventory *unread)
{
	json_t *document = document_new("status");
	json_t *array = json_array(), *processes = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, device_of(&devices[i], holders_of(holdings, i)));
	for (size_t i = 0; i < holdings->n_processes; i++)
		json_array_append_new(processes, process_of(holdings, i, devices));
	json_object_set_new(document, "devices", array);
	json_object_set_new(document, "processes", processes);
	json_object_set_new(document, "users", users_of(users, devices, n));
	json_object_set_new(document, "warnings", warnings_of(devices, n, unread));
	return document;
}

struct status_options {
	bool probe;
};

/* struct selection - the devices that are told of, and who has them open; the caller's to free */
struct selection {
	struct device *devices;
	size_t n;
	struct holdings holdings;
	struct users users;
};

static const struct argp_option options[] = {
	{ "probe", 'p', NULL, 0,
	  "Open free devices, which resets them, to read what they offer", 0 },
	{},
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct status_options *status = data;

	if (key != 'p')
		return ARGP_ERR_UNKNOWN;
	status->probe = true;
	return 0;
}

static int select_all(struct inventory *inventory, struct selection *selection, struct err *err)
{
	if (inventory_scan(inventory, err))
		return -1;
	selection->devices = calloc(inventory->n + 1, sizeof(*selection->devices));
	if (!selection->devices)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", inventory->n);
	for (size_t i = 0; i < inventory->n; i++)
		selection->devices[i] = inventory->devices[i];
	selection->n = inventory->n;
	return 0;
}

static int select_named(struct inventory *inventory, const struct request *request,
			struct selection *selection, struct err *err)
{
	selection->n = request->n_operands;
	selection->devices = calloc(selection->n, sizeof(*selection->devices));
	if (!selection->devices)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", selection->n);
	return devices_find(inventory, request->operands, selection->n, selection->devices, err);
}

static int read_devices(struct inventory *inventory, const struct request *request,
			struct selection *selection, struct err *err)
{
	const struct status_options *status = request->options;
	int ret = request->n_operands ? select_named(inventory, request, selection, err) :
					select_all(inventory, selection, err);
	struct err untold = ERR_INIT; /* each VF has it as its reason */

	if (ret || pci_overrides_read(selection->devices, selection->n, err) ||
	    holder_list(selection->devices, selection->n, &selection->holdings, err) ||
	    users_find(selection->devices, selection->n, &selection->users, err))
		return -1;
	devlink_fill(selection->devices, selection->n, &untold);
	for (size_t i = 0; i < selection->n; i++) {
		struct device *device = &selection->devices[i];

		if (device->kind != DEVICE_PF)
			iommu_group_fill(device);
		probe_device(device, status->probe);
		fw_error_last(device->name, &device->failure);
		if (!*device->warning)
			hold_marker_read(device, device->warning, sizeof(device->warning));
		if (!*device->warning && (device->processes_hidden || selection->users.cut) &&
		    users_may_hide(device, false))
			text_copy(device->warning, sizeof(device->warning),
				  "not every process can be looked into: one may use its vDPA or RDMA device");
		device_judge(device, inventory_pf(inventory, device));
	}
	return 0;
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	/* Devices that are named do not depend on what could not be read. */
	const struct inventory none = {};
	struct inventory inventory = {};
	struct selection selection = {};
	int ret = read_devices(&inventory, request, &selection, err);

	if (!ret)
		reply->document = status_document(selection.devices, selection.n,
						  &selection.holdings, &selection.users,
						  request->n_operands ? &none : &inventory);
	users_free(&selection.users);
	holdings_free(&selection.holdings);
	free(selection.devices);
	inventory_free(&inventory);
	return ret;
}

static const char *const columns[] = {
	"device", "kind", "vf_number", "driver", "iommu_group", "netdevs",
	"migratable", "in_use", "migration.state", "can_migrate", NULL
};

static const char *const process_columns[] = {
	"pid", "name", "user=user/uid", "+guest", "+iommufd?yes=yes", "devices",
	NULL
};

static const char *const user_columns[] = { "device", "user=message", NULL };

static const struct text_part text[] = {
	TEXT_LINE("devices", "{devices|count?-=none: this host has no function of an mlx5 adapter}"),
	{ .each = "devices", .columns = columns, .some = true },
	{ .each = "processes", .columns = process_columns, .some = true },
	{ .each = "users", .columns = user_columns, .some = true },
	{ .label = "warning", .show = "{}", .each = "warnings" },
	{ .label = "note", .each = "devices", .once = true,
	  .show = "{in_use?-=IN_USE \"-\": it is not known whether the device is in use, see in_use_reason (-c)}" },
	{ .label = "note", .each = "devices", .once = true,
	  .show = "{migration_reason?" PROBE_REASON_FREE "=a free device is not asked for its state, since opening it resets it (-): hold it (mlxmigctl hold), or have it reset and asked (--probe)}" },
	{}
};

const struct command command_status = {
	.name = "status",
	.operand_words = "[DEVICE...]",
	.summary = "show the mlx5 devices, and whether they can migrate",
	.description =
		"Each PF and VF of mlx5's, or those named: what it is, its driver, IOMMU group and "
		"interfaces, the firmware, the process that has it open, what uses it without VFIO, and whether it "
		"can migrate, with the reasons why not. Nothing is disturbed: what VFIO offers is read from a device "
		"that mlxmigctl hold keeps open; a free one is only opened with --probe, since "
		"that resets it.",
	.options = options,
	.operands = { OPERAND_DEVICE },
	.min_operands = 0,
	.max_operands = -1,
	.options_size = sizeof(struct status_options),
	.parse = parse,
	.run = run,
	.text = text,
};
