/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "cmd/device.h"
#include "cmd/probe.h"
#include "commands.h"
#include "host/devlink.h"
#include "host/fw_error.h"
#include "lib/cleanup.h"
#include "report/device.h"
#include "vfio/hold_marker.h"
#include "vfio/holders.h"

struct status_options {
	bool probe;
};

/* struct selection - the devices that are told of, and who has them open; the caller's to free */
struct selection {
	struct device *devices;
	size_t n;
	struct holdings holdings;
};

static const struct argp_option options[] = {
	{ "probe", 'p', NULL, 0,
	  "Open free devices, which resets them, to read what they offer", 0 },
	{},
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct status_options *status = data;

	(void)arg;
	(void)err;
	if (key != 'p')
		return ARGP_ERR_UNKNOWN;
	status->probe = true;
	return 0;
}

static int select_all(struct inventory *inventory, struct selection *selection,
		      struct err *err)
{
	if (inventory_scan(inventory, err))
		return -1;
	selection->devices = calloc(inventory->n + 1,
				    sizeof(*selection->devices));
	if (!selection->devices)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices",
			       inventory->n);
	for (size_t i = 0; i < inventory->n; i++)
		selection->devices[i] = inventory->devices[i];
	selection->n = inventory->n;
	return 0;
}

static int select_named(struct inventory *inventory,
			const struct request *request,
			struct selection *selection, struct err *err)
{
	selection->n = request->n_operands;
	selection->devices = calloc(selection->n, sizeof(*selection->devices));
	if (!selection->devices)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices",
			       selection->n);
	return devices_find(inventory, request->operands, selection->n,
			    selection->devices, err);
}

static int look(struct inventory *inventory, const struct request *request,
		struct selection *selection, struct err *err)
{
	const struct status_options *status = request->options;
	int ret = request->n_operands ?
			  select_named(inventory, request, selection, err) :
			  select_all(inventory, selection, err);

	struct err untold = ERR_INIT; /* each VF has it as its reason */

	if (ret || holder_list(selection->devices, selection->n,
			       &selection->holdings, err))
		return -1;
	devlink_fill(selection->devices, selection->n, &untold);
	for (size_t i = 0; i < selection->n; i++) {
		struct device *device = &selection->devices[i];

		probe_device(device, status->probe);
		failure_last(device->name, &device->failure);
		trace_look(device, device->warning, sizeof(device->warning));
		device_judge(device, inventory_pf(inventory, device));
	}
	return 0;
}

static int run(const struct request *request, struct reply *reply,
	       struct err *err)
{
	struct inventory inventory = {};
	struct selection selection = {};
	int ret = look(&inventory, request, &selection, err);

	if (!ret)
		reply->document = report_devices(selection.devices,
						 selection.n,
						 &selection.holdings);
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

static const struct text_part text[] = {
	TEXT_LINE("devices", "{devices|count?-=none: this host has no function of an mlx5 adapter}"),
	{ .each = "devices", .columns = columns, .some = true },
	{ .each = "processes", .columns = process_columns, .some = true },
	{ .label = "warning", .show = "{}", .each = "warnings" },
	{ .label = "note", .each = "devices", .once = true,
	  .show = "{in_use?-=whether a device is in use (-) can be told by root alone, who sees all processes}" },
	{ .label = "note", .each = "devices", .once = true,
	  .show = "{migration_reason?" PROBE_REASON_FREE "=a free device is not asked for its state, since opening it resets it (-): hold it (mlxmigctl hold), or have it reset and asked (--probe)}" },
	{}
};

const struct command command_status = {
	.name = "status",
	.operand_words = "[DEVICE...]",
	.summary = "show the mlx5 devices, and whether they can migrate",
	.description =
		"Each PF and VF of mlx5's, or those named: what it is, its "
		"driver, IOMMU group and interfaces, the firmware, who has it "
		"open, and whether it can migrate, with the reasons why not. "
		"Nothing is disturbed: what VFIO offers is read from a device "
		"that mlxmigctl hold keeps open; a free one is only opened "
		"with --probe, since that resets it.",
	.options = options,
	.operands = { OPERAND_DEVICE },
	.min_operands = 0,
	.max_operands = -1,
	.options_size = sizeof(struct status_options),
	.parse = parse,
	.run = run,
	.text = text,
};
