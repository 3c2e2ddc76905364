/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the writer and the reader of an image's JSON must agree on. Private to report/image*.c. */
#ifndef REPORT_IMAGE_FORMAT_H
#define REPORT_IMAGE_FORMAT_H

#include <jansson.h>

#include "host/device.h"
#include "image/format.h"
#include "lib/err.h"
#include "migrate/transfer.h"

#define FORMAT_MAJOR 1 /* what knows one cannot read another */
#define FORMAT_MINOR 2 /* something was added that others may pass over */
#define SCHEMA_IMAGE "mlxmigctl.image/"
#define SCHEMA_MANIFEST "mlxmigctl.manifest/"

#define KIND_COUNT 3

/* By enum device_kind. */
extern const char *const format_kinds[KIND_COUNT];

/** report_image_text - the text of a document, which is released; malloc'ed; NULL: no memory */
char *report_image_text(json_t *document);

/** format_read_identity - what device.json and an entry of status both have: kind, name, ids, PSID, firmware, driver; 0 or -1 */
int format_read_identity(const json_t *document, struct device *device,
			 struct err *err);

/** format_read_device - device.json, as report_image_read_device() does it; 0 or -1 */
int format_read_device(const json_t *document, struct device *device,
		       struct image_origin *origin, struct err *err);

/** format_device_within - device.json in what inspect printed, also of a damaged image, when it is the result of an error; borrowed, or NULL */
json_t *format_device_within(const json_t *document);

#endif
