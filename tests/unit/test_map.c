/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "check.h"
#include "lib/text.h"
#include "cmd/map.h"

static const struct map_style plain = { .width = 20 };

/* Is the map drawn in just these words? */
static void drawn(const struct map *map, const struct map_style *style, const char *want)
{
	size_t len = 0;
	char *text = map_text(map, style, &len);

	CHECK_STR(text, want);
	CHECK_INT(len, strlen(want));
	free(text);
}

static void a_layout_fills_the_lines(void)
{
	/* 20 columns less "1000000 ": 12 cells a line, 24 lines. */
	uint64_t each = map_layout(1000000, 20);

	CHECK_INT(each % MAP_CELL_UNIT, 0);
	CHECK(map_cells(1000000, each) <= 12 * MAP_ROWS_MAX);
	CHECK(map_cells(1000000, each - MAP_CELL_UNIT) > 12 * MAP_ROWS_MAX);
	CHECK_INT(map_layout(0, 80), MAP_CELL_UNIT);
	CHECK_INT(map_layout(1, 80), MAP_CELL_UNIT);
	CHECK(map_layout(UINT64_MAX / 2, 0) > 0);
}

static void the_last_cell_may_be_smaller(void)
{
	CHECK_INT(map_cells(0, 16), 0);
	CHECK_INT(map_cells(1, 16), 1);
	CHECK_INT(map_cells(16, 16), 1);
	CHECK_INT(map_cells(17, 16), 2);
	CHECK_INT(map_cells(UINT64_MAX, UINT64_MAX), 1);
}

static void cells_come_in_lines_with_offsets_borders_and_meanings(void)
{
	struct map_cell cells[20] = {};
	struct map map = {
		.title = "x", .bytes = 320, .cell_bytes = 16,
		.cells = cells, .n_cells = ARRAY_SIZE(cells),
	};

	for (unsigned int i = 0; i < MAP_LEVELS; i++)
		cells[i + 1] = (struct map_cell){ .mark = MAP_DATA, .level = i };
	cells[0].borders = 1;
	cells[2].borders = 3;
	cells[2].first = 1;
	cells[3].borders = 1;
	cells[3].first = 4;
	cells[15].borders = 1; /* at a full line's end */
	cells[15].first = 5;
	cells[19].borders = 1; /* beside it there is room */
	cells[19].first = 12;
	drawn(&map, &plain,
	      "x\n"
	      "  0 .-+*#...........\n"
	      "    ^0^^4          ^\n"
	      "256 ....\n"
	      "       ^12\n"
	      ". zero, - entropy up to 1/4 of what can be, + 1/2, * 3/4, # more\n"
	      "a cell: 16 bytes; ^ a record begins, and its number\n");
}

static void a_number_is_left_out_where_there_is_no_room(void)
{
	struct map_cell cells[] = {
		{ .mark = MAP_SAME, .borders = 1, .first = 10 },
		{ .mark = MAP_SAME },
		{ .mark = MAP_ONLY_A, .borders = 1, .first = 11 },
		{ .mark = MAP_ONLY_B, .borders = 1, .first = 12 },
	};
	struct map map = {
		.title = "y", .note = "told", .bytes = 64, .cell_bytes = 16,
		.cells = cells, .n_cells = ARRAY_SIZE(cells),
	};

	drawn(&map, &plain,
	      "y\n"
	      " 0 ..ab\n"
	      "   ^ ^^12\n"
	      ". the same, a in a alone, b in b alone\n"
	      "a cell: 16 bytes; ^ a record begins, and its number\n"
	      "told\n");
}

static void colour_changes_where_the_cells_do(void)
{
	struct map_style style = { .width = 80, .colour = true, .blocks = true };
	struct map_cell cells[] = {
		{ .mark = MAP_CHANGED },
		{ .mark = MAP_CHANGED },
		{ .mark = MAP_CHANGED, .level = 3, .faint = true },
	};
	struct map map = {
		.title = "z", .bytes = 48, .cell_bytes = 16,
		.cells = cells, .n_cells = ARRAY_SIZE(cells),
	};

	drawn(&map, &style,
	      "z\n"
	      " 0 \033[34m░░\033[0m\033[2;31m█\033[0m\n"
	      "\033[34m░\033[0m up to 1/4 changed, \033[32m▒\033[0m 1/2, "
	      "\033[33m▓\033[0m 3/4, \033[31m█\033[0m more\n"
	      "faint: half of the bytes or more are zero\n"
	      "a cell: 16 bytes\n");
}

static void a_title_cannot_steer_the_terminal(void)
{
	struct map map = { .title = "a\033[2J\xff", .cell_bytes = 16 };

	drawn(&map, &plain, "a?[2J\xef\xbf\xbd\na cell: 16 bytes\n");
}

static void what_is_no_terminal_has_no_colour(void)
{
	FILE *out = tmpfile();
	struct map_style style;

	setenv("TERM", "xterm-256color", 1);
	setenv("COLUMNS", "33", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	style = map_style(out, 0);
	CHECK(!style.colour);
	CHECK(style.blocks);
	CHECK_INT(style.width, 33);
	CHECK_INT(map_style(out, 50).width, 50);
	setenv("COLUMNS", "many", 1);
	CHECK_INT(map_style(out, 0).width, 80);
	setenv("LC_ALL", "C", 1);
	CHECK(!map_style(out, 0).blocks);
	fclose(out);
}

int main(void)
{
	CASE(a_layout_fills_the_lines);
	CASE(the_last_cell_may_be_smaller);
	CASE(cells_come_in_lines_with_offsets_borders_and_meanings);
	CASE(a_number_is_left_out_where_there_is_no_room);
	CASE(colour_changes_where_the_cells_do);
	CASE(a_title_cannot_steer_the_terminal);
	CASE(what_is_no_terminal_has_no_colour);
	return CHECK_DONE();
}
