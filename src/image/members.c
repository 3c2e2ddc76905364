/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/members.h"

#include <string.h>
#include <time.h>

#include "json/document.h"
#include "report/image_format.h"
#include "report/transfer.h"
#include "report/walk.h"

static json_t *schema_of(const char *prefix)
{
	return json_sprintf("%s%d", prefix, FORMAT_MAJOR);
}

static json_t *hex16(uint16_t value)
{
	return json_sprintf("%04x", value);
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

char *report_image_text(json_t *document)
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

char *report_image_device(const struct device *device,
			  const struct image_origin *origin)
{
	bool pci = device->kind != DEVICE_OTHER;

	return report_image_text(json_pack(
		"{s:o, s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}",
		"schema", schema_of(SCHEMA_IMAGE),
		"minor", FORMAT_MINOR,
		"device", report_string(device->name),
		"kind", format_kinds[device->kind],
		"vendor_id", hex16(device->vendor_id),
		"device_id", hex16(device->device_id),
		"subsystem_vendor_id", hex16(device->subsystem_vendor_id),
		"subsystem_id", hex16(device->subsystem_id),
		"revision", pci ? json_integer(device->revision) : json_null(),
		"product", report_text(device->product),
		"mdev_type", report_text(device->mdev_type),
		"pf", address_of(device->has_pf, &device->pf),
		"vf_number", report_number(device->kind == DEVICE_VF
					   ? device->vf_number : -1),
		"psid", report_text(device->psid),
		"fw_version", report_text(device->fw_version),
		"driver", report_text(device->driver),
		"features", features_of(&device->caps),
		"saved_unix_ns", (json_int_t)origin->saved_unix_ns,
		"saved", time_text(origin->saved_unix_ns),
		"kernel", report_text(origin->kernel),
		"tool", json_pack("{s:s, s:o}", "name", "mlxmigctl", "version",
				  report_text(origin->tool))));
}

/* What the writer counted, and how long the reading took. */
static json_t *phases_of(const struct image_totals *totals,
			 const struct transfer *transfer)
{
	struct phase_total phases[PHASE_COUNT];

	for (unsigned int i = 0; i < PHASE_COUNT; i++) {
		phases[i] = totals->phases[i];
		phases[i].duration_ns = transfer->phases[i].duration_ns;
	}
	return report_phases(phases, true);
}

json_t *report_records(const struct record_parser *records)
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

char *report_image_manifest(const struct image_totals *totals,
			    const struct transfer *transfer)
{
	return report_image_text(json_pack(
		"{s:o, s:I, s:I, s:s, s:o, s:o, s:s, s:b, s:I, s:I, s:I, s:o, s:o, s:o}",
		"schema", schema_of(SCHEMA_MANIFEST),
		"bytes", (json_int_t)totals->bytes,
		"members", (json_int_t)totals->members,
		"xxh3_128", totals->digest,
		"phases", phases_of(totals, transfer),
		"records", report_records(&transfer->records),
		"from", fsm_state_name(transfer->origin),
		"fresh", transfer->lender.kind == HOLDER_NONE,
		"started_unix_ns", (json_int_t)transfer->started_unix_ns,
		"duration_ns", (json_int_t)transfer->duration_ns,
		"stopped_ns", (json_int_t)transfer->stopped_ns,
		"precopy", report_precopy(&transfer->precopy),
		"stopped", report_stopped(transfer),
		"arcs", report_arcs(transfer->walk.arcs,
				    transfer->walk.n_arcs)));
}

/* Durations must be numbers, as every reader of this version wants them. */
char *report_image_packed_manifest(const struct image_totals *totals,
				   const struct record_parser *records)
{
	return report_image_text(json_pack(
		"{s:o, s:I, s:I, s:s, s:o, s:o, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:[]}",
		"schema", schema_of(SCHEMA_MANIFEST),
		"bytes", (json_int_t)totals->bytes,
		"members", (json_int_t)totals->members,
		"xxh3_128", totals->digest,
		"phases", report_phases(totals->phases, true),
		"records", report_records(records),
		"from", "fresh", "started_unix_ns", "duration_ns",
		"stopped_ns", "precopy", "stopped", "arcs"));
}
