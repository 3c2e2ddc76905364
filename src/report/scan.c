/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/scan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/cleanup.h"

#define PLACES 1e4 /* four decimals */

json_t *report_payload(const struct payload *payload)
{
	double ratio;

	if (!payload || !payload->whole)
		return json_null();
	ratio = payload_zero_ratio(payload->zero_bytes, payload->bytes);
	return json_pack("{s:I, s:f, s:f, s:s}",
			 "zero_bytes", (json_int_t)payload->zero_bytes,
			 "zero_ratio", round(ratio * PLACES) / PLACES,
			 "entropy_bits",
			 round(payload->entropy * PLACES) / PLACES,
			 "xxh3_128", payload->digest);
}

static struct map_cell cell_of(const struct scan_cell *from)
{
	struct map_cell cell = {
		.mark = from->zero_bytes == from->bytes ? MAP_ZERO : MAP_DATA,
		.faint = from->zero_bytes >= from->bytes - from->zero_bytes,
		.borders = from->borders,
		.first = from->first,
	};

	while (cell.level + 1 < MAP_LEVELS &&
	       from->density * MAP_LEVELS > cell.level + 1)
		cell.level++;
	/* What is zero has a mark of its own. */
	cell.faint &= cell.mark == MAP_DATA;
	return cell;
}

char *report_scan_title(const struct scan *scan, const char *name)
{
	char *title;
	int ret;

	if (scan->format == STREAM_RECORDS)
		ret = asprintf(&title, "%s: %" PRIu64 " bytes, %" PRIu64 " record%s",
			       name, scan->bytes, scan->n_records,
			       scan->n_records == 1 ? "" : "s");
	else
		ret = asprintf(&title, "%s: %" PRIu64 " bytes, without records",
			       name, scan->bytes);
	return ret < 0 ? NULL : title;
}

char *report_scan_map(const struct scan *scan, const char *name,
		      const struct map_style *style, size_t *len)
{
	AUTO_FREE struct map_cell *cells = calloc(scan->n_cells + 1,
						  sizeof(*cells));
	AUTO_FREE char *title = report_scan_title(scan, name);
	struct map map = {
		.title = title,
		.bytes = scan->bytes,
		.cell_bytes = scan->cell_bytes,
		.cells = cells,
		.n_cells = scan->n_cells,
	};

	if (!cells || !title)
		return NULL;
	for (size_t i = 0; i < scan->n_cells; i++)
		cells[i] = cell_of(&scan->cells[i]);
	return map_text(&map, style, len);
}
