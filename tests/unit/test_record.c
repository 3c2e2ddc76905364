/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "lib/text.h"
#include "image/record.h"

/* A stream under construction. */
struct stream {
	unsigned char data[4096];
	size_t len;
};

static void put_le(struct stream *s, uint64_t value, size_t len)
{
	while (len--) {
		s->data[s->len++] = (unsigned char)value;
		value >>= 8;
	}
}

static void put_header(struct stream *s, uint64_t size, uint32_t flags, uint32_t tag)
{
	put_le(s, size, 8);
	put_le(s, flags, 4);
	put_le(s, tag, 4);
}

static void put_payload(struct stream *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->data[s->len++] = (unsigned char)(0xa5 ^ i);
}

static void put_record(struct stream *s, uint32_t flags, uint32_t tag, size_t len)
{
	put_header(s, len, flags, tag);
	put_payload(s, len);
}

/* What drivers from Linux 6.3 on write, with a tag of the future between. */
static struct stream usual(void)
{
	struct stream s = {};

	put_record(&s, RECORD_OPTIONAL, RECORD_STOP_COPY_SIZE, 8);
	put_record(&s, 0, RECORD_FW_DATA, 300);
	put_record(&s, RECORD_OPTIONAL, 7, 0);
	put_record(&s, RECORD_OPTIONAL, 9, 33);
	put_record(&s, 0, RECORD_FW_DATA, 1);
	return s;
}

struct seen {
	struct record records[16];
	size_t n;
	int stop_at; /* the n-th call returns 77 */
};

static int see(const struct record *record, void *data)
{
	struct seen *seen = data;

	if (seen->n < ARRAY_SIZE(seen->records))
		seen->records[seen->n] = *record;
	seen->n++;
	return (int)seen->n == seen->stop_at ? 77 : 0;
}

static struct record_parser parse(const struct stream *s, size_t step, struct seen *seen)
{
	struct record_parser parser = {};

	for (size_t at = 0; at < s->len; at += step)
		CHECK_INT(record_feed(&parser, s->data + at,
				      s->len - at < step ? s->len - at : step,
				      seen ? see : NULL, seen), 0);
	return parser;
}

static void any_segmentation_gives_the_same_records(void)
{
	struct stream s = usual();

	for (size_t step = 1; step <= s.len; step++) {
		struct seen seen = {};
		struct record_parser parser = parse(&s, step, &seen);

		CHECK_INT(parser.format, STREAM_RECORDS);
		CHECK_INT(parser.offset, s.len);
		CHECK_INT(parser.n_records, 5);
		CHECK_INT(parser.fw_bytes, 301);
		CHECK(record_complete(&parser));
		CHECK_INT(seen.n, 5);
		CHECK_INT(seen.records[0].offset, 0);
		CHECK_INT(seen.records[0].size, 8);
		CHECK_INT(seen.records[0].flags, RECORD_OPTIONAL);
		CHECK_INT(seen.records[0].tag, RECORD_STOP_COPY_SIZE);
		CHECK_INT(seen.records[1].offset, 24);
		CHECK_INT(seen.records[1].size, 300);
		CHECK_INT(seen.records[2].offset, 340);
		CHECK_INT(seen.records[2].size, 0);
		CHECK_INT(seen.records[3].offset, 356);
		CHECK_INT(seen.records[3].tag, 9);
		CHECK_INT(seen.records[4].offset, 405);
	}
}

static void complete_only_at_the_end_of_a_record_with_data(void)
{
	struct stream s = usual();

	for (size_t len = 0; len <= s.len; len++) {
		struct stream cut = s;
		struct record_parser parser;
		struct err err = ERR_INIT;
		bool want = len == 340 || len == 356 || len == 405 || len == 422;

		cut.len = len;
		parser = parse(&cut, 4096, NULL);
		CHECK_INT(record_complete(&parser), want);
		CHECK_INT(record_require_complete(&parser, &err), want ? 0 : -1);
		CHECK_INT(err.code, want ? ERR_NONE : ERR_DAMAGED);
	}
}

static void says_where_a_stream_is_cut(void)
{
	struct stream s = usual();
	struct err err = ERR_INIT;
	struct record_parser parser;

	s.len = 140;
	parser = parse(&s, 13, NULL);
	record_require_complete(&parser, &err);
	CHECK_STR(err.message,
		  "the stream is truncated: it ends at byte 140, and the record at byte 24 lacks 200 of 300 bytes");
	s.len = 345;
	err = (struct err)ERR_INIT;
	parser = parse(&s, 13, NULL);
	record_require_complete(&parser, &err);
	CHECK_STR(err.message,
		  "the stream is truncated: it ends at byte 345, inside a record's header");
}

/* The rows of tests/fixtures/heads.tsv. */
enum { HEADS = 31 };

static void check_first(const struct record *head, const char *result)
{
	bool bare = !strcmp(result, "bare");
	struct stream s = {};
	struct record_parser parser;

	put_header(&s, head->size, head->flags, head->tag);
	s.len--;
	parser = parse(&s, 5, NULL);
	CHECK_INT(parser.format, STREAM_UNKNOWN);
	s.len++;
	parser = parse(&s, 5, NULL);
	CHECK_INT(parser.format, bare ? STREAM_BARE : STREAM_RECORDS);
	CHECK_INT(parser.broken, !strcmp(result, "EOPNOTSUPP"));
	CHECK_INT(parser.payload_left, bare ? 0 : head->size);
	CHECK_INT(parser.last.tag == RECORD_FW_DATA && !bare, !strcmp(result, "image"));
}

static void the_first_header_decides_the_format(void)
{
	char line[256], result[16];
	struct record head;
	int rows = 0;
	FILE *file = check_fixture("heads.tsv");

	CHECK(file);
	while (file && fgets(line, sizeof(line), file)) {
		if (*line == '#')
			continue;
		head = (struct record){};
		CHECK_INT(sscanf(line, "%" SCNi64 " %" SCNi32 " %" SCNi32 " %15s",
				 (int64_t *)&head.size, (int32_t *)&head.flags,
				 (int32_t *)&head.tag, result), 4);
		check_first(&head, result);
		rows++;
	}
	CHECK_INT(rows, HEADS);
	if (file)
		fclose(file);
}

static void a_bare_image_is_all_data(void)
{
	struct stream s = {};
	struct seen seen = {};
	struct record_parser parser;

	put_payload(&s, 1000);
	parser = parse(&s, 7, &seen);
	CHECK_INT(parser.format, STREAM_BARE);
	CHECK_INT(parser.fw_bytes, 1000);
	CHECK_INT(parser.offset, 1000);
	CHECK_INT(parser.n_records, 0);
	CHECK_INT(seen.n, 0);
	CHECK(record_complete(&parser));
}

/* The second header; flawed ones break the framing. */
static const struct {
	uint64_t size;
	uint32_t flags, tag;
	bool broken;
} seconds[] = {
	{ 1, 0, RECORD_FW_DATA, false },
	{ 1, 1, RECORD_FW_DATA, false },
	{ 1, 2, RECORD_FW_DATA, true },
	{ 0, 0, RECORD_FW_DATA, true },
	{ 0x100000000, 0, RECORD_FW_DATA, true },
	{ 7, 1, RECORD_STOP_COPY_SIZE, true },
	{ 9, 0, RECORD_STOP_COPY_SIZE, false },
	{ 5, 1, 2, false },
	{ 5, 0, 2, true },
	{ ~0ull, 1, ~0u, false },
};

static void a_header_that_no_driver_takes_breaks_the_stream(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		struct stream s = {};
		struct err err = ERR_INIT;
		struct record_parser parser;

		put_record(&s, 0, RECORD_FW_DATA, 10);
		put_header(&s, seconds[i].size, seconds[i].flags, seconds[i].tag);
		put_payload(&s, 1);
		parser = parse(&s, 3, NULL);
		CHECK_INT(parser.broken, seconds[i].broken);
		CHECK_INT(parser.offset, s.len);
		CHECK_INT(parser.last.offset, 26);
		if (seconds[i].broken) {
			CHECK_INT(record_require_complete(&parser, &err), -1);
			CHECK(strstr(err.message, "record at byte 26"));
		}
	}
}

static void the_callback_can_end_the_feed(void)
{
	struct stream s = usual();
	struct seen seen = { .stop_at = 2 };
	struct record_parser parser = {};

	CHECK_INT(record_feed(&parser, s.data, s.len, see, &seen), 77);
	CHECK_INT(seen.n, 2);
	CHECK_INT(parser.offset, 40);
}

static void tags_and_formats_have_names(void)
{
	CHECK_STR(record_tag_name(0), "FW_DATA");
	CHECK_STR(record_tag_name(1), "STOP_COPY_SIZE");
	CHECK(!record_tag_name(2));
	CHECK_STR(stream_format_name(STREAM_BARE), "bare");
	CHECK_STR(stream_format_name(STREAM_RECORDS), "records");
	CHECK_STR(stream_format_name(STREAM_UNKNOWN), "unknown");
}

int main(void)
{
	CASE(any_segmentation_gives_the_same_records);
	CASE(complete_only_at_the_end_of_a_record_with_data);
	CASE(says_where_a_stream_is_cut);
	CASE(the_first_header_decides_the_format);
	CASE(a_bare_image_is_all_data);
	CASE(a_header_that_no_driver_takes_breaks_the_stream);
	CASE(the_callback_can_end_the_feed);
	CASE(tags_and_formats_have_names);
	return CHECK_DONE();
}
