/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a zstd frame ends (RFC 8878, 3.1.1), found in its bytes as they pass by. Private to this room. */
#ifndef IMAGE_FRAME_H
#define IMAGE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_part { FRAME_HEAD, FRAME_BLOCK_HEAD, FRAME_DATA, FRAME_END };

/**
 * struct frame - a frame, from its magic number on; zero it to begin
 * @part: what comes next
 * @left: of @part: bytes to come, 0 where it has not begun
 * @head, @head_len: of a header: what has come
 * @last: the block is the last one, or there is only the checksum to come
 */
struct frame {
	enum frame_part part;
	uint32_t left;
	unsigned char head[6];
	unsigned int head_len;
	bool checksum;
	bool last;
};

/**
 * frame_feed - the next @len bytes of the input
 *
 * False when there are bytes after the frame's end. What is no frame is for
 * the decoder to find.
 */
bool frame_feed(struct frame *frame, const unsigned char *bytes, size_t len)
	__attribute__((nonnull(1)));

#endif
