/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the writer and the reader of an image's JSON must agree on. Private to report/image*.c. */
#ifndef REPORT_IMAGE_FORMAT_H
#define REPORT_IMAGE_FORMAT_H

#include <jansson.h>

#include "model/device.h"

#define FORMAT_MAJOR 1 /* what knows one cannot read another */
#define FORMAT_MINOR 1 /* something was added that others may pass over */
#define SCHEMA_IMAGE "mlxmigctl.image/"
#define SCHEMA_MANIFEST "mlxmigctl.manifest/"

#define KIND_COUNT 3

/* By enum device_kind. */
extern const char *const format_kinds[KIND_COUNT];

/** report_image_text - the text of a document, which is released; malloc'ed; NULL: no memory */
char *report_image_text(json_t *document);

#endif
