/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a stream's bytes are like: as JSON, as a map in the terminal, and as a picture. */
#ifndef REPORT_SCAN_H
#define REPORT_SCAN_H

#include <jansson.h>

#include "cmd/map.h"
#include "image/stats.h"

/** report_payload - {"zero_bytes", "zero_ratio", "entropy_bits", "xxh3_128"}; null for NULL and for one that is not whole */
json_t *report_payload(const struct payload *payload);

/** report_scan_title - what the map is of: the file's @name, bytes and records; malloc'ed, NULL: no memory */
char *report_scan_title(const struct scan *scan, const char *name)
	__attribute__((nonnull(1, 2)));

/**
 * report_scan_map - the cells in lines, as map_text() draws them
 * @name: of the file
 *
 * malloc'ed, terminated, @len bytes; NULL: no memory.
 */
char *report_scan_map(const struct scan *scan, const char *name,
		      const struct map_style *style, size_t *len)
	__attribute__((nonnull(1, 2, 3, 4)));

/**
 * report_scan_svg - the cells as a picture, with lines where records begin
 * @width: with which map_layout() made the cells
 *
 * As report_scan_map().
 */
char *report_scan_svg(const struct scan *scan, const char *name,
		      unsigned int width, size_t *len)
	__attribute__((nonnull(1, 2, 4)));

#endif
