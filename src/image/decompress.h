/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of an input, block by block: as they are, or out of zstd, so that
 * what reads the tar sees where it ends and what follows. What is not wanted of
 * a file can be passed over. Private to this room.
 */
#ifndef IMAGE_DECOMPRESS_H
#define IMAGE_DECOMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/* Where zstd's frames begin and end (RFC 8878, 3.1), found in their bytes as they pass by. */

enum frame_part { FRAME_HEAD, FRAME_BLOCK_HEAD, FRAME_DATA };

/* What of a frame no decoder is to see. */
enum frame_fault {
	FRAME_OK,
	FRAME_FOREIGN, /* no frame begins where one ends */
	FRAME_WINDOW,  /* it asks for more memory than FORMAT_WINDOW_MAX */
};

#define FRAME_HEAD_MAX 18 /* magic number, descriptor, window, dictionary, content size */

/**
 * struct frame - frames one after the other, from the first magic number on; zero it to begin
 * @part: what comes next
 * @left: of @part: bytes to come, 0 where it has not begun
 * @head, @head_len: of a header: what has come
 * @last: the block is the last one, or there is only the checksum to come
 * @skippable: the frame holds nothing that is compressed
 * @begun: there was a frame that is not skippable
 * @skipped: bytes of skippable frames before that
 * @window: that the last header asked for
 */
struct frame {
	enum frame_part part;
	uint32_t left;
	unsigned char head[FRAME_HEAD_MAX];
	unsigned int head_len;
	bool checksum;
	bool last;
	bool skippable;
	bool begun;
	uint64_t skipped;
	uint64_t window;
};

/** frame_feed - the next @len bytes of the input; what is wrong inside of a frame is for the decoder to find */
enum frame_fault frame_feed(struct frame *frame, const unsigned char *bytes, size_t len)
	__attribute__((nonnull(1)));

/** frame_is_between - did the last frame end, and has no other begun? */
bool frame_is_between(const struct frame *frame) __attribute__((nonnull(1)));

/** frame_begins - do these bytes begin with a frame's header and that of its first block? */
bool frame_begins(const unsigned char *bytes, size_t len) __attribute__((nonnull(1)));

#define SOURCE_BLOCK (256u << 10)
#define SOURCE_GROWTH 256u        /* bytes that may come out of one: a state of which all but a 60th is zero has less */
#define SOURCE_OUT_MIN (256u << 20) /* bytes that may come out of any file */
#define SOURCE_SKIM_BLOCK (4u << 10) /* of a tar without its data: a header takes three blocks of 512 */

enum input_kind { SOURCE_BARE, SOURCE_TAR };

struct archive;

/**
 * struct decompressor - an input
 * @name: what messages call it
 * @kind: what its first bytes say, or the first ones that are compressed
 * @read_bytes: read from the file
 * @given_bytes: handed out by decompressor_next(), which is more when compressed
 * @block, @block_len: handed out last
 * @block_size: read at a time
 * @skims: decompressor_skip() passes bytes over
 * @file_bytes: with @skims: from where the input began to the file's end
 * @regular_bytes: how large a regular file is; 0: it is none
 * @ended: the file's end was met
 * @exhausted: ... and more was asked for
 * @nested: what is compressed is compressed again
 */
struct decompressor {
	int fd;
	const char *name;
	enum input_kind kind;
	unsigned char *buffer;
	size_t peeked; /* bytes in @buffer that are still to be handed out */
	struct archive *zstd; /* NULL: not compressed */
	struct frame frame; /* of zstd, as far as it was read */
	bool peeked_block; /* @block is still to be handed out */
	uint64_t read_bytes;
	uint64_t given_bytes;
	const unsigned char *block;
	size_t block_len;
	size_t block_size;
	bool skims;
	uint64_t file_bytes;
	uint64_t regular_bytes;
	bool ended;
	bool exhausted;
	bool nested;
	struct err err; /* of reading, met inside of libarchive */
};

/**
 * decompressor_limit - how many bytes may come out of a compressed input of this process
 *
 * 0, as at the beginning: SOURCE_GROWTH times what the input has, and at least
 * SOURCE_OUT_MIN. More is ERR_UNJUDGED.
 */
void decompressor_limit(uint64_t bytes);

/** decompressor_open - reads the first block and looks at it; 0 or -1; decompressor_close() in any case */
int decompressor_open(struct decompressor *source, int fd, const char *name, struct err *err);

void decompressor_close(struct decompressor *source);

/** decompressor_peek - after decompressor_open(): the first bytes that decompressor_next() will hand out; the source's */
const unsigned char *decompressor_peek(const struct decompressor *source, size_t *len);

/** decompressor_next - 1 and a block in source->block, 0 at the end, -1 */
int decompressor_next(struct decompressor *source, struct err *err);

/** decompressor_skim - from now on pass over what decompressor_skip() is told to; false: it cannot, being compressed, or no regular file */
bool decompressor_skim(struct decompressor *source);

/** decompressor_skip - leave out up to @len bytes after the last block; how many those were, 0 at the end and without decompressor_skim() */
uint64_t decompressor_skip(struct decompressor *source, uint64_t len);

#endif
