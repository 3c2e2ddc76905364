/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/visit.h"
#include "commands.h"
#include "host/driver_info.h"
#include "lib/text.h"
#include "report/walk.h"
#include "vfio/migration.h"

enum { KEY_RATE = 0x300 };

struct caps_options {
	uint64_t rate;
};

static const struct argp_option options[] = {
	{ "rate", KEY_RATE, "SIZE", 0,
	  "estimate for how long a save would stop the device, if it moved SIZE a second, whatever its driver has measured", 0 },
	{}
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct caps_options *caps = data;

	if (key != KEY_RATE)
		return ARGP_ERR_UNKNOWN;
	if (!text_size(arg, &caps->rate) && caps->rate)
		return 0;
	err_set(err, ERR_USAGE, 0, "--rate: %s is no number of bytes a second",
		arg);
	return err_hint(err, "a size is a number of bytes, or of larger units: 900M, 2G");
}

static int run(const struct request *request, struct reply *reply,
	       struct err *err)
{
	const struct caps_options *caps = request->options;
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	struct caps_result result = { .rate = caps->rate };
	struct err verdict = ERR_INIT;
	struct device device;

	if (visit_begin(request->operands[0], VDEV_READ, &vdev,
			&result.visit, &device, &result.caps, err) ||
	    mig_caps_read(&vdev, &result.caps, err) ||
	    mig_features_read(&vdev, &result.features, err))
		return -1;
	rates_read(device.name, &result.measured);
	/* That a device cannot migrate is an answer here, not a failure. */
	if (mig_require(&device, &result.caps, &verdict))
		text_copy(result.verdict, sizeof(result.verdict),
			  verdict.message);
	reply->document = report_caps(&result);
	return 0;
}

static const char *const feature_columns[] = { "feature=@", "operations=", NULL };

#define ESTIMATE "stopped_estimate"

static const struct text_part text[] = {
	TEXT_LINE("device", "{device}[, borrowed from {lender.name} (pid {lender.pid})][, {access?opened=opened, and so reset, for this}]"),
	TEXT_LINE("driver", "{driver}"),
	TEXT_LINE("migration", "{migration.offered?yes=offered;no=not offered}[: {migration.reason}]"),
	TEXT_LINE("states", "{migration.states}"),
	TEXT_LINE("state", "{state}"),
	TEXT_LINE("dirty pages", "{migration.dma_logging?yes=the device can log what it writes;no=the device logs none}"),
	TEXT_LINE("size of the state", "{stop_copy_bytes|size}, by its driver's estimate"),
	TEXT_LINE("a save stops it for", "{" ESTIMATE ".duration_ns|time}, about, without pre-copy, at {" ESTIMATE ".bytes_per_second|size} a second[, {" ESTIMATE ".rate_from?option=which was given;driver=as in its last save}]"),
	TEXT_LINE("a save stops it for", "a time that is not known: {" ESTIMATE ".reason}"),
	TEXT_LINE("last save", "{measured.save_bytes_per_second|size} a second in the firmware"),
	TEXT_LINE("last load", "{measured.load_bytes_per_second|size} a second in the firmware"),
	TEXT_LINE("vfio", "{vfio.flags}, {vfio.regions} regions, {vfio.irqs} interrupts"),
	{ .label = "warning", .show = "{}", .each = "warnings" },
	{ .each = "features", .columns = feature_columns },
	{}
};

const struct command command_caps = {
	.name = "caps",
	.operand_words = "DEVICE",
	.summary = "probe what a device's driver offers for migration",
	.description =
		"Asks VFIO for every feature that it knows, one by one: the "
		"migration states, the size of the state, the tracking of "
		"dirty pages, low power, reset. A device held by mlxmigctl "
		"hold is borrowed from it; a free one is opened, which resets "
		"it.",
	.options = options,
	.operands = { OPERAND_DEVICE },
	.min_operands = 1,
	.max_operands = 1,
	.options_size = sizeof(struct caps_options),
	.parse = parse,
	.run = run,
	.text = text,
};
