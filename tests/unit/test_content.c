/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What content without an image around it is, whatever pieces it comes in. */
#include "check.h"
#include "image/content.h"
#include "image_kit.h"

/* Scans @len bytes in pieces of @step. */
static struct content_scan scan_in(const unsigned char *bytes, size_t len, size_t step)
{
	struct content_scan scan;

	content_scan_begin(&scan, bytes, len);
	for (size_t at = 0; at < len; at += step)
		content_scan_take(&scan, bytes + at, len - at < step ? len - at : step);
	return scan;
}

/* The good image @at bytes behind others. */
static struct bytes image_at(size_t at)
{
	struct bytes image = good_image(), all = noise(at + image.len, 3);

	memcpy(all.data + at, image.data, image.len);
	bytes_free(&image);
	return all;
}

static void a_header_is_found_in_pieces_of_any_size(void)
{
	static const size_t places[] = { 1, 27, 511, 512, 513, 4096 };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct bytes all = image_at(places[i]);

		for (size_t step = 1; step < 1600; step += 1 + step / 7) {
			struct content_scan scan = scan_in(all.data, all.len, step);
			struct err err = ERR_INIT;

			CHECK(scan.has_header);
			CHECK_INT(scan.header_at, places[i]);
			CHECK_STR(scan.header_name, "device.json");
			CHECK_INT(content_require_no_image(&scan, "it", &err), -1);
			CHECK_INT(err.code, ERR_DAMAGED);
		}
		bytes_free(&all);
	}
}

/* Far behind, only multiples of 512 bytes are looked at. */
static void a_header_far_behind_is_found_where_a_tar_has_it(void)
{
	static const struct { size_t at; bool found; } places[] = {
		{ 9u << 20, true }, { (9u << 20) + 512, true }, { (9u << 20) + 100, false },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct bytes all = image_at(places[i].at);

		for (size_t step = 1000; step < 1u << 20; step *= 3) {
			struct content_scan scan = scan_in(all.data, all.len, step);

			CHECK_INT(scan.has_header, places[i].found);
			CHECK(!scan.has_header || scan.header_at == places[i].at);
			CHECK(content_is_unknown(&scan) != places[i].found);
		}
		bytes_free(&all);
	}
}

static void a_header_with_a_wrong_sum_or_another_name_is_none(void)
{
	struct bytes all = image_at(512);

	/* In each of its headers a digit of the sum. */
	for (size_t at = 512; at + 512 <= all.len; at += 512)
		if (!memcmp(all.data + at + 257, "ustar", 5))
			all.data[at + 150] ^= 1;
	CHECK(!scan_in(all.data, all.len, 4096).has_header);
	bytes_free(&all);
}

/* Of what comes out of zstd: one flipped bit there spoils all of the headers at once. */
static void an_image_out_of_zstd_is_known_by_its_words(void)
{
	struct bytes image = good_image();
	struct content_scan scan;

	for (size_t at = 0; at + 512 <= image.len; at += 512)
		if (!memcmp(image.data + at + 257, "ustar", 5))
			memcpy(image.data + at + 257, "vstar", 5);
	memset(image.data, 'x', 10);
	for (int compressed = 0; compressed < 2; compressed++) {
		content_scan_begin(&scan, image.data, image.len);
		scan.compressed = compressed;
		content_scan_take(&scan, image.data, image.len);
		CHECK_INT(scan.has_header, compressed);
		CHECK_STR(scan.header_name, "");
	}
	bytes_free(&image);
}

static void records_and_zeros_are_what_they_are(void)
{
	static const unsigned char zeros[3000];
	unsigned char record[3000] = { 0xff, 1 };
	struct content_scan scan = scan_in(zeros, sizeof(zeros), 700);

	CHECK_INT(content_look_now(&scan), LOOK_ZEROS);
	CHECK(content_is_unknown(&scan));
	scan = scan_in(record, sizeof(record), 700);
	CHECK_INT(scan.format, STREAM_RECORDS);
	CHECK(!content_is_unknown(&scan));
	record[0] = record[1] = 0;
	record[2999] = 1;
	scan = scan_in(record, sizeof(record), 700);
	CHECK_INT(content_look_now(&scan), LOOK_NOTHING);
}

static void text_is_ascii_or_utf8(void)
{
	static const struct { const char *text; enum content_look look; } rows[] = {
		{ "root:x:0:0:root:/root:/bin/bash\n", LOOK_TEXT },
		{ "Gr\xc3\xbc\xc3\x9f" "e an alle, die das hier lesen", LOOK_TEXT },
		{ "cut in the middle of one more \xe2\x82", LOOK_TEXT },
		{ "a byte that no character has: \xff\xff", LOOK_NOTHING },
		{ "and one of control: \x01, which is no text", LOOK_NOTHING },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_INT(content_look((const unsigned char *)rows[i].text, strlen(rows[i].text)),
			  rows[i].look);
}

/* Is a frame of zstd found behind @len bytes? */
static bool finds_frame(const char *before, size_t len)
{
	static const unsigned char frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 1 << 3 | 1, 0, 0, 'x' };
	unsigned char bytes[64 + sizeof(frame)];
	struct content_scan scan;

	memcpy(bytes, before, len);
	memcpy(bytes + len, frame, sizeof(frame));
	content_scan_begin(&scan, bytes, len + sizeof(frame));
	CHECK(!scan.has_header || (scan.is_frame && scan.header_at == len));
	return scan.has_header;
}

static void a_frame_is_found_behind_text_and_zeros_alone(void)
{
	static const char zeros[64];

	CHECK(finds_frame("Welcome to host1\n", 17));
	CHECK(finds_frame(zeros, 64));
	CHECK(!finds_frame("Welcome\1to host1\n", 17));
	CHECK(!finds_frame("\xff\xfe", 2));
}

static void a_header_of_the_old_tar_is_known_by_its_sum(void)
{
	unsigned char header[CONTENT_HEADER_SIZE] = "vf0";
	unsigned int sum = 8 * ' ' + 'v' + 'f' + '0';

	CHECK(!content_is_tar_header(header));
	snprintf((char *)header + 148, 8, "%06o", sum);
	CHECK(content_is_tar_header(header));
	CHECK(!content_begins_image(header, sizeof(header)));
	header[0]++;
	CHECK(!content_is_tar_header(header));
	memset(header, 0, sizeof(header));
	CHECK(!content_is_tar_header(header));
}

int main(void)
{
	CASE(a_header_is_found_in_pieces_of_any_size);
	CASE(a_header_far_behind_is_found_where_a_tar_has_it);
	CASE(a_header_with_a_wrong_sum_or_another_name_is_none);
	CASE(an_image_out_of_zstd_is_known_by_its_words);
	CASE(records_and_zeros_are_what_they_are);
	CASE(text_is_ascii_or_utf8);
	CASE(a_frame_is_found_behind_text_and_zeros_alone);
	CASE(a_header_of_the_old_tar_is_known_by_its_sum);
	return CHECK_DONE();
}
