/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An input whose first bytes were looked at, to be read in place or through. Private to this room. */
#ifndef IMAGE_OPENED_H
#define IMAGE_OPENED_H

#include <stdint.h>

#include "image/reader.h"
#include "lib/err.h"

/**
 * struct opened - an input
 * @name: for messages: the path, or "standard input"
 * @base: where it began in its file
 * @in_place: a regular file in which the stream stands as it is
 */
struct opened {
	const char *name;
	int fd;
	uint64_t base;
	bool in_place;
	struct image_reader *reader;
};

#define OPENED_INIT { .fd = -1 }

/** opened_open - the file @path, which is kept, or standard input for "-"; 0, or -1 with a reader as image_reader_try() has it; opened_close() in any case */
int opened_open(struct opened *opened, const char *path,
		const struct image_json *json, struct err *err);

/** opened_close - harmless on OPENED_INIT and twice */
void opened_close(struct opened *opened);

#define AUTO_OPENED __attribute__((cleanup(opened_close)))

#endif
