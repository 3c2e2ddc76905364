/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/members.h"

#include <string.h>
#include <time.h>

#include "json/document.h"
#include "json/read.h"
#include "lib/cleanup.h"
#include "lib/text.h"

static json_t *schema_of(const char *prefix)
{
	return json_sprintf("%s%d", prefix, FORMAT_MAJOR);
}

static json_t *address_of(bool known, const struct bdf *bdf)
{
	char text[BDF_TEXT_SIZE];

	return known ? json_string(bdf_format(bdf, text)) : json_null();
}

static json_t *time_text(uint64_t unix_ns)
{
	time_t seconds = (time_t)(unix_ns / 1000000000u);
	char text[32];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		return json_null();
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static json_t *features_of(const struct mig_caps *caps)
{
	return json_pack("{s:I, s:b, s:b, s:b, s:b, s:b}",
			 "flags", (json_int_t)caps->flags,
			 "stop_copy", !!(caps->flags & MIG_STOP_COPY),
			 "p2p", !!(caps->flags & MIG_P2P),
			 "pre_copy", !!(caps->flags & MIG_PRE_COPY),
			 "data_size", caps->data_size,
			 "dma_logging", caps->dma_logging);
}

char *member_json_text(json_t *document)
{
	char *text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;
	size_t len = text ? strlen(text) : 0;
	char *line = text ? realloc(text, len + 2) : NULL;

	json_decref(document);
	if (!line) {
		free(text);
		return NULL;
	}
	memcpy(line + len, "\n", 2);
	return line;
}

char *device_json_make(const struct device *device, const struct image_origin *origin)
{
	bool pci = device->kind != DEVICE_OTHER;

	return member_json_text(json_pack(
		"{s:o, s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}",
		"schema", schema_of(SCHEMA_IMAGE),
		"minor", FORMAT_MINOR,
		"device", document_string(device->name),
		"kind", device_kind_name(device->kind),
		"vendor_id", document_hex16(device->vendor_id),
		"device_id", document_hex16(device->device_id),
		"subsystem_vendor_id", document_hex16(device->subsystem_vendor_id),
		"subsystem_id", document_hex16(device->subsystem_id),
		"revision", pci ? json_integer(device->revision) : json_null(),
		"product", document_text(device->product),
		"mdev_type", document_text(device->mdev_type),
		"pf", address_of(device->has_pf, &device->pf),
		"vf_number", document_number(device->kind == DEVICE_VF
					     ? device->vf_number : -1),
		"psid", document_text(device->psid),
		"fw_version", document_text(device->fw_version),
		"driver", document_text(device->driver),
		"features", features_of(&device->caps),
		"saved_unix_ns", (json_int_t)origin->saved_unix_ns,
		"saved", time_text(origin->saved_unix_ns),
		"kernel", document_text(origin->kernel),
		"tool", json_pack("{s:s, s:o}", "name", "mlxmigctl", "version",
				  document_text(origin->tool))));
}

json_t *phases_json(const struct phase_total phases[PHASE_COUNT], bool timed)
{
	json_t *object = json_object();

	for (unsigned int i = 0; i < PHASE_COUNT; i++)
		json_object_set_new(
			object, phase_name(i),
			json_pack("{s:I, s:I, s:o}",
				  "bytes", (json_int_t)phases[i].bytes,
				  "members", (json_int_t)phases[i].members,
				  "duration_ns", timed ?
				  json_integer((json_int_t)phases[i].duration_ns)
				  : json_null()));
	return object;
}

json_t *records_json(const struct record_parser *records)
{
	return json_pack("{s:s, s:o, s:I, s:o}",
			 "format", stream_format_name(records->format),
			 "count", records->format == STREAM_RECORDS
				? json_integer((json_int_t)records->n_records)
				: json_null(),
			 "firmware_bytes", (json_int_t)records->fw_bytes,
			 "complete", records->format == STREAM_BARE
				? json_null()
				: json_boolean(record_complete(records)));
}

json_t *manifest_json_new(const struct image_totals *totals,
			  const struct phase_total phases[PHASE_COUNT],
			  const struct record_parser *records)
{
	return json_pack("{s:o, s:I, s:I, s:s, s:o, s:o}",
			 "schema", schema_of(SCHEMA_MANIFEST),
			 "bytes", (json_int_t)totals->bytes,
			 "members", (json_int_t)totals->members,
			 "xxh3_128", totals->digest,
			 "phases", phases_json(phases, true),
			 "records", records_json(records));
}

/* Durations must be numbers, as every reader of this version wants them. */
char *manifest_json_make_packed(const struct image_totals *totals,
				const struct record_parser *records)
{
	json_t *manifest = manifest_json_new(totals, totals->phases, records);

	json_object_update_new(manifest, json_pack(
		"{s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:[]}",
		"from", "fresh", "started_unix_ns", "duration_ns",
		"stopped_ns", "precopy", "stopped", "arcs"));
	return member_json_text(manifest);
}

/* The JSON members of an image back into structs. What is read here is foreign. */

static int get_kind(const json_t *document, enum device_kind *kind, struct err *err)
{
	char text[16];

	if (json_read_text(document, "kind", text, sizeof(text), err))
		return -1;
	for (unsigned int i = 0; i <= DEVICE_OTHER; i++)
		if (!strcmp(text, device_kind_name(i))) {
			*kind = (enum device_kind)i;
			return 0;
		}
	return json_read_bad("kind", err);
}

/* A device that is on no PCI bus has no ids; in an image they are 0. */
static int get_ids(const json_t *document, struct device *device, struct err *err)
{
	if (device->kind == DEVICE_OTHER && json_is_null(json_object_get(document, "vendor_id")))
		return 0;
	return json_read_hex16(document, "vendor_id", &device->vendor_id, err) ||
	       json_read_hex16(document, "device_id", &device->device_id, err) ||
	       json_read_hex16(document, "subsystem_vendor_id",
			       &device->subsystem_vendor_id, err) ||
	       json_read_hex16(document, "subsystem_id", &device->subsystem_id, err);
}

static int get_texts(const json_t *document, struct device *device, struct err *err)
{
	return json_read_text(document, "device", device->name, sizeof(device->name), err) ||
	       json_read_text(document, "psid", device->psid, sizeof(device->psid), err) ||
	       json_read_text(document, "fw_version", device->fw_version,
			      sizeof(device->fw_version), err) ||
	       json_read_text(document, "driver", device->driver, sizeof(device->driver), err) ||
	       /* What earlier versions wrote has none. */
	       (json_object_get(document, "mdev_type") &&
		json_read_text(document, "mdev_type", device->mdev_type,
			       sizeof(device->mdev_type), err));
}

int device_json_parse_identity(const json_t *document, struct device *device, struct err *err)
{
	*device = (struct device){
		.vf_number = -1, .iommu_group = -1, .numa_node = -1,
	};
	return get_kind(document, &device->kind, err) ||
	       get_ids(document, device, err) || get_texts(document, device, err) ? -1 : 0;
}

static int get_origin(const json_t *document, struct image_origin *origin, struct err *err)
{
	return json_read_text(document, "kernel", origin->kernel, sizeof(origin->kernel), err) ||
	       json_read_text(json_object_get(document, "tool"), "version",
			      origin->tool, sizeof(origin->tool), err) ||
	       json_read_u64(document, "saved_unix_ns", &origin->saved_unix_ns, err);
}

int device_json_parse(const json_t *document, struct device *device,
		      struct image_origin *origin, struct err *err)
{
	const json_t *vf_number = json_object_get(document, "vf_number");

	if (json_read_schema(document, SCHEMA_IMAGE, FORMAT_MAJOR, err) ||
	    device_json_parse_identity(document, device, err) ||
	    get_origin(document, origin, err) ||
	    json_read_u64(json_object_get(document, "features"), "flags",
			  &device->caps.flags, err))
		return -1;
	device->probed = true;
	if (json_is_integer(vf_number) && json_integer_value(vf_number) >= 0 &&
	    json_integer_value(vf_number) <= UINT16_MAX)
		device->vf_number = (int)json_integer_value(vf_number);
	return 0;
}

int device_json_read(const char *json, size_t len, struct device *device,
		     struct image_origin *origin, struct err *err)
{
	AUTO_JSON json_t *document = json_read_parse(json, len, err);
	struct image_origin unused;

	return document && !device_json_parse(document, device, origin ? origin : &unused, err)
		       ? 0 : -1;
}

int device_json_check(const char *json, size_t len, struct err *err)
{
	struct device device;

	return device_json_read(json, len, &device, NULL, err);
}

static int get_phase(const json_t *phases, const char *name,
		     struct phase_total *total, struct err *err)
{
	const json_t *phase = json_object_get(phases, name);

	return json_read_u64(phase, "bytes", &total->bytes, err) ||
	       json_read_u64(phase, "members", &total->members, err) ||
	       json_read_u64(phase, "duration_ns", &total->duration_ns, err);
}

int manifest_json_read(const char *json, size_t len, struct image_totals *totals, struct err *err)
{
	AUTO_JSON json_t *document = json_read_parse(json, len, err);
	const json_t *phases;

	*totals = (struct image_totals){};
	if (!document ||
	    json_read_schema(document, SCHEMA_MANIFEST, FORMAT_MAJOR, err) ||
	    json_read_u64(document, "bytes", &totals->bytes, err) ||
	    json_read_u64(document, "members", &totals->members, err) ||
	    json_read_text(document, "xxh3_128", totals->digest,
			   sizeof(totals->digest), err))
		return -1;
	phases = json_object_get(document, "phases");
	for (unsigned int i = 0; i < PHASE_COUNT; i++)
		if (get_phase(phases, phase_name(i), &totals->phases[i], err))
			return -1;
	return 0;
}

bool manifest_json_is_packed(const char *json, size_t len)
{
	struct err unused = ERR_INIT;
	AUTO_JSON json_t *document = json_read_parse(json, len, &unused);

	return document && json_is_null(json_object_get(document, "started_unix_ns"));
}

json_t *device_json_within(const json_t *document)
{
	const json_t *result = json_object_get(document, "result");
	json_t *device = json_object_get(result ? result : document, "device");

	return json_is_object(device) ? device : NULL;
}

char *device_json_find(const char *json, size_t len, struct image_origin *origin, struct err *err)
{
	AUTO_JSON json_t *document = json_read_parse(json, len, err);
	json_t *within = document ? device_json_within(document) : NULL;
	struct device device;
	char *text;

	if (!document || device_json_parse(within ? within : document, &device, origin, err))
		return NULL;
	text = within ? member_json_text(json_incref(within)) : strndup(json, len);
	if (!text)
		err_set(err, ERR_NO_MEMORY, 0, "device.json");
	return text;
}
