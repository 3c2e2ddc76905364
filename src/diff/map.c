/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/map.h"

#include <stdlib.h>

#include "diff/align.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t header_of(const struct common *common, int side)
{
	return common->pieces[side] ? common->pieces[side]->header : 0;
}

static uint64_t payload_of(const struct common *common, int side)
{
	return common->pieces[side] ? common->pieces[side]->len : 0;
}

static uint64_t longest_header(const struct common *common)
{
	return most_of(header_of(common, 0), header_of(common, 1));
}

/* @side: which one has the bytes alone; DIFF_SIDES: both have, and differ. */
static void count_bytes(struct diff_map *map, uint64_t at, uint64_t len, int side)
{
	while (len) {
		struct diff_cell *cell = &map->cells[at / map->cell_bytes];
		uint64_t here = least(len, map->cell_bytes - at % map->cell_bytes);

		if (side < DIFF_SIDES)
			cell->only[side] += here;
		else
			cell->changed += here;
		at += here;
		len -= here;
	}
}

void diff_map_change(struct diff_map *map, uint64_t at, uint64_t len)
{
	count_bytes(map, at, len, DIFF_SIDES);
}

uint64_t diff_map_place(const struct diff *diff, const struct diff_pair *pair,
			bool in_header, uint64_t offset)
{
	struct common common = align_common(diff, pair);

	return pair->start + (in_header ? 0 : longest_header(&common)) + offset;
}

/* Where it begins, and what of it one side alone has: the ends of a longer header and payload. */
static void mark_pair(struct diff_map *map, const struct diff *diff, size_t index)
{
	const struct diff_pair *pair = &diff->pairs[index];
	struct common common = align_common(diff, pair);
	uint64_t payload = pair->start + longest_header(&common);
	struct diff_cell *cell = &map->cells[pair->start / map->cell_bytes];

	if (!cell->begins++)
		cell->first = index;
	for (int side = 0; side < DIFF_SIDES; side++) {
		count_bytes(map, pair->start + common.header,
			    header_of(&common, side) - common.header, side);
		count_bytes(map, payload + common.payload,
			    payload_of(&common, side) - common.payload, side);
	}
}

uint64_t diff_map_total(struct diff *diff)
{
	uint64_t start = 0;

	for (size_t i = 0; i < diff->n_pairs; i++) {
		struct common common = align_common(diff, &diff->pairs[i]);

		diff->pairs[i].start = start;
		start += longest_header(&common) +
			 most_of(payload_of(&common, 0), payload_of(&common, 1));
	}
	return start;
}

struct diff_map *diff_map_new(const struct diff *diff, uint64_t total, uint64_t cell_bytes)
{
	struct diff_map *map = calloc(1, sizeof(*map));

	if (!map)
		return NULL;
	map->total = total;
	map->cell_bytes = cell_bytes;
	map->n_cells = (size_t)(total / cell_bytes + !!(total % cell_bytes));
	map->cells = calloc(map->n_cells, sizeof(*map->cells));
	if (!map->cells) {
		free(map);
		return NULL;
	}
	for (size_t i = 0; i < diff->n_pairs; i++)
		mark_pair(map, diff, i);
	return map;
}

void diff_map_free(struct diff_map *map)
{
	if (map)
		free(map->cells);
	free(map);
}
