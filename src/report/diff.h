/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of diff. */
#ifndef REPORT_DIFF_H
#define REPORT_DIFF_H

#include <jansson.h>

#include "diff/diff.h"

/** report_diff - at most diff->limit pairs and ranges are listed */
json_t *report_diff(const struct diff *diff) __attribute__((nonnull(1)));

#endif
