/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/device.h"
#include "cmd/documents.h"
#include "cmd/option.h"
#include "cmd/transfer.h"
#include "commands.h"
#include "compat/compat.h"
#include "host/devlink.h"
#include "json/document.h"
#include "lib/cleanup.h"

static json_t *side_of(const struct compat_side *side)
{
	return json_pack("{s:o, s:s, s:I}", "name", document_string(side->name),
			 "kind", compat_kind_name(side->kind),
			 "devices", (json_int_t)side->n);
}

static json_t *pairs_of(const struct compat *compat)
{
	json_t *pairs = json_array();

	for (size_t i = 0; i < compat->n_pairs; i++) {
		const struct compat_pair *pair = &compat->pairs[i];

		json_array_append_new(
			pairs, json_pack("{s:o, s:o, s:s, s:o}",
					 "source", document_string(pair->source->name),
					 "target", document_string(pair->target->name),
					 "fit", fit_name(pair->fit.worst),
					 "facts", identity_json(&pair->fit)));
	}
	return pairs;
}

json_t *compat_document(const struct compat *compat)
{
	json_t *document = document_new("compat");
	json_t *without_target = json_array();

	for (size_t i = 0; i < compat->n_without_target; i++)
		json_array_append_new(without_target,
				      document_string(compat->without_target[i]->name));
	json_object_set_new(document, "fit", json_string(fit_name(compat->worst)));
	json_object_set_new(document, "source", side_of(&compat->source));
	json_object_set_new(document, "target", side_of(&compat->target));
	json_object_set_new(document, "without_target", without_target);
	json_object_set_new(document, "pairs", pairs_of(compat));
	json_object_set_new(document, "pairs_not_listed",
			    json_integer((json_int_t)compat->n_pairs_more));
	return document;
}

#define LIMIT_DEFAULT 1000

struct compat_options {
	struct limit limit;
	bool probe;
};

static const struct argp_option options[] = {
	{ "limit", 'l', "COUNT", 0,
	  "list at most COUNT pairs of devices (default 1000)", 0 },
	{ "probe", 'p', NULL, 0,
	  "open free devices, which resets them, to read what they offer", 0 },
	{}
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct compat_options *opts = data;

	switch (key) {
	case 'l':
		return option_limit(arg, &opts->limit, err);
	case 'p':
		opts->probe = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	if (strcmp(operands[0], "-") || strcmp(operands[1], "-"))
		return 0;
	return err_set(err, ERR_USAGE, 0, "both sides cannot be standard input");
}

/* What there is as a file is one; a folder may be a device's in sysfs. */
static bool is_file(const char *name)
{
	struct stat st;

	return !strcmp(name, "-") || (!stat(name, &st) && !S_ISDIR(st.st_mode));
}

static int read_device(struct compat_side *side, bool probe, struct err *err)
{
	AUTO_FREE char *name = strdup(side->name);
	struct device *device = calloc(1, sizeof(*device));
	struct err untold = ERR_INIT;

	side->kind = COMPAT_DEVICE;
	side->devices = device;
	side->n = 1;
	if (!name || !device)
		return err_set(err, ERR_NO_MEMORY, 0, "a device");
	if (device_resolve(name, device, err)) {
		if (err->code == ERR_NO_DEVICE)
			err_hint(err, "there is no file of that name either; mlxmigctl status lists the devices");
		return -1;
	}
	if (device_require_vf(device, err))
		return -1;
	devlink_fill(device, 1, &untold); /* unknown, its firmware warns */
	probe_device(device, probe);
	return 0;
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct compat_options *opts = request->options;
	struct compat compat = { .limit = limit_or(&opts->limit, LIMIT_DEFAULT) };
	struct compat_side *sides[] = { &compat.source, &compat.target };
	int ret = 0;

	for (size_t i = 0; i < 2 && !ret; i++) {
		sides[i]->name = request->operands[i];
		ret = is_file(sides[i]->name)
			      ? compat_read(sides[i], err)
			      : read_device(sides[i], opts->probe, err);
	}
	if (!ret)
		ret = compat_judge(&compat, err);
	if (!ret) {
		reply->document = compat_document(&compat);
		if (compat.worst == FIT_FORBIDS)
			reply->status = err_code_status(ERR_INCOMPATIBLE);
	}
	compat_free(&compat);
	return ret;
}

static const char *const fact_columns[] = {
	"fact", "fit", "source", "target", "reason", NULL
};

#define FITS "yes=fits;warns=fits, as far as that can be told;forbids=DOES NOT FIT"

static const struct text_part pair_text[] = {
	TEXT_LINE("pair", "{source} to {target}: {fit?" FITS "}"),
	{ .each = "facts", .columns = fact_columns, .some = true },
	{}
};

static const struct text_part text[] = {
	TEXT_LINE("source", "{source.name?-=standard input;*} ({source.kind}, devices: {source.devices})"),
	TEXT_LINE("target", "{target.name?-=standard input;*} ({target.kind}, devices: {target.devices})"),
	TEXT_LINE("fit", "{fit?" FITS "}"),
	{ .label = "without target", .show = "{}", .each = "without_target" },
	TEXT_LINE("not listed", "{pairs_not_listed|some} pairs (--limit)"),
	{ .each = "pairs", .parts = pair_text },
	{}
};

const struct command command_compat = {
	.name = "compat",
	.operand_words = "SOURCE TARGET",
	.summary = "tell whether a state fits into a device, and why not",
	.description =
		"Holds the devices of SOURCE against those of TARGET by the rules of load, before "
		"anything is saved or moved. Each is an image, what mlxmigctl status or inspect "
		"printed on any host (- for standard input), or a DEVICE of this host. Lists the "
		"facts in which they differ, whether each forbids the load or only warns, and why. "
		"Exits with 8 when a device of SOURCE fits none of TARGET.\vWhat is not known of "
		"one side only warns. A free device is not asked for what it offers, since opening "
		"it resets it: --probe does that. An image is not checked: verify does that.",
	.options = options,
	.operands = { OPERAND_DEVICE_OR_FILE },
	.min_operands = 2,
	.max_operands = 2,
	.options_size = sizeof(struct compat_options),
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
