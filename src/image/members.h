/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON members of an image, mlxmigctl-image(5), but for the manifest of a transfer: see migrate/transfer.h. */
#ifndef IMAGE_MEMBERS_H
#define IMAGE_MEMBERS_H

#include <jansson.h>
#include <stddef.h>

#include "host/device.h"
#include "image/format.h"
#include "image/record.h"
#include "lib/err.h"

/** device_json_make - the text of device.json, malloc'ed; NULL: no memory */
char *device_json_make(const struct device *device, const struct image_origin *origin)
	__attribute__((nonnull(1, 2)));

/**
 * device_json_read - device.json back into structs
 * @origin: may be NULL
 *
 * Only what identifies the device is filled. ERR_DAMAGED for what is not such
 * a document, ERR_INCOMPATIBLE for a newer major version; 0 or -1.
 */
int device_json_read(const char *json, size_t len,
		     struct device *device, struct image_origin *origin,
		     struct err *err) __attribute__((nonnull(1, 3, 5)));

/** device_json_check - device_json_read() for its verdict alone */
int device_json_check(const char *json, size_t len, struct err *err) __attribute__((nonnull(1, 3)));

/**
 * device_json_find - device.json in a document: the document itself, or what inspect found
 * @origin: takes when, and by what, the state was saved
 *
 * malloc'ed: byte for byte where it is the document itself. NULL with err set
 * as device_json_read() does it.
 */
char *device_json_find(const char *json, size_t len, struct image_origin *origin, struct err *err)
	__attribute__((nonnull(1, 3, 4)));

/**
 * manifest_json_new - the beginning of manifest.json, which all of them have; a new reference
 * @totals: what the writer counted
 * @phases: the same, with the time that each took
 */
json_t *manifest_json_new(const struct image_totals *totals,
			  const struct phase_total phases[PHASE_COUNT],
			  const struct record_parser *records) __attribute__((nonnull(1, 2, 3)));

/** manifest_json_make_packed - the text of manifest.json for a stream of which it is not known how it was saved; malloc'ed, NULL: no memory */
char *manifest_json_make_packed(const struct image_totals *totals,
				const struct record_parser *records)
	__attribute__((nonnull(1, 2)));

/** manifest_json_read - manifest.json back into totals */
int manifest_json_read(const char *json, size_t len, struct image_totals *totals, struct err *err)
	__attribute__((nonnull(1, 3, 4)));

/** manifest_json_is_packed - is it one of manifest_json_make_packed()? */
bool manifest_json_is_packed(const char *json, size_t len) __attribute__((nonnull(1)));

/**
 * phases_json - {"pre_copy": {"bytes", "members", "duration_ns"}, …}
 * @timed: the durations are known; else they are null
 */
json_t *phases_json(const struct phase_total phases[PHASE_COUNT], bool timed)
	__attribute__((nonnull(1)));

/** records_json - {"format", "count", "firmware_bytes", "complete"} of a stream; count and complete are null of a bare one */
json_t *records_json(const struct record_parser *records) __attribute__((nonnull(1)));

#define FORMAT_MAJOR 1 /* what knows one cannot read another */
#define FORMAT_MINOR 2 /* something was added that others may pass over */
#define SCHEMA_IMAGE "mlxmigctl.image/"
#define SCHEMA_MANIFEST "mlxmigctl.manifest/"

/** member_json_text - the text of a document, which is released; malloc'ed; NULL: no memory */
char *member_json_text(json_t *document);

/** device_json_parse_identity - what device.json and an entry of status both have: kind, name, ids, PSID, firmware, driver; 0 or -1 */
int device_json_parse_identity(const json_t *document, struct device *device, struct err *err);

/** device_json_parse - device.json, as device_json_read() does it; 0 or -1 */
int device_json_parse(const json_t *document, struct device *device,
		      struct image_origin *origin, struct err *err);

/** device_json_within - device.json in what inspect printed, also of a damaged image, when it is the result of an error; borrowed, or NULL */
json_t *device_json_within(const json_t *document);

#endif
