/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a stream on their way out of an image, checked as they go. */
#ifndef IMAGE_EXTRACT_H
#define IMAGE_EXTRACT_H

#include "image/format.h"
#include "image/record.h"
#include "image/view.h"
#include "json/progress.h"
#include "lib/err.h"

/* What was taken out of an image. */

/* What of it. */
enum extract_part { EXTRACT_STREAM, EXTRACT_RECORD, EXTRACT_DEVICE };

/**
 * struct extract - a part of an image or a bare stream, in a file of its own
 * @path: as it was named; "-": standard input
 * @output: where it goes; "-": stdout
 * @number: of the record that is wanted, from 0; of a stream without records 0
 *          is all of it
 * @overwrite: an existing file is replaced
 *
 * What follows is found out:
 * @is_unknown: what is read is neither an image nor a stream of records
 * @has_record: @record is the one that was wanted
 * @offset: in the stream, of the first byte; not of device.json
 * @digest: XXH3-128 of what was written
 * @done: it is all there, and right as far as digests tell
 */
struct extract {
	const char *path;
	const char *output;
	enum extract_part part;
	uint64_t number;
	bool overwrite;

	bool is_image, is_unknown, compressed;
	bool has_record;
	struct record record;
	uint64_t offset, bytes;
	char digest[DIGEST_TEXT_SIZE];
	bool done;
};

/** extract_sink_fn - takes the next bytes; one call at a time, from any of the threads; 0 or -1 */
typedef int (*extract_sink_fn)(const void *bytes, size_t len, void *data, struct err *err);

/**
 * image_extract - hand @len bytes of the stream from @offset on to @sink, in their order
 * @n_threads: as parallel_run() has it
 * @digest: takes the XXH3-128 of these bytes
 *
 * Of an image all members that the bytes are in are read whole, and their
 * digests checked; of all of the stream its own, too. What a bare stream holds
 * nothing tells. ERR_DAMAGED comes when @sink has had the bytes. 0 or -1.
 */
int image_extract(const struct view *view, uint64_t offset, uint64_t len,
		  unsigned int n_threads, extract_sink_fn sink,
		  void *sink_data, char digest[DIGEST_TEXT_SIZE],
		  struct err *err) __attribute__((nonnull(1, 5, 7, 8)));

/* A stream, a record or device.json out of an image into a file. */

/**
 * struct extract_plan - how
 * @progress: may be NULL; called by one thread at a time
 */
struct extract_plan {
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
int extract_run(struct extract *extract, const struct extract_plan *options,
		struct err *err) __attribute__((nonnull(1, 2, 3)));

#endif
