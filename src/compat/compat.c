/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compat/compat.h"

#include <stdlib.h>
#include <string.h>

#include "image/input.h"
#include "image/members.h"
#include "json/read.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* The best that the target has for one device of the source. */
static enum fit judge_source(struct compat *compat, const struct device *source)
{
	const struct compat_side *target = &compat->target;
	enum fit best = FIT_FORBIDS;

	for (size_t i = 0; i < target->n; i++) {
		struct compat_pair pair = { source, &target->devices[i], {} };

		identity_compare(source, pair.target, &pair.fit);
		if (pair.fit.worst < best)
			best = pair.fit.worst;
		if (compat->n_pairs < compat->limit)
			compat->pairs[compat->n_pairs++] = pair;
		else
			compat->n_pairs_more++;
	}
	return best;
}

#define PAIRS_MAX (1u << 20) /* 1024 devices of each side; they take two seconds */

int compat_judge(struct compat *compat, struct err *err)
{
	size_t n_sources = compat->source.n, n_targets = compat->target.n;
	bool limited = n_sources && n_targets > compat->limit / n_sources;
	size_t room = limited ? compat->limit : n_sources * n_targets;

	if (n_sources && n_targets > PAIRS_MAX / n_sources) {
		err_set(err, ERR_USAGE, 0,
			"%zu and %zu devices are more than %u pairs, which are not compared at a time",
			n_sources, n_targets, PAIRS_MAX);
		return err_hint(err, "compare parts: mlxmigctl status DEVICE... prints the devices that are named");
	}
	compat->pairs = calloc(room + 1, sizeof(*compat->pairs));
	compat->without_target = calloc(n_sources + 1, sizeof(*compat->without_target));
	if (!compat->pairs || !compat->without_target)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu comparisons", room);
	compat->worst = FIT_YES;
	for (size_t i = 0; i < n_sources; i++) {
		const struct device *source = &compat->source.devices[i];
		enum fit fit = judge_source(compat, source);

		if (fit == FIT_FORBIDS)
			compat->without_target[compat->n_without_target++] = source;
		if (fit > compat->worst)
			compat->worst = fit;
	}
	return 0;
}

void compat_free(struct compat *compat)
{
	free(compat->source.devices);
	free(compat->target.devices);
	free(compat->pairs);
	free(compat->without_target);
	*compat = (struct compat){};
}

const char *compat_kind_name(enum compat_kind kind)
{
	static const char *const names[] = {
		[COMPAT_IMAGE] = "image",
		[COMPAT_DOCUMENT] = "document",
		[COMPAT_DEVICE] = "device",
	};

	return names[kind];
}

/* In which form the stream is; its first members may be too short to tell. */
static int read_format(struct device *device, struct image_reader *reader, struct err *err)
{
	struct record_parser records = {};
	struct image_member member;
	int ret = 1;

	while (records.format == STREAM_UNKNOWN &&
	       (ret = image_reader_next(reader, &member, err)) > 0)
		record_feed(&records, member.data, member.len, NULL, NULL);
	device->formats.writes = records.format;
	return ret < 0 ? -1 : 0;
}

static int read_image(struct compat_side *side, struct input *input, struct err *err)
{
	struct device *device = calloc(1, sizeof(*device));
	const char *json;
	size_t len;

	side->kind = COMPAT_IMAGE;
	side->devices = device;
	side->n = 1;
	if (!device)
		return err_set(err, ERR_NO_MEMORY, 0, "a device");
	json = image_reader_device(input->reader, &len);
	if (device_json_read(json, len, device, NULL, err))
		return err_wrap(err, "%s", input->name);
	return read_format(device, input->reader, err);
}

static int read_document(struct compat_side *side, struct input *input, struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	side->kind = COMPAT_DOCUMENT;
	text = input_read_all(input, &len, err);
	if (text && !compat_read_devices(text, len, &side->devices, &side->n, err))
		return 0;
	err_hint(err, "name an image, or what mlxmigctl status or inspect printed; of a bare stream nothing tells the device (mlxmigctl pack makes an image of it)");
	return text ? err_wrap(err, "%s", input->name) : -1;
}

int compat_read(struct compat_side *side, struct err *err)
{
	AUTO_INPUT struct input input = INPUT_INIT;

	if (input_open(&input, side->name, err))
		return -1;
	return input_is_raw(&input) ? read_document(side, &input, err)
				    : read_image(side, &input, err);
}

#define SCHEMA_STATUS "mlxmigctl.status/"
#define STATUS_MAJOR 1
#define DEVICES_MAX 4096 /* VFs of a host */

/* What status tells word by word is a number in device.json. */
static void read_features(const json_t *entry, struct device *device)
{
	static const struct {
		const char *key;
		uint64_t flag;
	} features[] = {
		{ "stop_copy", MIG_STOP_COPY },
		{ "p2p", MIG_P2P },
		{ "pre_copy", MIG_PRE_COPY },
	};
	const json_t *migration = json_object_get(entry, "migration");

	device->probed = json_is_object(migration);
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		if (json_is_true(json_object_get(migration, features[i].key)))
			device->caps.flags |= features[i].flag;
}

static enum stream_format format_of(const json_t *value)
{
	const char *name = json_string_value(value);

	for (unsigned int i = STREAM_RECORDS; name && i <= STREAM_BARE; i++)
		if (!strcmp(name, stream_format_name(i)))
			return i;
	return STREAM_UNKNOWN;
}

static void read_formats(const json_t *entry, struct device *device)
{
	const json_t *formats = json_object_get(entry, "stream_formats");
	const json_t *reads = json_object_get(formats, "reads");

	device->formats.writes = format_of(json_object_get(formats, "writes"));
	for (size_t i = 0; i < json_array_size(reads); i++)
		device->formats.reads |= 1u << format_of(json_array_get(reads, i));
	device->formats.reads &= ~(1u << STREAM_UNKNOWN);
}

static int read_entry(const json_t *entry, struct device *device, struct err *err)
{
	if (device_json_parse_identity(entry, device, err))
		return -1;
	read_features(entry, device);
	read_formats(entry, device);
	return 0;
}

/* All but PFs, which do not migrate. */
static bool may_migrate(const json_t *entry)
{
	const char *kind = json_string_value(json_object_get(entry, "kind"));

	return kind && (!strcmp(kind, "vf") || !strcmp(kind, "other"));
}

static size_t count_devices(const json_t *entries)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(entries); i++)
		n += may_migrate(json_array_get(entries, i));
	return n;
}

static int read_status(const json_t *document, struct device **devices, size_t *n, struct err *err)
{
	const json_t *entries = json_object_get(document, "devices");
	size_t count = count_devices(entries);
	AUTO_FREE struct device *list = NULL;
	size_t used = 0;

	if (json_read_schema(document, SCHEMA_STATUS, STATUS_MAJOR, err))
		return -1;
	if (!json_is_array(entries) || count > DEVICES_MAX)
		return json_read_bad("devices", err);
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", count);
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);

		if (may_migrate(entry) && read_entry(entry, &list[used++], err))
			return -1;
	}
	if (!used) {
		err_set(err, ERR_NO_DEVICE, 0, "it tells of no VF");
		return err_hint(err, "create VFs (sriov_numvfs), and call mlxmigctl status again");
	}
	*devices = TAKE_PTR(list);
	*n = used;
	return 0;
}

/* inspect knows the stream too, and device.json alone does not. */
static int read_member(const json_t *document, struct device **devices, size_t *n, struct err *err)
{
	const json_t *within = device_json_within(document);
	const json_t *result = json_object_get(document, "result");
	const json_t *stream = json_object_get(result ? result : document, "stream");
	AUTO_FREE struct device *list = calloc(1, sizeof(*list));
	struct image_origin unused;

	if (!list)
		return err_set(err, ERR_NO_MEMORY, 0, "a device");
	if (device_json_parse(within ? within : document, list, &unused, err))
		return -1;
	list->formats.writes = format_of(json_object_get(stream, "format"));
	*devices = TAKE_PTR(list);
	*n = 1;
	return 0;
}

int compat_read_devices(const char *json, size_t len, struct device **devices,
			size_t *n, struct err *err)
{
	AUTO_JSON json_t *document = json_read_parse(json, len, err);
	const char *schema = json_string_value(json_object_get(document, "schema"));

	*devices = NULL;
	*n = 0;
	if (!document)
		return -1;
	return schema && text_starts(schema, SCHEMA_STATUS)
		       ? read_status(document, devices, n, err)
		       : read_member(document, devices, n, err);
}
