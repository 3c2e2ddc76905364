/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was found in an image or a bare stream: filled by image, printed by report. */
#ifndef MODEL_SURVEY_H
#define MODEL_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "migrate/transfer.h"

/** struct survey_member - one piece of the stream in an image */
struct survey_member {
	char name[64];
	enum phase phase;
	uint64_t offset; /* in the bare stream */
	uint64_t bytes;
	char digest[DIGEST_TEXT_SIZE];
};

/**
 * struct survey - a look through an image or a bare stream
 * @path: what was read
 * @limit: at most so many members and records are listed; the rest is counted
 * @device_json, @manifest_json: as they stand in the image, or NULL
 */
struct survey {
	const char *path;
	size_t limit;
	bool opened; /* it is an image or a stream; else the rest is empty */
	bool is_image;
	bool compressed;
	bool checked; /* it is read, and with it every digest is checked */
	bool ended; /* its end was seen, and nothing was wrong */
	char *device_json;
	size_t device_len;
	char *manifest_json;
	size_t manifest_len;
	struct survey_member *members;
	size_t n_members;
	struct record *records;
	size_t n_records;
	struct record_parser parser;
	struct image_totals totals;
};

#endif
