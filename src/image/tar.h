/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of an image's tar, one after the other: judged before their data
 * are read, and held against their digests after. Private to this room.
 */
#ifndef IMAGE_TAR_H
#define IMAGE_TAR_H

#include <stdint.h>

#include "image/decompress.h"
#include "image/digest.h"
#include "image/format.h"
#include "lib/err.h"

struct archive;
struct archive_entry;

/** struct tar - @name is the member read last; @mismatch: the digest of the one after it did not fit */
struct tar {
	struct decompressor *source;
	struct archive *archive;
	struct chain chain;
	char name[FORMAT_NAME_SIZE];
	bool mismatch;
	bool in_header; /* libarchive reads one */
	uint64_t header_at; /* where, in what the source gives */
	const char *where; /* of damage, in words, where they say more than a member's name */
};

/** struct tar_header - what a member's header says; the texts are libarchive's until the next one */
struct tar_header {
	struct archive_entry *entry;
	const char *name;
	size_t size;
	char digest[DIGEST_TEXT_SIZE];
};

/** tar_open - on an opened source, which stays the caller's; 0 or -1; tar_close() in any case */
int tar_open(struct tar *tar, struct decompressor *source, struct err *err);
void tar_close(struct tar *tar);

/** tar_next - the next header's name; 1, 0 at the archive's end, -1 */
int tar_next(struct tar *tar, struct tar_header *header, struct err *err);

/** tar_position - after tar_next(): where the member's data begin in the archive */
int64_t tar_position(const struct tar *tar);

/** tar_judge - is it a plain file of 1 to @max bytes with one digest? Fills @header; 0 or -1 */
int tar_judge(struct tar *tar, struct tar_header *header, size_t max, struct err *err);

/**
 * tar_read - a judged member's data into @to, header->size bytes
 * @stream: digests them too; may be NULL
 */
int tar_read(struct tar *tar, const struct tar_header *header,
	     unsigned char *to, struct digest *stream, struct err *err);

/**
 * tar_skip - pass over a judged member's data, which must be there
 *
 * They are not digested; that the header's digest is right shows when the next
 * member's is, which is read.
 */
int tar_skip(struct tar *tar, const struct tar_header *header, struct err *err);

/** tar_end - after the last member's data: is the archive's end there, and nothing after it? 0 or -1 */
int tar_end(struct tar *tar, struct err *err);

#endif
