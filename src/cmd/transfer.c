/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/transfer.h"

#include <string.h>
#include <unistd.h>

#include "cmd/device.h"
#include "host/devlink.h"
#include "image/writer.h"
#include "lib/text.h"

#define ZSTD_LEVEL 3 /* zstd's own default */

const char *const transfer_text_phases[] = {
	"phase=@", "bytes", "members", "duration=duration_ns|time",
	"rate=bytes,duration_ns|rate", NULL
};

const char *const transfer_text_rounds[] = {
	"initial=initial_bytes", "dirty=dirty_bytes", "bytes",
	"duration=duration_ns|time", "rate=bytes,duration_ns|rate", NULL
};

const struct text_part transfer_text_device[] = {
	TEXT_LINE("device", "{device}[, borrowed from {lender.name} (pid {lender.pid})][, {access?opened=opened, and so reset, for this}]"),
	{}
};

const struct text_part transfer_text_stream[] = {
	TEXT_LINE("file", "{file} ({format}[, {compressed?yes=compressed}][, {file_bytes|size}])"),
	TEXT_LINE("stream", "{bytes|size}[, {records.count} records][, {records.complete?no=incomplete}]"),
	TEXT_LINE("digest", "{xxh3_128}"),
	TEXT_LINE("verified", "{verify_ns|time}, before the device was touched"),
	TEXT_LINE("took", "{duration_ns|time}"),
	TEXT_LINE("pre-copy", "{precopy.duration_ns|time}[, until {precopy.ended_by?dirty=little was left;rounds=the rounds were used up;time=the time was}], {precopy.dirty_bytes_left|size} dirty then"),
	TEXT_LINE("stopped", "{stopped_ns|time}" TEXT_STOPPED_PARTS("stopped")),
	TEXT_LINE("state", "{state}, from {from}"),
	{ .label = "warning", .show = "{}", .each = "warnings" },
	{ .each = "phases", .columns = transfer_text_phases },
	{ .each = "precopy.rounds", .columns = transfer_text_rounds, .some = true },
	{}
};

int then_parse(const char *arg, enum device_state *then, struct err *err)
{
	if (!fsm_state_parse(arg, then) &&
	    (*then == STATE_STOP || *then == STATE_RUNNING ||
	     *then == STATE_RUNNING_P2P))
		return 0;
	err_set(err, ERR_USAGE, 0, "--then: a device is not left in %s", arg);
	return err_hint(err, "leave it in STOP, RUNNING or RUNNING_P2P");
}

/* Without its firmware's version a state can still be moved. */
static void ask_firmware(struct device *devices, size_t n,
			 struct outcome *outcomes)
{
	struct err err = ERR_INIT;

	if (!devlink_fill(devices, n, &err))
		return;
	for (size_t i = 0; i < n; i++)
		outcome_warn(&outcomes[i], "its firmware is unknown: %s",
			     err.message);
}

int transfer_resolve(char **names, size_t n, struct device *devices,
		     struct outcome *outcomes, struct err *err)
{
	struct inventory inventory = {};
	int ret = devices_resolve(&inventory, names, n, devices, err);

	for (size_t i = 0; i < n && !ret; i++)
		ret = device_require_vf(&devices[i], err);
	if (!ret)
		ask_firmware(devices, n, outcomes);
	inventory_free(&inventory);
	return ret;
}

static bool looks_like_device(char *name)
{
	struct err untold = ERR_INIT;
	struct device device;
	struct bdf bdf;

	return !bdf_parse(name, &bdf) || !device_resolve(name, &device, &untold);
}

/* PF/vf0 has a slash too, but it is no such folder's file. */
static bool looks_like_file(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *last = slash ? slash + 1 : name;
	struct bdf bdf;

	if (!bdf_parse(name, &bdf))
		return false;
	return !strcmp(name, "-") || !access(name, F_OK) || *name == '/' ||
	       strchr(last, '.');
}

int transfer_hint_order(const char *command, char **operands, struct err *err)
{
	if (!looks_like_file(operands[0]) || !looks_like_device(operands[1]))
		return -1;
	*err->hint = '\0';
	return err_hint(err, "the device comes first: mlxmigctl %s %s %s",
			command, operands[1], operands[0]);
}

int zstd_parse(const char *arg, int *level, struct err *err)
{
	uint64_t number = ZSTD_LEVEL;

	if (arg && (text_u64(arg, 10, &number) || !number ||
		    number > IMAGE_ZSTD_LEVEL_MAX))
		return err_set(err, ERR_USAGE, 0,
			       "--zstd: a level is a number from 1 to %d, not %s",
			       IMAGE_ZSTD_LEVEL_MAX, arg);
	*level = (int)number;
	return 0;
}
