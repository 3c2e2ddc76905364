/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of extract. */
#ifndef REPORT_EXTRACT_H
#define REPORT_EXTRACT_H

#include <jansson.h>

#include "image/extract.h"

/** report_extract - the whole document, of what is done */
json_t *report_extract(const struct extract *extract)
	__attribute__((nonnull(1)));

#endif
