/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream in a file, at any place, whatever is around it: a bare stream or
 * an image, compressed or not. Nothing is read that is not asked for, where the
 * file allows that.
 */
#ifndef IMAGE_VIEW_H
#define IMAGE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/input.h"
#include "image/reader.h"
#include "image/record.h"
#include "lib/err.h"

/**
 * struct view_extent - a member of the image, or all of a bare stream
 * @offset: in the stream
 * @at: of its first byte in the file that view_read() reads
 * @digest: from the member's header; empty in a bare stream
 */
struct view_extent {
	uint64_t offset;
	uint64_t len;
	uint64_t at;
	enum phase phase;
	char digest[DIGEST_TEXT_SIZE];
};

struct view;

/**
 * view_open - find the stream in the file @path, or in standard input for "-"
 * @view: the caller's, to be freed with view_free(); NULL on failure
 * @path: kept, for messages
 *
 * Of an image in a regular file the headers are read and judged as
 * image_reader_next() does it, and the JSON members are read and checked: the
 * data of the stream are left where they are, and no digest of them is
 * checked. What cannot be read at any place (a pipe, a compressed image) is
 * read through, with all checks, into a file without a name in $TMPDIR. 0 or
 * -1, ERR_DAMAGED as from the reader.
 */
int view_open(struct view **view, const char *path, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/**
 * view_look - view_open() of what may be damaged
 *
 * On failure *@view is NULL, or holds what was found up to the damage, and
 * view_is_whole() is false.
 */
int view_look(struct view **view, const char *path, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/**
 * view_content - of a bare stream: what it is; the view's
 *
 * Content without records was read for it, by view_open() and view_look().
 */
const struct content_scan *view_content(const struct view *view) __attribute__((nonnull(1)));

/** view_free - harmless on NULL */
void view_free(struct view *view);

static inline void view_freep(struct view **view)
{
	view_free(*view);
}

/** AUTO_VIEW - frees at the end of the scope; initialise it */
#define AUTO_VIEW __attribute__((cleanup(view_freep)))

/** view_name - as messages call it: the path, or "standard input" */
const char *view_name(const struct view *view) __attribute__((nonnull(1)));

enum image_kind view_kind(const struct view *view) __attribute__((nonnull(1)));

/** view_is_unknown - is it neither an image nor a stream of records? */
bool view_is_unknown(const struct view *view) __attribute__((nonnull(1)));

bool view_is_compressed(const struct view *view) __attribute__((nonnull(1)));

/** view_is_checked - were the digests of the stream checked, on the way into the temporary file? */
bool view_is_checked(const struct view *view) __attribute__((nonnull(1)));

/** view_is_whole - false only of what view_look() found damaged */
bool view_is_whole(const struct view *view) __attribute__((nonnull(1)));

/** view_size - the stream's, in bytes */
uint64_t view_size(const struct view *view) __attribute__((nonnull(1)));

/**
 * view_totals - of the stream
 *
 * The digest is counted where view_is_checked(), else the one that the manifest
 * promises, and empty where there is none.
 */
const struct image_totals *view_totals(const struct view *view) __attribute__((nonnull(1)));

/** view_device - device.json's bytes, the view's, terminated; NULL in a bare stream */
const char *view_device(const struct view *view, size_t *len) __attribute__((nonnull(1, 2)));

/** view_manifest - manifest.json's bytes, the view's, terminated; NULL in a bare stream, or a damaged image */
const char *view_manifest(const struct view *view, size_t *len) __attribute__((nonnull(1, 2)));

/** view_extents - the stream's @n pieces, in order, without gaps */
const struct view_extent *view_extents(const struct view *view, size_t *n)
	__attribute__((nonnull(1, 2)));

/**
 * view_read - the @len bytes of the stream from @offset on
 *
 * All of them: what is beyond view_size() is ERR_INTERNAL, and a file that has
 * become shorter ERR_DAMAGED. 0 or -1. Several threads may read one view.
 */
int view_read(const struct view *view, void *to, size_t len, uint64_t offset,
	      struct err *err) __attribute__((nonnull(1, 2, 5)));

/**
 * view_records - take the stream's records one after the other
 * @parser: zeroed; at the end as if it had been fed all of the stream
 * @fn: as in record_feed(), may be NULL; when it returns other than 0, that ends it
 *
 * Reads headers and no payloads. 0, what @fn returned, or -1 with err set.
 * Framing errors are in @parser: see record_require_complete().
 */
int view_records(const struct view *view, struct record_parser *parser,
		 record_fn fn, void *fn_data, struct err *err)
	__attribute__((nonnull(1, 2, 5)));

/* The next five are for this room alone. */

/** view_scan - read a bare stream without records to find out what it is; ERR_DAMAGED of a damaged image; 0 or -1 */
int view_scan(struct view *view, struct err *err);

/** view_of_input_file - view_look() of what was opened, which is read and perhaps taken over; @opened->name is kept */
int view_of_input_file(struct view **view, struct input_file *opened, struct err *err);

/** view_seed - of an image: device.json's digest, from which the chain goes on */
const char *view_seed(const struct view *view);

/** view_damage - at what view_look() stopped; nothing of a whole one */
const struct damage *view_damage(const struct view *view);

/** payload_none - ERR_USAGE: the stream in @name has no record @wanted, but @records of them, or, @bare, is without; see view_find_payload(); returns -1 */
int payload_none(const char *name, uint64_t wanted, uint64_t records, const char *option,
		 bool bare, struct err *err);

/* Where the payload of a record is in a stream. */

/**
 * struct payload_location - of a record's payload, or all of a stream that has no records
 * @record: not of the latter
 * @begin: in the stream
 * @size: what the record's header says; the stream may end before
 */
struct payload_location {
	bool has_record;
	struct record record;
	uint64_t begin;
	uint64_t size;
};

/**
 * view_find_payload - where the payload of the record @number, counted from 0
 *
 * In a stream without records, 0 is all of it. @option: the user's that
 * named the record, for the hint: "--record". 0 or -1, ERR_USAGE where there
 * is no such record.
 */
int view_find_payload(const struct view *view, uint64_t number, const char *option,
		      struct payload_location *place, struct err *err)
	__attribute__((nonnull(1, 3, 4, 5)));

/** payload_available - how many bytes of it the stream has */
uint64_t payload_available(const struct payload_location *place, const struct view *view)
	__attribute__((nonnull(1, 2)));

#endif
