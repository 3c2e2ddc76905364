/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compat/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "image/record.h"
#include "lib/text.h"

/*
 * The rules. A fact that is unknown on one side cannot forbid: it warns.
 * Firmware and PSID are the vendor's own demand: the same on both hosts. What
 * the two offer may differ, since the state itself is the same; but what the
 * source's driver wrote, the target's must be able to read.
 */
struct rule {
	const char *name;
	enum fit differs;
	const char *reason;
	/* As text; empty: unknown. @wants is of a target, NULL: the same. */
	void (*value)(const struct device *device, char *buf, size_t size);
	void (*wants)(const struct device *device, char *buf, size_t size);
	/* Other than by equal texts. */
	bool (*suits)(const struct device *source, const struct device *target);
};

static void value_id(uint16_t id, char *buf, size_t size)
{
	snprintf(buf, size, "%04x", id);
}

static void value_vendor_id(const struct device *device, char *buf, size_t size)
{
	value_id(device->vendor_id, buf, size);
}

static void value_device_id(const struct device *device, char *buf, size_t size)
{
	value_id(device->device_id, buf, size);
}

static void value_mdev_type(const struct device *device, char *buf, size_t size)
{
	text_copy(buf, size, device->mdev_type);
}

static void value_psid(const struct device *device, char *buf, size_t size)
{
	text_copy(buf, size, device->psid);
}

static void value_fw(const struct device *device, char *buf, size_t size)
{
	text_copy(buf, size, device->fw_version);
}

static void value_features(const struct device *device, char *buf, size_t size)
{
	*buf = '\0';
	if (device->probed)
		snprintf(buf, size, "0x%" PRIx64, device->caps.flags);
}

static void value_format(const struct device *device, char *buf, size_t size)
{
	enum stream_format format = device->formats.writes;

	text_copy(buf, size, format == STREAM_UNKNOWN ? "" : stream_format_name(format));
}

static void wants_formats(const struct device *device, char *buf, size_t size)
{
	unsigned int reads = device->formats.reads;
	bool records = reads & 1u << STREAM_RECORDS;
	bool bare = reads & 1u << STREAM_BARE;

	snprintf(buf, size, "%s%s%s", records ? "records" : "",
		 records && bare ? ", " : "", bare ? "bare" : "");
}

/* Each driver reads at least what it writes. */
static bool suits_formats(const struct device *source, const struct device *target)
{
	const struct stream_formats *formats = &target->formats;

	/* Of drivers that are not mlx5's nothing is known but this. */
	if (source->kind == DEVICE_OTHER && target->kind == DEVICE_OTHER &&
	    !strcmp(source->driver, target->driver))
		return true;
	return formats->reads ? formats->reads & 1u << source->formats.writes
			      : formats->writes == source->formats.writes;
}

static const struct rule rules[] = {
	{ "vendor_id", FIT_FORBIDS,
	  "a state is understood by the same kind of device alone",
	  value_vendor_id, NULL, NULL },
	{ "device_id", FIT_FORBIDS,
	  "a state is understood by the same kind of device alone",
	  value_device_id, NULL, NULL },
	{ "mdev_type", FIT_FORBIDS,
	  "a state is understood by the same kind of device alone",
	  value_mdev_type, NULL, NULL },
	{ "psid", FIT_FORBIDS,
	  "both adapters must be of the same board type and configuration",
	  value_psid, NULL, NULL },
	{ "fw_version", FIT_FORBIDS,
	  "the state is the firmware's own, and promised to the same version only",
	  value_fw, NULL, NULL },
	{ "features", FIT_WARNS,
	  "the state is the same, but a migration can only use what both offer",
	  value_features, NULL, NULL },
	{ "stream_format", FIT_FORBIDS,
	  "the driver must be able to read the form that the other one wrote",
	  value_format, wants_formats, suits_formats },
};

_Static_assert(ARRAY_SIZE(rules) <= IDENTITY_FACTS_MAX, "facts too small");

static void compare_one(const struct rule *rule, const struct device *source,
			const struct device *target, struct identity_fit *fit)
{
	struct fit_fact *fact = &fit->facts[fit->n_facts];
	bool known;

	rule->value(source, fact->source, sizeof(fact->source));
	(rule->wants ? rule->wants : rule->value)(target, fact->target, sizeof(fact->target));
	known = *fact->source && *fact->target;
	if (!strcmp(fact->source, fact->target) || (rule->suits && rule->suits(source, target)))
		return;
	fact->name = rule->name;
	fact->reason = rule->reason;
	fact->fit = known ? rule->differs : FIT_WARNS;
	if (fact->fit > fit->worst)
		fit->worst = fact->fit;
	fit->n_facts++;
}

void identity_compare(const struct device *source, const struct device *target,
		      struct identity_fit *fit)
{
	*fit = (struct identity_fit){ .worst = FIT_YES };
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		compare_one(&rules[i], source, target, fit);
}

int identity_require(const struct identity_fit *fit, struct err *err)
{
	char list[400] = "";
	size_t used = 0;

	if (fit->worst != FIT_FORBIDS)
		return 0;
	for (size_t i = 0; i < fit->n_facts && used < sizeof(list); i++) {
		const struct fit_fact *fact = &fit->facts[i];

		if (fact->fit == FIT_FORBIDS)
			used += (size_t)snprintf(list + used,
						 sizeof(list) - used,
						 "%s%s is %s there and %s here",
						 *list ? ", " : "", fact->name,
						 fact->source, fact->target);
	}
	return err_set(err, ERR_INCOMPATIBLE, 0, "the state does not fit the device: %s", list);
}

const char *fit_name(enum fit fit)
{
	switch (fit) {
	case FIT_WARNS:
		return "warns";
	case FIT_FORBIDS:
		return "forbids";
	default:
		return "yes";
	}
}
