/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where two streams differ, drawn for a terminal. */
#ifndef REPORT_DIFF_MAP_H
#define REPORT_DIFF_MAP_H

#include "cmd/map.h"
#include "diff/diff.h"

/**
 * report_diff_map - diff->map as text, lines with a newline each
 * @diff: compared, with a map that map_layout() has cut for style->width
 *
 * malloc'ed; NULL: no memory.
 */
char *report_diff_map(const struct diff *diff, const struct map_style *style)
	__attribute__((nonnull(1, 2)));

#endif
