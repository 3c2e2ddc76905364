/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/device.h"
#include "commands.h"
#include "host/driver_info.h"
#include "json/document.h"
#include "lib/text.h"
#include "vfio/migration.h"

/*
 * struct caps_result - all that the device's driver offers
 * @reason: why it cannot migrate, or empty
 * @rate: at which its state can be moved while it stands still, in bytes a
 *        second, as the user says; 0: nothing was said
 * @measured: what its driver has measured
 */
struct caps_result {
	struct device_access access;
	struct mig_caps caps;
	struct feature_set features;
	char reason[192];
	uint64_t rate;
	struct measured_rates measured;
};

/* Those that it can be asked into, so not ERROR. */
static json_t *states_of(const struct mig_caps *caps)
{
	json_t *states = json_array();

	for (unsigned int i = STATE_STOP; i < STATE_COUNT; i++)
		if (state_exists(i, caps->flags))
			json_array_append_new(states, json_string(state_name(i)));
	return states;
}

static json_t *migration_of(const struct caps_result *result)
{
	const struct mig_caps *caps = &result->caps;

	return json_pack("{s:b, s:o, s:I, s:b, s:b, s:b, s:o, s:b, s:b}",
			 "offered", caps->migration,
			 "reason", document_text(result->reason),
			 "flags", (json_int_t)caps->flags,
			 "stop_copy", !!(caps->flags & MIG_STOP_COPY),
			 "p2p", !!(caps->flags & MIG_P2P),
			 "pre_copy", !!(caps->flags & MIG_PRE_COPY),
			 "states", states_of(caps),
			 "dma_logging", caps->dma_logging,
			 "old_protocol", caps->old_protocol);
}

static json_t *ops_of(unsigned int ops)
{
	json_t *names = json_array();

	if (ops & FEATURE_GET)
		json_array_append_new(names, json_string("get"));
	if (ops & FEATURE_SET)
		json_array_append_new(names, json_string("set"));
	return names;
}

static json_t *features_of(const struct feature_set *set)
{
	json_t *features = json_object();

	for (unsigned int i = 0; i < FEATURE_COUNT; i++)
		json_object_set_new(features, feature_name(i), ops_of(set->ops[i]));
	return features;
}

static json_t *vfio_of(const struct feature_set *set)
{
	json_t *flags = json_array();

	for (unsigned int bit = 0; bit < 32; bit++) {
		const char *name = device_flag_name(bit);

		if (!(set->vfio_flags & (1u << bit)))
			continue;
		json_array_append_new(flags, name ? json_string(name) : json_sprintf("bit%u", bit));
	}
	return json_pack("{s:o, s:b, s:I, s:I}",
			 "flags", flags,
			 "reset", !!(set->vfio_flags & DEVICE_FLAG_RESET),
			 "regions", (json_int_t)set->n_regions,
			 "irqs", (json_int_t)set->n_irqs);
}

static uint64_t rate_of(const struct caps_result *result)
{
	return result->rate ? result->rate : result->measured.save;
}

/* Why there is no estimate, or NULL. */
static const char *no_estimate(const struct caps_result *result)
{
	if (!result->caps.data_size)
		return "the device does not tell how large its state is";
	if (!rate_of(result))
		return "at which rate it can be saved is not known: it has not been saved since it was bound, or its driver does not tell; an earlier save's stopped.bytes_per_second can be given with --rate";
	return NULL;
}

/* What the user says goes before what was measured. */
static const char *rate_from(const struct caps_result *result)
{
	if (result->rate)
		return "option";
	return result->measured.save ? "driver" : NULL;
}

/* Without pre-copy: what MIG_DATA_SIZE tells is the whole. */
static json_t *estimate_of(const struct caps_result *result)
{
	const char *reason = no_estimate(result);
	double ns = reason ? 0 : (double)result->caps.stop_copy_bytes * 1e9 /
				 (double)rate_of(result);

	return json_pack("{s:o, s:o, s:s?, s:s?}",
			 "duration_ns", reason ? json_null() :
				 json_integer(ns < (double)INT64_MAX ?
						      (json_int_t)ns : INT64_MAX),
			 "bytes_per_second", document_nonzero(rate_of(result)),
			 "rate_from", rate_from(result),
			 "reason", reason);
}

static json_t *caps_document(const struct caps_result *result)
{
	const struct mig_caps *caps = &result->caps;
	json_t *document = device_access_document("caps", &result->access);

	json_object_set_new(document, "migration", migration_of(result));
	json_object_set_new(document, "state", state_json(caps->device_state, caps->state));
	json_object_set_new(document, "stop_copy_bytes",
			    caps->data_size ? json_integer((json_int_t)caps->stop_copy_bytes) :
					      json_null());
	json_object_set_new(document, "stopped_estimate", estimate_of(result));
	json_object_set_new(document, "measured",
			    json_pack("{s:o, s:o}",
				      "save_bytes_per_second", document_nonzero(result->measured.save),
				      "load_bytes_per_second", document_nonzero(result->measured.load)));
	json_object_set_new(document, "features", features_of(&result->features));
	json_object_set_new(document, "vfio", vfio_of(&result->features));
	json_object_set_new(document, "warnings", device_access_warnings(&result->access));
	return document;
}

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
	err_set(err, ERR_USAGE, 0, "--rate: %s is no number of bytes a second", arg);
	return err_hint(err, "a size is a number of bytes, or of larger units: 900M, 2G");
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct caps_options *caps = request->options;
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	struct caps_result result = { .rate = caps->rate };
	struct err why = ERR_INIT;
	struct device device;

	if (device_access_begin(request->operands[0], VDEV_READ, &vdev,
				&result.access, &device, &result.caps, err) ||
	    mig_caps_read(&vdev, &result.caps, err) ||
	    mig_features_read(&vdev, &result.features, err))
		return -1;
	measured_rates_read(device.name, &result.measured);
	/* That a device cannot migrate is an answer here, not a failure. */
	if (mig_require(&device, &result.caps, &why))
		text_copy(result.reason, sizeof(result.reason), why.message);
	reply->document = caps_document(&result);
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
		"Asks VFIO for every feature that it knows, one by one: the migration states, the "
		"size of the state, the tracking of dirty pages, low power, reset. A device held "
		"by mlxmigctl hold is borrowed from it; a free one is opened, which resets it.",
	.options = options,
	.operands = { OPERAND_DEVICE },
	.min_operands = 1,
	.max_operands = 1,
	.options_size = sizeof(struct caps_options),
	.parse = parse,
	.run = run,
	.text = text,
};
