/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/diff_map.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "diff/map.h"
#include "lib/cleanup.h"

static uint64_t bytes_of(const struct diff_map *map, size_t cell)
{
	uint64_t left = map->total - cell * map->cell_bytes;

	return left < map->cell_bytes ? left : map->cell_bytes;
}

/* What differs wins over what one side has alone, and that over what is the same. */
static enum map_mark mark_of(const struct diff_cell *cell)
{
	if (cell->changed)
		return MAP_CHANGED;
	if (!cell->only[0] && !cell->only[1])
		return MAP_SAME;
	return cell->only[0] >= cell->only[1] ? MAP_ONLY_A : MAP_ONLY_B;
}

/* How much of a cell differs, in quarters; a full one belongs to what is below it. */
static unsigned int level_of(uint64_t changed, uint64_t bytes)
{
	unsigned int level = 0;

	while (level + 1 < MAP_LEVELS &&
	       (double)changed * MAP_LEVELS > (double)(level + 1) * (double)bytes)
		level++;
	return level;
}

/* The record's number in a, or in b where that has it alone. */
static uint64_t record_of(const struct diff_pair *pair)
{
	return pair->piece[0] != DIFF_NONE ? pair->piece[0] : pair->piece[1];
}

static struct map_cell *cells_of(const struct diff *diff)
{
	const struct diff_map *map = diff->map;
	struct map_cell *cells = calloc(map->n_cells, sizeof(*cells));

	for (size_t i = 0; cells && i < map->n_cells; i++) {
		const struct diff_cell *cell = &map->cells[i];

		cells[i] = (struct map_cell){
			.mark = mark_of(cell),
			.level = level_of(cell->changed, bytes_of(map, i)),
			.borders = cell->begins,
		};
		if (cell->begins)
			cells[i].first = record_of(&diff->pairs[cell->first]);
	}
	return cells;
}

static char *title_of(const struct diff *diff)
{
	const char *a = diff->sides[0].path, *b = diff->sides[1].path;
	char *title;
	int ret;

	if (diff_same(diff))
		ret = asprintf(&title, "a: %s, b: %s: the same", a, b);
	else
		ret = asprintf(&title, "a: %s, b: %s: %" PRIu64
			       " bytes differ (ranges: %" PRIu64 "), %" PRIu64
			       " are in a alone, %" PRIu64 " in b alone", a, b,
			       diff->changed, diff->all_ranges, diff->only[0],
			       diff->only[1]);
	return ret < 0 ? NULL : title;
}

/* Without what is in one of them alone the offsets are those of both streams. */
static const char *note_of(const struct diff *diff)
{
	if (!diff->only[0] && !diff->only[1])
		return NULL;
	return "each record is as long as it is on its longer side: the offsets are of all of them, not of a or b";
}

char *report_diff_map(const struct diff *diff, const struct map_style *style)
{
	AUTO_FREE char *title = title_of(diff);
	AUTO_FREE struct map_cell *cells = cells_of(diff);
	const struct map map = {
		.title = title,
		.note = note_of(diff),
		.bytes = diff->map->total,
		.cell_bytes = diff->map->cell_bytes,
		.cells = cells,
		.n_cells = diff->map->n_cells,
	};
	size_t len;

	return title && cells ? map_text(&map, style, &len) : NULL;
}
