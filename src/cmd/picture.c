/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/picture.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/map.h"
#include "json/template.h"
#include "lib/cleanup.h"
#include "lib/io.h"
#include "lib/outfile.h"

static struct map_cell cell_of(const struct stats_cell *from)
{
	struct map_cell cell = {
		.mark = from->zero_bytes == from->bytes ? MAP_ZERO : MAP_DATA,
		.faint = from->zero_bytes >= from->bytes - from->zero_bytes,
		.borders = from->borders,
		.first = from->first,
	};

	while (cell.level + 1 < MAP_LEVELS && from->density * MAP_LEVELS > cell.level + 1)
		cell.level++;
	/* What is zero has a mark of its own. */
	cell.faint &= cell.mark == MAP_DATA;
	return cell;
}

/* map_title_of - what the map is of: the file's @name, bytes and records; malloc'ed, NULL: no memory */
static char *map_title_of(const struct stream_stats *scan, const char *name)
{
	char *title;
	int ret;

	if (scan->format == STREAM_RECORDS)
		ret = asprintf(&title, "%s: %" PRIu64 " bytes, %" PRIu64 " record%s",
			       name, scan->bytes, scan->n_records,
			       scan->n_records == 1 ? "" : "s");
	else
		ret = asprintf(&title, "%s: %" PRIu64 " bytes, without records", name, scan->bytes);
	return ret < 0 ? NULL : title;
}

/*
 * stats_map_text - the cells in lines, as map_text() draws them
 * @name: of the file
 *
 * malloc'ed, terminated, @len bytes; NULL: no memory.
 */
static char *stats_map_text(const struct stream_stats *scan, const char *name,
			    const struct map_style *style, size_t *len)
{
	AUTO_FREE struct map_cell *cells = calloc(scan->n_cells + 1, sizeof(*cells));
	AUTO_FREE char *title = map_title_of(scan, name);
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

/* The map as a picture: one rectangle for cells of one colour side by side. */

#define CELL 8   /* pixels */
#define EDGE 10
#define LINE 16  /* of words */
#define COLOUR_SIZE 8
#define SHADES 32 /* more are hard to tell apart, and make rectangles smaller */
#define WIDTH_MIN 560 /* for the legend's sake */

/* From no entropy to all there can be. */
static const unsigned char stops[][3] = {
	{ 68, 1, 84 }, { 59, 82, 139 }, { 33, 145, 140 }, { 94, 201, 98 },
	{ 253, 231, 37 },
};

#define SEGMENTS (sizeof(stops) / sizeof(stops[0]) - 1)
#define ZERO_COLOUR "#f0f0f0"

static void format_shade(char text[COLOUR_SIZE], double density)
{
	double at = round(density * SHADES) / SHADES * SEGMENTS;
	size_t i = at < SEGMENTS ? (size_t)at : SEGMENTS - 1;
	unsigned int rgb[3];

	for (size_t c = 0; c < 3; c++)
		rgb[c] = (unsigned int)lround(stops[i][c] +
				(at - (double)i) *
				(stops[i + 1][c] - stops[i][c])) & 0xff;
	snprintf(text, COLOUR_SIZE, "#%02x%02x%02x", rgb[0], rgb[1], rgb[2]);
}

static void colour_of(char text[COLOUR_SIZE], const struct stats_cell *cell)
{
	if (cell->zero_bytes == cell->bytes)
		strcpy(text, ZERO_COLOUR);
	else
		format_shade(text, cell->density);
}

/* Foreign words as XML takes them. */
static void put_words(FILE *out, const char *words)
{
	for (; *words; words++) {
		switch (*words) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		default:
			fputc(*words, out);
		}
	}
}

static void put_rectangle(FILE *out, size_t x, size_t y, size_t n, const char *colour)
{
	fprintf(out, "<rect x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%d\" fill=\"%s\"/>\n",
		x, y, n * CELL, CELL, colour);
}

static void put_row(FILE *out, const struct stats_cell *cells, size_t n, size_t y)
{
	size_t begin = 0;
	char last[COLOUR_SIZE];

	colour_of(last, &cells[0]);
	for (size_t i = 1; i <= n; i++) {
		char colour[COLOUR_SIZE] = "";

		if (i < n)
			colour_of(colour, &cells[i]);
		if (!strcmp(colour, last))
			continue;
		put_rectangle(out, EDGE + begin * CELL, y, i - begin, last);
		begin = i;
		strcpy(last, colour);
	}
}

/* A line at the left of each cell that records begin in; what they are shows under a pointer. */
static void put_borders(FILE *out, const struct stream_stats *scan, size_t from, size_t n, size_t y)
{
	for (size_t i = 0; i < n; i++) {
		const struct stats_cell *cell = &scan->cells[from + i];

		if (!cell->borders)
			continue;
		fprintf(out, "<rect class=\"border\" x=\"%zu\" y=\"%zu\" width=\"2\" height=\"%d\" fill=\"#ff0000\"><title>",
			EDGE + i * CELL, y, CELL);
		fprintf(out, "record %" PRIu64, cell->first);
		if (cell->borders > 1)
			fprintf(out, " and %" PRIu64 " more", cell->borders - 1);
		fprintf(out, ": in the cell at byte %" PRIu64 "</title></rect>\n",
			(from + i) * scan->cell_bytes);
	}
}

static void put_scale(FILE *out, size_t y)
{
	const size_t scale = EDGE + 80, after = scale + (SHADES + 1) * CELL + 8;

	put_rectangle(out, EDGE, y, 2, ZERO_COLOUR);
	fprintf(out, "<text x=\"%d\" y=\"%zu\">zero</text>\n", EDGE + 22, y + CELL);
	for (size_t i = 0; i <= SHADES; i++) {
		char colour[COLOUR_SIZE];

		format_shade(colour, (double)i / SHADES);
		put_rectangle(out, scale + i * CELL, y, 1, colour);
	}
	fprintf(out, "<text x=\"%zu\" y=\"%zu\">entropy, none to all there can be</text>\n",
		after, y + CELL);
}

static void put_legend(FILE *out, const struct stream_stats *scan, size_t columns, size_t y)
{
	put_scale(out, y);
	fprintf(out, "<rect x=\"%d\" y=\"%zu\" width=\"2\" height=\"%d\" fill=\"#ff0000\"/>\n",
		EDGE, y + LINE, CELL);
	fprintf(out, "<text x=\"%d\" y=\"%zu\">a record begins; a cell: %" PRIu64
		" bytes, a row: %" PRIu64 " bytes</text>\n", EDGE + 22,
		y + LINE + CELL, scan->cell_bytes,
		(uint64_t)columns * scan->cell_bytes);
}

/* The name that XML knows SVG by. */
static void put_head(FILE *out, size_t width, size_t height, const char *title)
{
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
		"viewBox=\"0 0 %zu %zu\" font-family=\"sans-serif\" font-size=\"11\">\n",
		width, height, width, height);
	fputs("<title>", out);
	put_words(out, title);
	fprintf(out, "</title>\n<rect width=\"%zu\" height=\"%zu\" fill=\"#ffffff\"/>\n"
		"<text x=\"%d\" y=\"%d\">", width, height, EDGE, EDGE + CELL);
	put_words(out, title);
	fputs("</text>\n", out);
}

static void put_picture(FILE *out, const struct stream_stats *scan, size_t columns,
			const char *title)
{
	size_t rows = scan->n_cells / columns + !!(scan->n_cells % columns);
	size_t width = 2 * EDGE + columns * CELL, top = EDGE + LINE;
	size_t legend = top + rows * CELL + EDGE;

	put_head(out, width < WIDTH_MIN ? WIDTH_MIN : width, legend + 2 * LINE + EDGE, title);
	for (size_t row = 0; row < rows; row++) {
		size_t from = row * columns, left = scan->n_cells - from;
		size_t n = left < columns ? left : columns;

		put_row(out, scan->cells + from, n, top + row * CELL);
		put_borders(out, scan, from, n, top + row * CELL);
	}
	put_legend(out, scan, columns, legend);
	fputs("</svg>\n", out);
}

/*
 * stats_svg_text - the cells as a picture, with lines where records begin
 * @width: with which map_layout() made the cells
 *
 * As stats_map_text().
 */
static char *stats_svg_text(const struct stream_stats *scan, const char *name,
			    unsigned int width, size_t *len)
{
	AUTO_FREE char *raw = map_title_of(scan, name);
	AUTO_FREE char *title = raw ? printable_text(raw) : NULL;
	char *text = NULL;
	FILE *out = title ? open_memstream(&text, len) : NULL;
	bool failed;

	if (!out)
		return NULL;
	put_picture(out, scan, map_columns(scan->bytes, width), title);
	failed = ferror(out);
	if (!fclose(out) && !failed)
		return text;
	free(text);
	return NULL;
}

static struct map_style style_of(const struct picture *picture)
{
	struct map_style style = map_style(stdout, picture->width);

	if (!picture->map && !picture->width)
		style.width = PICTURE_COLUMNS;
	return style;
}

uint64_t picture_cell(const struct picture *picture, uint64_t bytes)
{
	struct map_style style = style_of(picture);

	return picture->map || picture->svg ? map_layout(bytes, style.width) : 0;
}

static int write_svg(const struct picture *picture, const struct stream_stats *scan,
		     const char *name, struct err *err)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct map_style style = style_of(picture);
	AUTO_FREE char *text = NULL;
	size_t len;
	int ret;

	text = stats_svg_text(scan, name, style.width, &len);
	if (!text)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for the picture");
	if (outfile_open(&out, picture->svg, picture->overwrite, err))
		return -1;
	ret = write_all(out.fd, text, len);
	if (ret)
		return err_from_errno(err, -ret, "writing %s", picture->svg);
	return outfile_publish(&out, err);
}

static int print_map(const struct picture *picture, const struct request *request,
		     const struct stream_stats *scan, const char *name, struct err *err)
{
	struct map_style style = style_of(picture);
	size_t len;
	AUTO_FREE char *text = stats_map_text(scan, name, &style, &len);

	if (!text)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for the map");
	return request->emit_text(text, len, err);
}

int picture_draw(const struct picture *picture, const struct request *request,
		 const struct stream_stats *scan, const char *name, struct err *err)
{
	if (picture->svg && write_svg(picture, scan, name, err))
		return -1;
	if (picture->map && print_map(picture, request, scan, name, err))
		return -1;
	return 0;
}
