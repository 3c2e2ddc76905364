/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a difference is in the map, and how it is drawn. */
#include <stdlib.h>

#include "check.h"
#include "diff/align.h"
#include "diff/map.h"
#include "cmd/documents.h"

/* A side of @n FW_DATA records of these sizes. */
static void lay(struct diff_side *side, const uint64_t *sizes, size_t n)
{
	struct record *records = calloc(n, sizeof(*records));

	*side = (struct diff_side){ .path = "x", .format = STREAM_RECORDS,
				    .n_records = n, .whole = true };
	for (size_t i = 0; i < n; i++) {
		records[i] = (struct record){ .offset = side->bytes,
					      .size = sizes[i] };
		side->bytes += RECORD_HEADER_SIZE + sizes[i];
	}
	CHECK_INT(align_pieces(side, records), 0);
	free(records);
}

static void make_map(struct diff *diff, uint64_t cell_bytes)
{
	diff->map = diff_map_new(diff, diff_map_total(diff), cell_bytes);
}

static void release(struct diff *diff)
{
	align_free(diff);
	diff_map_free(diff->map);
}

static void change_is_counted_in_each_cell_it_touches(void)
{
	static const uint64_t sizes[] = { 84, 184 }; /* 100 and 200 bytes */
	struct diff diff = {};

	lay(&diff.sides[0], sizes, 2);
	lay(&diff.sides[1], sizes, 2);
	CHECK_INT(align_pair(&diff), 0);
	make_map(&diff, 43);
	CHECK_INT(diff.map->total, 300);
	CHECK_INT(diff.map->n_cells, 7);
	diff_map_change(diff.map, 40, 50); /* 3, 43 and 4 bytes */
	diff_map_change(diff.map, 299, 1);
	CHECK_INT(diff.map->cells[0].changed, 3);
	CHECK_INT(diff.map->cells[1].changed, 43);
	CHECK_INT(diff.map->cells[2].changed, 4);
	CHECK_INT(diff.map->cells[3].changed, 0);
	CHECK_INT(diff.map->cells[6].changed, 1);
	CHECK_INT(diff.map->cells[0].begins, 1);
	CHECK_INT(diff.map->cells[1].begins, 0);
	CHECK_INT(diff.map->cells[2].begins, 1);
	CHECK_INT(diff.map->cells[2].first, 1);
	release(&diff);
}

static void what_one_side_has_alone_is_marked(void)
{
	static const uint64_t a[] = { 84, 34, 84 }, b[] = { 94, 94, 84, 84 };
	struct diff diff = {};
	uint64_t only[DIFF_SIDES] = {};

	lay(&diff.sides[0], a, 3);
	lay(&diff.sides[1], b, 4);
	CHECK_INT(align_pair(&diff), 0); /* 84-94, 34-94, -84, 84-84 */
	CHECK_INT(diff.n_pairs, 4);
	make_map(&diff, 1);
	CHECK_INT(diff.map->total, 110 + 110 + 100 + 100);
	for (size_t i = 0; i < diff.map->n_cells; i++)
		for (int side = 0; side < DIFF_SIDES; side++)
			only[side] += diff.map->cells[i].only[side];
	CHECK_INT(only[0], 0);
	CHECK_INT(only[1], 10 + 60 + 100);
	CHECK_INT(diff.map->cells[99].only[1], 0);
	CHECK_INT(diff.map->cells[100].only[1], 1);
	CHECK_INT(diff.map->cells[110].only[1], 0);
	CHECK_INT(diff.map->cells[319].only[1], 1);
	CHECK_INT(diff.map->cells[320].only[1], 0);
	CHECK_INT(diff_map_place(&diff, &diff.pairs[1], true, 3), 113);
	CHECK_INT(diff_map_place(&diff, &diff.pairs[1], false, 3), 129);
	release(&diff);
}

/* A bare stream lacks the header of its partner, not the beginning of its data. */
static void a_missing_header_is_not_payload(void)
{
	static const uint64_t a[] = { 84 };
	struct diff diff = {};

	lay(&diff.sides[0], a, 1);
	diff.sides[1] = (struct diff_side){ .path = "x", .bytes = 84,
					    .format = STREAM_BARE,
					    .whole = true };
	CHECK_INT(align_pieces(&diff.sides[1], NULL), 0);
	CHECK_INT(align_pair(&diff), 0);
	make_map(&diff, 1);
	CHECK_INT(diff.map->total, 100);
	CHECK_INT(diff.map->cells[15].only[0], 1);
	CHECK_INT(diff.map->cells[16].only[0], 0);
	CHECK_INT(diff_map_place(&diff, diff.pairs, false, 0), 16);
	release(&diff);
}

/* Is that line in the map, whole? */
static bool has_line(const char *map, const char *line)
{
	const char *at = strstr(map, line);

	return at && (at == map || at[-1] == '\n') && at[strlen(line)] == '\n';
}

/* 36, 76 and 20 bytes, of which one side lacks the second record: cells of 4. */
static void each_cell_shows_what_is_in_it(void)
{
	static const uint64_t a[] = { 20, 4 }, b[] = { 20, 60, 4 };
	const struct map_style style = { .width = 80 };
	struct diff diff = {};
	char *map;

	lay(&diff.sides[0], a, 2);
	lay(&diff.sides[1], b, 3);
	diff.sides[1].path = "y\033";
	CHECK_INT(align_pair(&diff), 0);
	make_map(&diff, 4);
	diff_map_change(diff.map, 4, 1);
	diff_map_change(diff.map, 8, 2);
	diff_map_change(diff.map, 13, 3);
	diff_map_change(diff.map, 16, 4);
	diff.changed = 10;
	diff.all_ranges = 4;
	diff.only[1] = 76;
	map = diff_map_text(&diff, &style);
	CHECK(has_line(map, "a: x, b: y?: 10 bytes differ (ranges: 4), 0 are in a alone, 76 in b alone"));
	CHECK(has_line(map, "  0 .-+*#....bbbbbbbbbbbbbbbbbbb....."));
	CHECK(has_line(map, "    ^0       ^1                 ^1"));
	CHECK(strstr(map, "the offsets are of all of them"));
	free(map);
	release(&diff);
}

static void equal_streams_are_the_same(void)
{
	static const uint64_t sizes[] = { 20, 4 };
	const struct map_style style = { .width = 80 };
	struct diff diff = {};
	char *map;

	lay(&diff.sides[0], sizes, 2);
	lay(&diff.sides[1], sizes, 2);
	CHECK_INT(align_pair(&diff), 0);
	make_map(&diff, 4);
	map = diff_map_text(&diff, &style);
	CHECK(has_line(map, "a: x, b: x: the same"));
	CHECK(has_line(map, " 0 .............."));
	CHECK(!strstr(map, "the offsets"));
	free(map);
	release(&diff);
}

int main(void)
{
	CASE(change_is_counted_in_each_cell_it_touches);
	CASE(what_one_side_has_alone_is_marked);
	CASE(a_missing_header_is_not_payload);
	CASE(each_cell_shows_what_is_in_it);
	CASE(equal_streams_are_the_same);
	return CHECK_DONE();
}
