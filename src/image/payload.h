/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the payload of a record is in a stream. */
#ifndef IMAGE_PAYLOAD_H
#define IMAGE_PAYLOAD_H

#include "image/view.h"

/**
 * struct payload - of a record, or all of a stream that has no records
 * @record: not of the latter
 * @begin: in the stream
 * @size: what the record's header says; the stream may end before
 */
struct payload {
	bool has_record;
	struct record record;
	uint64_t begin;
	uint64_t size;
};

/**
 * payload_find - of the record @number, counted from 0
 *
 * In a stream without records, 0 is all of it. @option: the user's that
 * named the record, for the hint: "--record". 0 or -1, ERR_USAGE where there
 * is no such record.
 */
int payload_find(const struct view *view, uint64_t number, const char *option,
		 struct payload *payload, struct err *err)
	__attribute__((nonnull(1, 3, 4, 5)));

/** payload_there - how many bytes of it the stream has */
uint64_t payload_there(const struct payload *payload, const struct view *view)
	__attribute__((nonnull(1, 2)));

#endif
