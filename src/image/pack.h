/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bare stream, whoever wrote it, into an image. */
#ifndef IMAGE_PACK_H
#define IMAGE_PACK_H

#include "image/format.h"
#include "image/record.h"
#include "json/progress.h"

/* A bare stream that became an image. */

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

/**
 * struct pack_plan - how
 * @progress: may be NULL
 */
struct pack_plan {
	progress_fn progress;
	void *progress_data;
};

/**
 * pack_run - make an image of pack->path
 *
 * ERR_USAGE for what is an image already, ERR_DAMAGED for a stream of records
 * that no driver would take. On a failure or a signal no file appears. 0 or -1.
 */
int pack_run(struct pack *pack, const struct pack_plan *options,
	     struct err *err) __attribute__((nonnull(1, 2, 3)));

#endif
