/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps of streams: cells side by side, each of which stands for a stretch of bytes. */
#ifndef CMD_MAP_H
#define CMD_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MAP_LEVELS 4       /* of MAP_DATA and MAP_CHANGED */
#define MAP_ROWS_MAX 24    /* lines of cells that map_layout() makes */
#define MAP_CELL_UNIT 16   /* a cell is a multiple of so many bytes */
#define MAP_WIDTH_MIN 20
#define MAP_WIDTH_MAX 4096

/* What is in a cell. */
enum map_mark {
	MAP_ZERO,    /* zero bytes alone */
	MAP_DATA,    /* how dense they are, by the level */
	MAP_SAME,    /* the same on both sides */
	MAP_CHANGED, /* how many of the bytes differ, by the level */
	MAP_ONLY_A,  /* the other side has nothing there */
	MAP_ONLY_B,
	MAP_MARKS,
};

/**
 * struct map_cell
 * @level: 0 to MAP_LEVELS - 1
 * @faint: drawn faintly where there is colour
 * @borders: records that begin in it
 * @first: the number of the first of these
 */
struct map_cell {
	enum map_mark mark;
	unsigned int level;
	bool faint;
	uint64_t borders;
	uint64_t first;
};

/**
 * struct map - a stream as cells
 * @title: the first line: what it is of; may have foreign words in it
 * @note: a line under the legend, or NULL
 * @bytes: of the stream
 * @cell_bytes: of each cell, the last one perhaps less
 */
struct map {
	const char *title;
	const char *note;
	uint64_t bytes;
	uint64_t cell_bytes;
	struct map_cell *cells;
	size_t n_cells;
};

/** struct map_style - @width: columns of the terminal; @colour: with escape sequences; @blocks: with characters beyond ASCII */
struct map_style {
	unsigned int width;
	bool colour;
	bool blocks;
};

/**
 * map_style - how a map is drawn on @out
 * @width: columns; 0: the terminal's, or 80 where it is none
 *
 * Colour is for terminals that are not TERM=dumb, unless NO_COLOR is set. The
 * blocks need a locale of UTF-8.
 */
struct map_style map_style(FILE *out, unsigned int width) __attribute__((nonnull(1)));

/**
 * map_layout - so many bytes a cell that a stream fills its lines
 *
 * Of a stream of @bytes in a terminal @width columns wide: a multiple of
 * MAP_CELL_UNIT, with which no more than MAP_ROWS_MAX lines are needed.
 */
uint64_t map_layout(uint64_t bytes, unsigned int width);

/** map_columns - how many cells of such a stream are in a line of @width columns, beside its offset */
size_t map_columns(uint64_t bytes, unsigned int width);

/** map_cells - how many cells of @cell_bytes (not 0) a stream of @bytes has */
size_t map_cells(uint64_t bytes, uint64_t cell_bytes);

/**
 * map_text - draw it: title, lines of cells with the offset before each and
 * the borders of records below, and what the marks that occur mean
 *
 * malloc'ed, terminated, @len bytes; NULL: no memory.
 */
char *map_text(const struct map *map, const struct map_style *style,
	       size_t *len) __attribute__((nonnull(1, 2, 3)));

#endif
