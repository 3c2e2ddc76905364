/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the payload of a record is in a stream. */
#ifndef IMAGE_PLACE_H
#define IMAGE_PLACE_H

#include "image/view.h"

/**
 * struct place - of a record's payload, or all of a stream that has no records
 * @record: not of the latter
 * @begin: in the stream
 * @size: what the record's header says; the stream may end before
 */
struct place {
	bool has_record;
	struct record record;
	uint64_t begin;
	uint64_t size;
};

/**
 * place_find - of the payload of the record @number, counted from 0
 *
 * In a stream without records, 0 is all of it. @option: the user's that
 * named the record, for the hint: "--record". 0 or -1, ERR_USAGE where there
 * is no such record.
 */
int place_find(const struct view *view, uint64_t number, const char *option,
		 struct place *place, struct err *err)
	__attribute__((nonnull(1, 3, 4, 5)));

/** place_there - how many bytes of it the stream has */
uint64_t place_there(const struct place *place, const struct view *view)
	__attribute__((nonnull(1, 2)));

#endif
