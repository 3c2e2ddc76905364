/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/device_read.h"

#include <stdlib.h>
#include <string.h>

#include "json/read.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "report/image_format.h"

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

static int read_entry(const json_t *entry, struct device *device,
		      struct err *err)
{
	if (format_read_identity(entry, device, err))
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

static int read_status(const json_t *document, struct device **devices,
		       size_t *n, struct err *err)
{
	const json_t *entries = json_object_get(document, "devices");
	size_t count = count_devices(entries);
	AUTO_FREE struct device *list = NULL;
	size_t used = 0;

	if (foreign_schema(document, SCHEMA_STATUS, STATUS_MAJOR, err))
		return -1;
	if (!json_is_array(entries) || count > DEVICES_MAX)
		return foreign_bad("devices", err);
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
static int read_image(const json_t *document, struct device **devices,
		      size_t *n, struct err *err)
{
	const json_t *within = format_device_within(document);
	const json_t *result = json_object_get(document, "result");
	const json_t *stream = json_object_get(result ? result : document,
					       "stream");
	AUTO_FREE struct device *list = calloc(1, sizeof(*list));
	struct image_origin unused;

	if (!list)
		return err_set(err, ERR_NO_MEMORY, 0, "a device");
	if (format_read_device(within ? within : document, list, &unused, err))
		return -1;
	list->formats.writes = format_of(json_object_get(stream, "format"));
	*devices = TAKE_PTR(list);
	*n = 1;
	return 0;
}

int report_read_devices(const char *json, size_t len, struct device **devices,
			size_t *n, struct err *err)
{
	AUTO_JSON json_t *document = foreign_parse(json, len, err);
	const char *schema = json_string_value(json_object_get(document,
							       "schema"));

	*devices = NULL;
	*n = 0;
	if (!document)
		return -1;
	return schema && text_starts(schema, SCHEMA_STATUS)
		       ? read_status(document, devices, n, err)
		       : read_image(document, devices, n, err);
}
