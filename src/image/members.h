/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON members of an image, mlxmigctl-image(5), and the document of inspect. */
#ifndef IMAGE_MEMBERS_H
#define IMAGE_MEMBERS_H

#include <jansson.h>
#include <stddef.h>

#include "compat/identity.h"
#include "host/device.h"
#include "image/format.h"
#include "image/inspect.h"
#include "image/stats.h"
#include "lib/err.h"

/** report_image_device - the text of device.json, malloc'ed; NULL: no memory */
char *report_image_device(const struct device *device,
			  const struct image_origin *origin)
	__attribute__((nonnull(1, 2)));

/**
 * report_image_manifest - the text of manifest.json, malloc'ed; NULL: no memory
 * @totals: what the writer counted
 * @transfer: the times; its digest and counts are not used
 */
char *report_image_manifest(const struct image_totals *totals,
			    const struct transfer *transfer)
	__attribute__((nonnull(1, 2)));

/**
 * report_image_read_device - device.json back into structs
 * @origin: may be NULL
 *
 * Only what identifies the device is filled. ERR_DAMAGED for what is not such
 * a document, ERR_INCOMPATIBLE for a newer major version; 0 or -1.
 */
int report_image_read_device(const char *json, size_t len,
			     struct device *device, struct image_origin *origin,
			     struct err *err) __attribute__((nonnull(1, 3, 5)));

/** report_image_check_device - report_image_read_device() for its verdict alone: for struct image_json */
int report_image_check_device(const char *json, size_t len, struct err *err)
	__attribute__((nonnull(1, 3)));

/**
 * report_image_find_device - device.json in a document: the document itself, or what inspect found
 * @origin: takes when, and by what, the state was saved
 *
 * malloc'ed: byte for byte where it is the document itself. NULL with err set
 * as report_image_read_device() does it.
 */
char *report_image_find_device(const char *json, size_t len,
			       struct image_origin *origin, struct err *err)
	__attribute__((nonnull(1, 3, 4)));

/** report_image_packed_manifest - report_image_manifest() of a stream of which nobody knows how it was saved */
char *report_image_packed_manifest(const struct image_totals *totals,
				   const struct record_parser *records)
	__attribute__((nonnull(1, 2)));

/** report_image_read_manifest - manifest.json back into totals: for struct image_json */
int report_image_read_manifest(const char *json, size_t len,
			       struct image_totals *totals, struct err *err)
	__attribute__((nonnull(1, 3, 4)));

/** report_identity - [{"fact", "fit", "source", "target", "reason"}] */
json_t *report_identity(const struct identity_fit *fit)
	__attribute__((nonnull(1)));

/** report_records - {"format", "count", "firmware_bytes", "complete"} of a stream; count and complete are null of a bare one */
json_t *report_records(const struct record_parser *records)
	__attribute__((nonnull(1)));

/** report_survey - the document of inspect; @scan: the summaries in it, or NULL */
json_t *report_survey(const struct survey *survey, const struct scan *scan)
	__attribute__((nonnull(1)));

#endif
