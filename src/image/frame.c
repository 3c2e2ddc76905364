/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/frame.h"

#include <string.h>

#define DESCRIPTOR_AT 4
#define HEAD_SEEN 5 /* magic number and descriptor */
#define SINGLE_SEGMENT 0x20
#define CHECKSUM 0x04
#define CHECKSUM_LEN 4
#define BLOCK_HEAD_LEN 3
#define BLOCK_RLE 1 /* one byte stands for all */

/* What of the header follows its descriptor: window, dictionary, content size. */
static uint32_t rest_of_head(unsigned char descriptor)
{
	static const unsigned int content_len[] = { 0, 2, 4, 8 };
	static const unsigned int dictionary_len[] = { 0, 1, 2, 4 };
	bool single = descriptor & SINGLE_SEGMENT;
	unsigned int content = content_len[descriptor >> 6];

	return !single + dictionary_len[descriptor & 3] +
	       (single && !content ? 1 : content);
}

static void begin_part(struct frame *frame, enum frame_part part, uint32_t len)
{
	frame->part = part;
	frame->left = len;
	frame->head_len = 0;
}

static void end_of_data(struct frame *frame)
{
	if (!frame->last)
		begin_part(frame, FRAME_BLOCK_HEAD, BLOCK_HEAD_LEN);
	else if (frame->checksum)
		begin_part(frame, FRAME_DATA, CHECKSUM_LEN);
	else
		begin_part(frame, FRAME_END, 0);
	frame->checksum = frame->checksum && !frame->last;
}

static void end_of_block_head(struct frame *frame)
{
	const unsigned char *p = frame->head;
	uint32_t word = p[0] | p[1] << 8 | (uint32_t)p[2] << 16;
	uint32_t size = word >> 3;

	frame->last = word & 1;
	begin_part(frame, FRAME_DATA, (word >> 1 & 3) == BLOCK_RLE ? 1 : size);
}

/* All of a part has come, but for parts of no bytes at all. */
static void next_part(struct frame *frame)
{
	if (frame->part == FRAME_BLOCK_HEAD)
		end_of_block_head(frame);
	while (frame->part == FRAME_DATA && !frame->left)
		end_of_data(frame);
}

static void take_head(struct frame *frame, unsigned char byte)
{
	frame->head[frame->head_len++] = byte;
	if (frame->head_len < HEAD_SEEN)
		return;
	byte = frame->head[DESCRIPTOR_AT];
	frame->checksum = byte & CHECKSUM;
	/* Then comes a block, as after one that is not the last. */
	begin_part(frame, FRAME_DATA, rest_of_head(byte));
	next_part(frame);
}

static size_t take(struct frame *frame, const unsigned char *bytes, size_t len)
{
	size_t n = len < frame->left ? len : frame->left;

	if (frame->part == FRAME_HEAD) {
		take_head(frame, *bytes);
		return 1;
	}
	if (frame->part == FRAME_BLOCK_HEAD) {
		memcpy(frame->head + frame->head_len, bytes, n);
		frame->head_len += (unsigned int)n;
	}
	frame->left -= (uint32_t)n;
	if (!frame->left)
		next_part(frame);
	return n;
}

bool frame_feed(struct frame *frame, const unsigned char *bytes, size_t len)
{
	while (len) {
		size_t n;

		if (frame->part == FRAME_END)
			return false;
		n = take(frame, bytes, len);
		bytes += n;
		len -= n;
	}
	return true;
}
