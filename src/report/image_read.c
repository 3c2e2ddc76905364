/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON members of an image back into structs. What is read here is foreign. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/image.h"
#include "report/image_format.h"

const char *const format_kinds[KIND_COUNT] = {
	[DEVICE_PF] = "pf",
	[DEVICE_VF] = "vf",
	[DEVICE_OTHER] = "other",
};

static void cleanup_jsonp(json_t **json)
{
	json_decref(*json);
}

#define AUTO_JSON __attribute__((cleanup(cleanup_jsonp)))

/* The document, or NULL with err set. */
static json_t *parse(const char *text, size_t len, struct err *err)
{
	json_error_t error;
	json_t *document = json_loadb(text, len, JSON_REJECT_DUPLICATES,
				      &error);

	if (json_is_object(document))
		return document;
	if (document)
		err_set(err, ERR_DAMAGED, 0, "it is not a JSON object");
	else
		err_set(err, ERR_DAMAGED, 0, "line %d is not JSON: %s",
			error.line, error.text);
	json_decref(document);
	return NULL;
}

/* Is it of this kind, and of a version that can be read? */
static int check_schema(const json_t *document, const char *prefix,
			struct err *err)
{
	const char *schema = json_string_value(json_object_get(document,
							       "schema"));
	const char *version = schema ? text_starts(schema, prefix) : NULL;
	uint64_t major;

	if (!version || text_u64(version, 10, &major))
		return err_set(err, ERR_DAMAGED, 0, "it is no %s%d document",
			       prefix, FORMAT_MAJOR);
	if (major == FORMAT_MAJOR)
		return 0;
	err_set(err, ERR_INCOMPATIBLE, 0,
		"the image's format is version %" PRIu64
		", and this mlxmigctl reads version %d", major, FORMAT_MAJOR);
	return err_hint(err, "use a mlxmigctl that knows this version");
}

static int bad_value(const char *key, struct err *err)
{
	return err_set(err, ERR_DAMAGED, 0, "its %s is missing or senseless",
		       key);
}

/* null is an empty text; what is not there is wrong. */
static int get_text(const json_t *object, const char *key, char *buf,
		    size_t size, struct err *err)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	*buf = '\0';
	if (json_is_null(value))
		return 0;
	if (!text || json_string_length(value) >= size)
		return bad_value(key, err);
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return bad_value(key, err);
	text_copy(buf, size, text);
	return 0;
}

static int get_u64(const json_t *object, const char *key, uint64_t *number,
		   struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return bad_value(key, err);
	*number = (uint64_t)json_integer_value(value);
	return 0;
}

static int get_hex16(const json_t *object, const char *key, uint16_t *number,
		     struct err *err)
{
	const json_t *value = json_object_get(object, key);
	uint64_t wide;

	if (json_string_length(value) != 4 ||
	    text_u64(json_string_value(value), 16, &wide))
		return bad_value(key, err);
	*number = (uint16_t)wide;
	return 0;
}

static int get_kind(const json_t *document, enum device_kind *kind,
		    struct err *err)
{
	char text[16];

	if (get_text(document, "kind", text, sizeof(text), err))
		return -1;
	for (unsigned int i = 0; i < KIND_COUNT; i++)
		if (!strcmp(text, format_kinds[i])) {
			*kind = (enum device_kind)i;
			return 0;
		}
	return bad_value("kind", err);
}

static int get_ids(const json_t *document, struct device *device,
		   struct err *err)
{
	return get_hex16(document, "vendor_id", &device->vendor_id, err) ||
	       get_hex16(document, "device_id", &device->device_id, err) ||
	       get_hex16(document, "subsystem_vendor_id",
			 &device->subsystem_vendor_id, err) ||
	       get_hex16(document, "subsystem_id", &device->subsystem_id, err);
}

static int get_texts(const json_t *document, struct device *device,
		     struct err *err)
{
	return get_text(document, "device", device->name,
			sizeof(device->name), err) ||
	       get_text(document, "psid", device->psid, sizeof(device->psid),
			err) ||
	       get_text(document, "fw_version", device->fw_version,
			sizeof(device->fw_version), err) ||
	       get_text(document, "driver", device->driver,
			sizeof(device->driver), err);
}

static int get_origin(const json_t *document, struct image_origin *origin,
		      struct err *err)
{
	return get_text(document, "kernel", origin->kernel,
			sizeof(origin->kernel), err) ||
	       get_text(json_object_get(document, "tool"), "version",
			origin->tool, sizeof(origin->tool), err) ||
	       get_u64(document, "saved_unix_ns", &origin->saved_unix_ns, err);
}

int report_image_read_device(const char *json, size_t len,
			     struct device *device, struct image_origin *origin,
			     struct err *err)
{
	AUTO_JSON json_t *document = parse(json, len, err);
	const json_t *vf_number;
	struct image_origin unused;

	*device = (struct device){
		.vf_number = -1, .iommu_group = -1, .numa_node = -1,
	};
	if (!document || check_schema(document, SCHEMA_IMAGE, err) ||
	    get_kind(document, &device->kind, err) ||
	    get_ids(document, device, err) ||
	    get_texts(document, device, err) ||
	    get_origin(document, origin ? origin : &unused, err) ||
	    get_u64(json_object_get(document, "features"), "flags",
		    &device->caps.flags, err))
		return -1;
	vf_number = json_object_get(document, "vf_number");
	if (json_is_integer(vf_number) &&
	    json_integer_value(vf_number) <= UINT16_MAX)
		device->vf_number = (int)json_integer_value(vf_number);
	return 0;
}

int report_image_check_device(const char *json, size_t len, struct err *err)
{
	struct device device;

	return report_image_read_device(json, len, &device, NULL, err);
}

static int get_phase(const json_t *phases, const char *name,
		     struct phase_total *total, struct err *err)
{
	const json_t *phase = json_object_get(phases, name);

	return get_u64(phase, "bytes", &total->bytes, err) ||
	       get_u64(phase, "members", &total->members, err) ||
	       get_u64(phase, "duration_ns", &total->duration_ns, err);
}

int report_image_read_manifest(const char *json, size_t len,
			       struct image_totals *totals, struct err *err)
{
	AUTO_JSON json_t *document = parse(json, len, err);
	const json_t *phases;

	*totals = (struct image_totals){};
	if (!document || check_schema(document, SCHEMA_MANIFEST, err) ||
	    get_u64(document, "bytes", &totals->bytes, err) ||
	    get_u64(document, "members", &totals->members, err) ||
	    get_text(document, "xxh3_128", totals->digest,
		     sizeof(totals->digest), err))
		return -1;
	phases = json_object_get(document, "phases");
	for (unsigned int i = 0; i < PHASE_COUNT; i++)
		if (get_phase(phases, phase_name(i), &totals->phases[i], err))
			return -1;
	return 0;
}

/* What inspect printed, also of a damaged image: then it is the result of an error. */
static json_t *device_within(const json_t *document)
{
	const json_t *result = json_object_get(document, "result");
	json_t *device = json_object_get(result ? result : document, "device");

	return json_is_object(device) ? device : NULL;
}

char *report_image_find_device(const char *json, size_t len,
			       struct image_origin *origin, struct err *err)
{
	AUTO_JSON json_t *document = parse(json, len, err);
	json_t *within = document ? device_within(document) : NULL;
	AUTO_FREE char *text = NULL;
	struct device device;

	if (!document)
		return NULL;
	text = within ? report_image_text(json_incref(within))
		      : strndup(json, len);
	if (!text) {
		err_set(err, ERR_NO_MEMORY, 0, "device.json");
		return NULL;
	}
	if (report_image_read_device(text, strlen(text), &device, origin, err))
		return NULL;
	return TAKE_PTR(text);
}
