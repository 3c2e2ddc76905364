/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading an image, or a bare stream, from a file or a pipe: member by
 * member, each whole and checked before it is handed out. Nothing seeks, but
 * for image_reader_skim().
 */
#ifndef IMAGE_READER_H
#define IMAGE_READER_H

#include <stddef.h>
#include <stdint.h>

#include "image/content.h"
#include "image/format.h"
#include "lib/err.h"

enum image_kind {
	IMAGE_TAR,    /* an image of mlxmigctl-image(5) */
	IMAGE_STREAM, /* no image around it: the bare stream of a data fd */
};

/**
 * struct image_member - one piece of the stream; @data is the reader's until the next call
 * @data: NULL after image_reader_skim()
 * @file_offset: of its bytes in the input, from where that began; -1: they do
 *               not stand there as they are (compressed)
 */
struct image_member {
	char name[64]; /* "state/00000000-stop_copy"; empty in a bare stream */
	enum phase phase;
	uint64_t offset; /* in the bare stream */
	int64_t file_offset;
	const unsigned char *data;
	size_t len;
	char digest[DIGEST_TEXT_SIZE]; /* the one in the header, found right unless skimmed; empty in a bare stream */
};

struct image_reader;

/**
 * image_reader_open - look at the first bytes and read device.json
 * @name: what messages call the input
 *
 * @fd stays the caller's and is read from where it stands, block by block.
 * What does not look like an image is a bare stream, perhaps in zstd; an empty
 * input, and one too short to be either, is ERR_DAMAGED, and what another
 * program has compressed ERR_UNJUDGED. On failure *@reader is NULL.
 */
int image_reader_open(struct image_reader **reader, int fd, const char *name, struct err *err)
	__attribute__((nonnull(1, 3, 4)));

/**
 * image_reader_try - image_reader_open(), to report the damage; any content passes
 *
 * Where an image is damaged before its stream begins, or what is compressed
 * cannot be judged (ERR_UNJUDGED), -1 comes with a reader, the caller's to
 * free, that knows its kind, its compression, its damage and its content's look.
 */
int image_reader_try(struct image_reader **reader, int fd, const char *name, struct err *err)
	__attribute__((nonnull(1, 3, 4)));

/** image_reader_limit - read at most @bytes out of what is compressed, in all of this process; 0: as the size of the input allows */
void image_reader_limit(uint64_t bytes);

enum image_kind image_reader_kind(const struct image_reader *reader);

bool image_reader_is_compressed(const struct image_reader *reader);

/**
 * image_reader_skim - hand members out without their data, which are not read
 *
 * Everything else is judged as ever, the manifest is read and checked against
 * its digest and what was counted; the members' own digests and the stream's
 * are not. False, and all stays as it is, where data cannot be passed over:
 * in a bare stream, a compressed image, a pipe.
 */
bool image_reader_skim(struct image_reader *reader) __attribute__((nonnull(1)));

/** image_reader_device - device.json's bytes, the reader's; NULL in a bare stream */
const char *image_reader_device(const struct image_reader *reader, size_t *len);

/**
 * image_reader_next - the next piece of the stream
 *
 * 1 with @member filled; 0 at the end, when manifest, totals and the archive's
 * end were seen and are right; -1 with ERR_DAMAGED naming the member and what
 * is wrong (digest, order, name, type, size, missing end). A failure of read(2)
 * is not damage: it comes with its errno. After 0 or -1 there is no next.
 */
int image_reader_next(struct image_reader *reader, struct image_member *member,
		      struct err *err) __attribute__((nonnull(1, 2, 3)));

/** image_reader_content - of a bare stream: what it is, as far as it was read; the reader's */
const struct content_scan *image_reader_content(const struct image_reader *reader)
	__attribute__((nonnull(1)));

/** image_reader_damage - after -1: at what it stopped; the reader's */
const struct damage *image_reader_damage(const struct image_reader *reader)
	__attribute__((nonnull(1)));

/** image_reader_seed - of an image: device.json's digest, from which the chain goes on; the reader's, right after open */
const char *image_reader_seed(const struct image_reader *reader) __attribute__((nonnull(1)));

/** image_reader_totals - counted so far; the digest is of what came so far; skimmed: empty, and at the end the manifest's */
void image_reader_totals(const struct image_reader *reader, struct image_totals *totals)
	__attribute__((nonnull(1, 2)));

/** image_reader_manifest - manifest.json's bytes, after the end; else NULL */
const char *image_reader_manifest(const struct image_reader *reader, size_t *len);

void image_reader_free(struct image_reader *reader);

/** image_reader_freep - for CLEANUP() */
static inline void image_reader_freep(struct image_reader **reader)
{
	image_reader_free(*reader);
}

#endif
