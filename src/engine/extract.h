/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream, a record or device.json out of an image into a file. */
#ifndef ENGINE_EXTRACT_H
#define ENGINE_EXTRACT_H

#include "image/reader.h"
#include "model/extract.h"

/**
 * struct extract_options - how
 * @progress: may be NULL; called by one thread at a time
 */
struct extract_options {
	const struct image_json *json;
	progress_fn progress;
	void *progress_data;
};

/**
 * extract_run - take out of extract->path what is wanted
 *
 * The file gets its name when all that was read of an image had the right
 * digests; what goes to a pipe has left by then. ERR_USAGE where the input has
 * no such part; 0 or -1.
 */
int extract_run(struct extract *extract, const struct extract_options *options,
		struct err *err) __attribute__((nonnull(1, 2, 3)));

#endif
