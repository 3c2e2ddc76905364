/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was taken out of an image: filled by engine, printed by report. */
#ifndef MODEL_EXTRACT_H
#define MODEL_EXTRACT_H

#include "image/record.h"
#include "migrate/transfer.h"

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

	bool is_image, compressed;
	bool has_record;
	struct record record;
	uint64_t offset, bytes;
	char digest[DIGEST_TEXT_SIZE];
	bool done;
};

#endif
