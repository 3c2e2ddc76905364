/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in an image or a bare stream. */
#ifndef IMAGE_INSPECT_H
#define IMAGE_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/content.h"
#include "image/format.h"
#include "image/view.h"
#include "lib/err.h"

/* What was found in an image or a bare stream. */

/** struct inspected_member - one piece of the stream in an image */
struct inspected_member {
	char name[64];
	enum phase phase;
	uint64_t offset; /* in the bare stream */
	uint64_t bytes;
	char digest[DIGEST_TEXT_SIZE];
};

/**
 * struct inspection - a look through an image or a bare stream
 * @path: what was read
 * @limit: at most so many members and records are listed; the rest is counted
 * @is_unknown: neither an image nor a stream of records; @look: what it looks like
 * @device_json, @manifest_json: as they stand in the image, or NULL
 */
struct inspection {
	const char *path;
	size_t limit;
	bool opened; /* it is an image or a stream; else the rest is empty */
	bool is_image;
	bool is_unknown;
	enum content_look look;
	bool compressed;
	bool checked; /* it is read, and with it every digest is checked */
	bool ended; /* its end was seen, and nothing was wrong */
	char *device_json;
	size_t device_len;
	char *manifest_json;
	size_t manifest_len;
	struct inspected_member *members;
	size_t n_members;
	struct record *records;
	size_t n_records;
	struct record_parser parser;
	struct image_totals totals;
};

/**
 * image_inspect - look through the file inspection->path, or standard input for "-"
 * @inspection: zeroed but for path and limit; inspection_free() in any case
 *
 * A regular file that is not compressed is not read: its headers are, and the
 * records'. Everything else is read through, and its digests are checked.
 *
 * 0, or -1 with ERR_DAMAGED and the like: what was readable up to there is in
 * @inspection all the same.
 */
int image_inspect(struct inspection *inspection, struct err *err) __attribute__((nonnull(1, 2)));

/**
 * image_inspect_view - image_inspect() of what is open already, perhaps damaged
 * @inspection: as there, but for the path, which may be any
 */
int image_inspect_view(const struct view *view, struct inspection *inspection,
		       struct err *err) __attribute__((nonnull(1, 2, 3)));

void inspection_free(struct inspection *inspection);

#endif
