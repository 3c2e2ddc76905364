/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bare stream that became an image: filled by engine, printed by report. */
#ifndef MODEL_PACK_H
#define MODEL_PACK_H

#include "image/record.h"
#include "migrate/transfer.h"

/**
 * struct pack - a stream on its way into an image
 * @path: the stream, as it was named; "-": standard input
 * @device_path: what tells the device
 * @output: where the image goes; "-": stdout
 * @pre_copy: so many bytes at the beginning are of that phase
 * @zstd_level: 0: not compressed
 *
 * What follows is found out:
 * @file_bytes: of the image, 0 where it is no file
 */
struct pack {
	const char *path;
	const char *device_path;
	const char *output;
	bool overwrite;
	uint64_t pre_copy;
	int zstd_level;

	struct record_parser records;
	struct image_totals totals;
	uint64_t file_bytes;
	bool done;
};

#endif
