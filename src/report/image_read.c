/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON members of an image back into structs. What is read here is foreign. */
#include <string.h>

#include "image/members.h"
#include "json/read.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "report/image_format.h"

const char *const format_kinds[KIND_COUNT] = {
	[DEVICE_PF] = "pf",
	[DEVICE_VF] = "vf",
	[DEVICE_OTHER] = "other",
};

static int get_kind(const json_t *document, enum device_kind *kind,
		    struct err *err)
{
	char text[16];

	if (foreign_text(document, "kind", text, sizeof(text), err))
		return -1;
	for (unsigned int i = 0; i < KIND_COUNT; i++)
		if (!strcmp(text, format_kinds[i])) {
			*kind = (enum device_kind)i;
			return 0;
		}
	return foreign_bad("kind", err);
}

/* A device that is on no PCI bus has no ids; in an image they are 0. */
static int get_ids(const json_t *document, struct device *device,
		   struct err *err)
{
	if (device->kind == DEVICE_OTHER &&
	    json_is_null(json_object_get(document, "vendor_id")))
		return 0;
	return foreign_hex16(document, "vendor_id", &device->vendor_id, err) ||
	       foreign_hex16(document, "device_id", &device->device_id, err) ||
	       foreign_hex16(document, "subsystem_vendor_id",
			     &device->subsystem_vendor_id, err) ||
	       foreign_hex16(document, "subsystem_id", &device->subsystem_id,
			     err);
}

static int get_texts(const json_t *document, struct device *device,
		     struct err *err)
{
	return foreign_text(document, "device", device->name,
			    sizeof(device->name), err) ||
	       foreign_text(document, "psid", device->psid,
			    sizeof(device->psid), err) ||
	       foreign_text(document, "fw_version", device->fw_version,
			    sizeof(device->fw_version), err) ||
	       foreign_text(document, "driver", device->driver,
			    sizeof(device->driver), err) ||
	       /* What earlier versions wrote has none. */
	       (json_object_get(document, "mdev_type") &&
		foreign_text(document, "mdev_type", device->mdev_type,
			     sizeof(device->mdev_type), err));
}

int format_read_identity(const json_t *document, struct device *device,
			 struct err *err)
{
	*device = (struct device){
		.vf_number = -1, .iommu_group = -1, .numa_node = -1,
	};
	return get_kind(document, &device->kind, err) ||
	       get_ids(document, device, err) ||
	       get_texts(document, device, err) ? -1 : 0;
}

static int get_origin(const json_t *document, struct image_origin *origin,
		      struct err *err)
{
	return foreign_text(document, "kernel", origin->kernel,
			    sizeof(origin->kernel), err) ||
	       foreign_text(json_object_get(document, "tool"), "version",
			    origin->tool, sizeof(origin->tool), err) ||
	       foreign_u64(document, "saved_unix_ns", &origin->saved_unix_ns,
			   err);
}

int format_read_device(const json_t *document, struct device *device,
		       struct image_origin *origin, struct err *err)
{
	const json_t *vf_number = json_object_get(document, "vf_number");

	if (foreign_schema(document, SCHEMA_IMAGE, FORMAT_MAJOR, err) ||
	    format_read_identity(document, device, err) ||
	    get_origin(document, origin, err) ||
	    foreign_u64(json_object_get(document, "features"), "flags",
			&device->caps.flags, err))
		return -1;
	device->probed = true;
	if (json_is_integer(vf_number) && json_integer_value(vf_number) >= 0 &&
	    json_integer_value(vf_number) <= UINT16_MAX)
		device->vf_number = (int)json_integer_value(vf_number);
	return 0;
}

int report_image_read_device(const char *json, size_t len,
			     struct device *device, struct image_origin *origin,
			     struct err *err)
{
	AUTO_JSON json_t *document = foreign_parse(json, len, err);
	struct image_origin unused;

	return document && !format_read_device(document, device,
					       origin ? origin : &unused, err)
		       ? 0 : -1;
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

	return foreign_u64(phase, "bytes", &total->bytes, err) ||
	       foreign_u64(phase, "members", &total->members, err) ||
	       foreign_u64(phase, "duration_ns", &total->duration_ns, err);
}

int report_image_read_manifest(const char *json, size_t len,
			       struct image_totals *totals, struct err *err)
{
	AUTO_JSON json_t *document = foreign_parse(json, len, err);
	const json_t *phases;

	*totals = (struct image_totals){};
	if (!document ||
	    foreign_schema(document, SCHEMA_MANIFEST, FORMAT_MAJOR, err) ||
	    foreign_u64(document, "bytes", &totals->bytes, err) ||
	    foreign_u64(document, "members", &totals->members, err) ||
	    foreign_text(document, "xxh3_128", totals->digest,
			 sizeof(totals->digest), err))
		return -1;
	phases = json_object_get(document, "phases");
	for (unsigned int i = 0; i < PHASE_COUNT; i++)
		if (get_phase(phases, phase_name(i), &totals->phases[i], err))
			return -1;
	return 0;
}

json_t *format_device_within(const json_t *document)
{
	const json_t *result = json_object_get(document, "result");
	json_t *device = json_object_get(result ? result : document, "device");

	return json_is_object(device) ? device : NULL;
}

char *report_image_find_device(const char *json, size_t len,
			       struct image_origin *origin, struct err *err)
{
	AUTO_JSON json_t *document = foreign_parse(json, len, err);
	json_t *within = document ? format_device_within(document) : NULL;
	struct device device;
	char *text;

	if (!document ||
	    format_read_device(within ? within : document, &device, origin,
			       err))
		return NULL;
	text = within ? report_image_text(json_incref(within))
		      : strndup(json, len);
	if (!text)
		err_set(err, ERR_NO_MEMORY, 0, "device.json");
	return text;
}
