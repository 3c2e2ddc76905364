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

			CHECK(!at || !frame_is_between(&frame));
			CHECK_INT(frame_feed(&frame, whole + at, left < step ? left : step),
				  FRAME_OK);
		}
		CHECK(frame_is_between(&frame));
		CHECK_INT(frame_feed(&frame, whole, 0), FRAME_OK);
		CHECK_INT(frame_feed(&frame, whole + 1, 1), FRAME_FOREIGN);
	}
}

static void what_follows_is_seen_in_the_same_piece(void)
{
	unsigned char more[sizeof(whole) + 1] = {};
	struct frame frame = {};

	memcpy(more, whole, sizeof(whole));
	CHECK_INT(frame_feed(&frame, more, sizeof(more)), FRAME_FOREIGN);
}

/* Skippable, of no bytes and of 5; then two frames, and a skippable one behind. */
static const unsigned char empty[] = { 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 };
static const unsigned char five[] = { 0x5f, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5 };

static void frames_follow_each_other_in_pieces_of_any_size(void)
{
	unsigned char all[2 * sizeof(whole) + sizeof(empty) + 2 * sizeof(five)], *p = all;
	const struct { const unsigned char *bytes; size_t len; } parts[] = {
		{ empty, sizeof(empty) }, { five, sizeof(five) }, { whole, sizeof(whole) },
		{ whole, sizeof(whole) }, { five, sizeof(five) },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++, p += parts[i - 1].len)
		memcpy(p, parts[i].bytes, parts[i].len);
	for (size_t step = 1; step <= sizeof(all); step++) {
		struct frame frame = {};

		for (size_t at = 0; at < sizeof(all); at += step) {
			size_t left = sizeof(all) - at;

			CHECK_INT(frame_feed(&frame, all + at, left < step ? left : step),
				  FRAME_OK);
		}
		CHECK(frame_is_between(&frame) && frame.begun);
		CHECK_INT(frame.skipped, sizeof(empty) + sizeof(five));
	}
}

static void a_later_frame_has_no_larger_window(void)
{
	unsigned char large[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 14 << 3 };
	struct frame frame = {};

	CHECK_INT(frame_feed(&frame, whole, sizeof(whole)), FRAME_OK);
	CHECK_INT(frame_feed(&frame, large, sizeof(large)), FRAME_WINDOW);
	CHECK_INT(frame.window, 16 << 20);
	frame = (struct frame){};
	large[5] = 13 << 3;
	CHECK_INT(frame_feed(&frame, large, sizeof(large)), FRAME_OK);
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
		CHECK_INT(frame_feed(&frame, bytes, block + 2), FRAME_OK);
		CHECK_INT(frame.part, FRAME_BLOCK_HEAD);
		CHECK_INT(frame_feed(&frame, bytes + block + 2, 1), FRAME_OK);
		CHECK(frame_is_between(&frame));
	}
}

static void a_beginning_is_known_by_its_headers(void)
{
	unsigned char bytes[sizeof(whole)];

	for (size_t len = 0; len <= sizeof(whole); len++)
		CHECK_INT(frame_begins(whole, len), len >= 9);
	memcpy(bytes, whole, sizeof(whole));
	bytes[4] |= 0x08; /* a bit that is reserved */
	CHECK(!frame_begins(bytes, sizeof(bytes)));
	bytes[4] = whole[4];
	bytes[6] |= 3 << 1; /* a block of a kind that is reserved */
	CHECK(!frame_begins(bytes, sizeof(bytes)));
	bytes[6] = whole[6];
	bytes[8] = 0x10; /* a block of more than 128 KiB */
	CHECK(!frame_begins(bytes, sizeof(bytes)));
	CHECK(!frame_begins(whole + 1, sizeof(whole) - 1));
}

int main(void)
{
	CASE(its_end_is_found_in_pieces_of_any_size);
	CASE(what_follows_is_seen_in_the_same_piece);
	CASE(headers_of_all_kinds_are_passed_over);
	CASE(frames_follow_each_other_in_pieces_of_any_size);
	CASE(a_later_frame_has_no_larger_window);
	CASE(a_beginning_is_known_by_its_headers);
	return CHECK_DONE();
}
