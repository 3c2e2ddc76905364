/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The map of a stream in the terminal and as a picture, for inspect. */
#ifndef CMD_PICTURE_H
#define CMD_PICTURE_H

#include "command.h"
#include "image/stats.h"

/**
 * struct picture - what is to be drawn
 * @width: columns; 0: as the terminal has, or PICTURE_COLUMNS without a map
 * @svg: file to be written, "-" for standard output; NULL: none
 */
struct picture {
	bool map;
	bool overwrite;
	unsigned int width;
	const char *svg;
};

#define PICTURE_COLUMNS 128 /* of the SVG alone */

/** picture_cell - how many bytes of a stream of @bytes a cell gets; 0: nothing is to be drawn */
uint64_t picture_cell(const struct picture *picture, uint64_t bytes) __attribute__((nonnull(1)));

/**
 * picture_draw - write the SVG and print the map, whichever is wanted
 * @scan: with cells of picture_cell()
 * @name: of the file
 */
int picture_draw(const struct picture *picture, const struct request *request,
		 const struct stream_stats *scan, const char *name, struct err *err)
	__attribute__((nonnull(1, 2, 3, 4, 5)));

#endif
