/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was found wrong with an image or a bare stream: filled by image, printed by report. */
#ifndef MODEL_VERDICT_H
#define MODEL_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "migrate/transfer.h"

/* What is checked, in the order in which it is told. */
enum check {
	CHECK_DIGESTS,   /* every member's contents are those that its header's digest is of */
	CHECK_STRUCTURE, /* names, order, types, sizes, the JSON members, the archive's end */
	CHECK_TOTALS,    /* the manifest's counts and digest of the stream */
	CHECK_FRAMING,   /* the records of the stream */
	CHECK_COUNT,
};

/** check_name - "structure" and the like: keys of the document */
const char *check_name(enum check check);

/**
 * struct damage - where something is wrong
 * @member: of the image; empty where that is not known, or there is none
 * @offset: of the stream: where the member's bytes begin, or the framing ends
 * @len: of the member's bytes; 0: not known, or it holds nothing of the stream
 */
struct damage {
	enum check check;
	char member[64];
	uint64_t offset;
	uint64_t len;
};

/** struct verdict_record - a record and its number in the stream, from 0 */
struct verdict_record {
	uint64_t number;
	struct record record;
};

/**
 * struct verdict - on one file
 * @path: as it was named; "-": standard input
 * @limit: at most so many records are listed
 * @opened: it was found to be an image or a stream; else the rest says nothing
 * @made: which checks were made to their end, or failed
 * @errs: what each of them found; ERR_NONE: nothing
 * @err: the first thing that is wrong, or why the file could not be read
 * @totals: as counted; the digest is of what could be read, and empty where
 *          that is not all
 * @damage: where @err is, when @damaged
 * @damaged_members: whose digests do not fit
 * @records: those that the damage touches, or may touch; @n_records of them,
 *           @n_records_more not listed
 */
struct verdict {
	const char *path;
	size_t limit;
	bool opened;
	bool is_image;
	bool compressed;
	bool made[CHECK_COUNT];
	struct err errs[CHECK_COUNT];
	struct err err;
	struct image_totals totals;
	struct record_parser parser;
	bool damaged;
	struct damage damage;
	uint64_t damaged_members;
	struct verdict_record *records;
	size_t n_records;
	uint64_t n_records_more;
	uint64_t duration_ns;
};

/** verdict_good - was everything checked and found right? */
bool verdict_good(const struct verdict *verdict) __attribute__((nonnull(1)));

/** verdict_is_damage - is the failure one of the file's contents, not of reading it? */
bool verdict_is_damage(const struct err *err) __attribute__((nonnull(1)));

/**
 * verdict_touch - note a record if the damage is in it
 *
 * Where the damage's length is not known, it reaches to the end. 0, or -1: no
 * memory.
 */
int verdict_touch(struct verdict *verdict, const struct record *record,
		  uint64_t number) __attribute__((nonnull(1, 2)));

/** verdict_release - frees what it points to */
void verdict_release(struct verdict *verdict) __attribute__((nonnull(1)));

#endif
