/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/map.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "json/template.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define OFF "\033[0m"

/* How a mark looks: without and with blocks, its colour, and what it means. */
struct look {
	const char *ascii, *block, *colour, *means;
};

static const struct look zero = { ".", "·", "90", "zero" };
static const struct look same = { ".", "·", "90", "the same" };
static const struct look only_a = { "a", "a", "36", "in a alone" };
static const struct look only_b = { "b", "b", "35", "in b alone" };

static const struct look data[MAP_LEVELS] = {
	{ "-", "░", "34", "entropy up to 1/4 of what can be" },
	{ "+", "▒", "32", "1/2" },
	{ "*", "▓", "33", "3/4" },
	{ "#", "█", "31", "more" },
};

static const struct look changed[MAP_LEVELS] = {
	{ "-", "░", "34", "up to 1/4 changed" },
	{ "+", "▒", "32", "1/2" },
	{ "*", "▓", "33", "3/4" },
	{ "#", "█", "31", "more" },
};

static const struct look *look_of(enum map_mark mark, unsigned int level)
{
	level = level < MAP_LEVELS ? level : MAP_LEVELS - 1;
	switch (mark) {
	case MAP_DATA:
		return &data[level];
	case MAP_CHANGED:
		return &changed[level];
	case MAP_SAME:
		return &same;
	case MAP_ONLY_A:
		return &only_a;
	case MAP_ONLY_B:
		return &only_b;
	default:
		return &zero;
	}
}

static unsigned int count_digits(uint64_t number)
{
	unsigned int n = 1;

	while (number /= 10)
		n++;
	return n;
}

size_t map_columns(uint64_t bytes, unsigned int width)
{
	unsigned int label = count_digits(bytes) + 1;

	if (width < MAP_WIDTH_MIN)
		width = MAP_WIDTH_MIN;
	return width > label ? width - label : 1;
}

uint64_t map_layout(uint64_t bytes, unsigned int width)
{
	uint64_t cells = map_columns(bytes, width) * MAP_ROWS_MAX;
	uint64_t each = bytes / cells + !!(bytes % cells);

	return (each / MAP_CELL_UNIT + !!(each % MAP_CELL_UNIT) + !each) *
	       MAP_CELL_UNIT;
}

size_t map_cells(uint64_t bytes, uint64_t cell_bytes)
{
	return (size_t)(bytes / cell_bytes + !!(bytes % cell_bytes));
}

static const char *glyph_of(const struct look *look, const struct map_style *style)
{
	return style->blocks ? look->block : look->ascii;
}

/* @painted: what the terminal is set to; as few sequences as will do */
static void paint_cell(FILE *out, const struct look *look, bool faint,
		       const struct map_style *style, char painted[16])
{
	char want[16] = "";

	if (!style->colour)
		return;
	if (look)
		snprintf(want, sizeof(want), "%s%s", faint ? "2;" : "", look->colour);
	if (!strcmp(want, painted))
		return;
	if (*painted)
		fputs(OFF, out);
	if (*want)
		fprintf(out, "\033[%sm", want);
	strcpy(painted, want);
}

static void put_cells(FILE *out, const struct map_cell *cells, size_t n,
		      const struct map_style *style)
{
	char painted[16] = "";

	for (size_t i = 0; i < n; i++) {
		const struct look *look = look_of(cells[i].mark, cells[i].level);

		paint_cell(out, look, cells[i].faint, style, painted);
		fputs(glyph_of(look, style), out);
	}
	paint_cell(out, NULL, false, style, painted);
	fputc('\n', out);
}

/* Columns up to the next cell that a record begins in, or the full line's end. */
static size_t count_room(const struct map_cell *cells, size_t n, size_t columns, size_t from)
{
	size_t i = from + 1;

	while (i < n && !cells[i].borders)
		i++;
	return (i < n ? i : columns) - from;
}

/* "^" under each cell that a record begins in, with the first one's number where there is room. */
static void put_borders(FILE *out, const struct map_cell *cells, size_t n,
			size_t columns, unsigned int indent)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		char label[24] = "^";

		if (!cells[i].borders)
			continue;
		if (count_room(cells, n, columns, i) > count_digits(cells[i].first))
			snprintf(label, sizeof(label), "^%" PRIu64, cells[i].first);
		fprintf(out, "%*s%s", (int)(i - at + (at ? 0 : indent)), "", label);
		at = i + strlen(label);
	}
	if (at)
		fputc('\n', out);
}

static void put_lines(FILE *out, const struct map *map, const struct map_style *style)
{
	size_t columns = map_columns(map->bytes, style->width);
	unsigned int label = count_digits(map->bytes);

	for (size_t i = 0; i < map->n_cells; i += columns) {
		size_t left = map->n_cells - i;
		size_t n = left < columns ? left : columns;

		fprintf(out, "%*" PRIu64 " ", (int)label, i * map->cell_bytes);
		put_cells(out, map->cells + i, n, style);
		put_borders(out, map->cells + i, n, columns, label + 1);
	}
}

/* struct found_marks - what occurs in a map */
struct found_marks {
	bool marks[MAP_MARKS];
	bool faint, borders;
};

static struct found_marks find_marks(const struct map *map)
{
	struct found_marks seen = {};

	for (size_t i = 0; i < map->n_cells; i++) {
		seen.marks[map->cells[i].mark] = true;
		seen.faint |= map->cells[i].faint;
		seen.borders |= map->cells[i].borders != 0;
	}
	return seen;
}

static void put_meaning(FILE *out, const struct look *look, bool first,
			const struct map_style *style)
{
	char painted[16] = "";

	fputs(first ? "" : ", ", out);
	paint_cell(out, look, false, style, painted);
	fputs(glyph_of(look, style), out);
	paint_cell(out, NULL, false, style, painted);
	fprintf(out, " %s", look->means);
}

/* A mark that has levels is told with all of them. */
static void put_legend(FILE *out, const struct map *map, const struct map_style *style)
{
	struct found_marks seen = find_marks(map);
	bool first = true;

	for (unsigned int mark = 0; mark < MAP_MARKS; mark++) {
		unsigned int levels = mark == MAP_DATA || mark == MAP_CHANGED ? MAP_LEVELS : 1;

		for (unsigned int i = 0; seen.marks[mark] && i < levels; i++) {
			put_meaning(out, look_of(mark, i), first, style);
			first = false;
		}
	}
	fputs(first ? "" : "\n", out);
	if (seen.faint && style->colour)
		fputs("faint: half of the bytes or more are zero\n", out);
	fprintf(out, "a cell: %" PRIu64 " bytes%s\n", map->cell_bytes,
		seen.borders ? "; ^ a record begins, and its number" : "");
	if (map->note)
		fprintf(out, "%s\n", map->note);
}

char *map_text(const struct map *map, const struct map_style *style, size_t *len)
{
	AUTO_FREE char *title = printable_text(map->title);
	char *text = NULL;
	FILE *out = title ? open_memstream(&text, len) : NULL;
	bool failed;

	if (!out)
		return NULL;
	fprintf(out, "%s\n", title);
	put_lines(out, map, style);
	put_legend(out, map, style);
	failed = ferror(out);
	if (!fclose(out) && !failed)
		return text;
	free(text);
	return NULL;
}

/* What the terminal and the locale can show. */

#define WIDTH_DEFAULT 80

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

/* A terminal without a TERM, or with that one, takes no escape sequences. */
static bool has_colour(bool terminal)
{
	const char *term = getenv("TERM");

	return terminal && term && *term && strcmp(term, "dumb") && !is_set("NO_COLOR");
}

/* The program itself stays in the C locale. */
static bool has_blocks(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", NULL);
	bool utf8 = locale && !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");

	if (locale)
		freelocale(locale);
	return utf8;
}

/* COLUMNS is the shell's word, where somebody has exported it. */
static unsigned int width_of(int fd, bool terminal)
{
	struct winsize size = {};
	const char *columns = getenv("COLUMNS");
	uint64_t told;

	if (terminal && !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	if (columns && !text_u64(columns, 10, &told) &&
	    told >= MAP_WIDTH_MIN && told <= MAP_WIDTH_MAX)
		return (unsigned int)told;
	return WIDTH_DEFAULT;
}

struct map_style map_style(FILE *out, unsigned int width)
{
	bool terminal = isatty(fileno(out));

	return (struct map_style){
		.width = width ? width : width_of(fileno(out), terminal),
		.colour = has_colour(terminal),
		.blocks = has_blocks(),
	};
}
