/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "image/decompress.h"

/* A frame of known size and a checksum: a raw block of 3 bytes, one of a repeated byte, one of no bytes, the last of 2. */
static const unsigned char whole[] = {
	0x28, 0xb5, 0x2f, 0xfd, 0x24, 9,
	3 << 3, 0, 0, 'a', 'b', 'c',
	4 << 3 | 1 << 1, 0, 0, 'x',
	0, 0, 0,
	2 << 3 | 1, 0, 0, 'y', 'z',
	1, 2, 3, 4,
};

static void its_end_is_found_in_pieces_of_any_size(void)
{
	for (size_t step = 1; step <= sizeof(whole); step++) {
		struct frame frame = {};

		for (size_t at = 0; at < sizeof(whole); at += step) {
			size_t left = sizeof(whole) - at;

			CHECK(frame.part != FRAME_END);
			CHECK(frame_feed(&frame, whole + at, left < step ? left : step));
		}
		CHECK_INT(frame.part, FRAME_END);
		CHECK(frame_feed(&frame, whole, 0));
		CHECK(!frame_feed(&frame, whole, 1));
	}
}

static void what_follows_is_seen_in_the_same_piece(void)
{
	unsigned char more[sizeof(whole) + 1] = {};
	struct frame frame = {};

	memcpy(more, whole, sizeof(whole));
	CHECK(!frame_feed(&frame, more, sizeof(more)));
}

static void headers_of_all_kinds_are_passed_over(void)
{
	/* By descriptor: how many bytes of the header follow it. */
	static const struct {
		unsigned char descriptor;
		size_t rest;
	} heads[] = {
		{ 0x00, 1 }, { 0x20, 1 }, { 0x40, 3 }, { 0x60, 2 },
		{ 0x80, 5 }, { 0xa0, 4 }, { 0xc0, 9 }, { 0xe0, 8 },
		{ 0x01, 2 }, { 0x02, 3 }, { 0x03, 5 }, { 0xe3, 12 },
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		unsigned char bytes[32] = { 0x28, 0xb5, 0x2f, 0xfd,
					    heads[i].descriptor };
		size_t block = 5 + heads[i].rest;
		struct frame frame = {};

		bytes[block] = 1; /* the last, of no bytes */
		CHECK(frame_feed(&frame, bytes, block + 2));
		CHECK_INT(frame.part, FRAME_BLOCK_HEAD);
		CHECK(frame_feed(&frame, bytes + block + 2, 1));
		CHECK_INT(frame.part, FRAME_END);
	}
}

int main(void)
{
	CASE(its_end_is_found_in_pieces_of_any_size);
	CASE(what_follows_is_seen_in_the_same_piece);
	CASE(headers_of_all_kinds_are_passed_over);
	return CHECK_DONE();
}
