/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "lib/io.h"
#include "image/stats.h"
#include "image/digest.h"
#include "image/members.h"

#define STREAM_MAX 700000 /* more than the blocks that are read */

static unsigned char stream[STREAM_MAX];
static size_t stream_len;

static void put_le(uint64_t value, size_t len)
{
	while (len--) {
		stream[stream_len++] = (unsigned char)value;
		value >>= 8;
	}
}

static void put_record(uint64_t size, uint32_t flags, uint32_t tag, size_t there)
{
	put_le(size, 8);
	put_le(flags, 4);
	put_le(tag, 4);
	for (size_t i = 0; i < there; i++)
		stream[stream_len++] = (unsigned char)(i % 7000 < 2000 ? 0 : i * 31 + i / 256);
}

/* With a payload that is empty, small ones in one cell, and a large one. */
static void usual(void)
{
	stream_len = 0;
	put_record(8, RECORD_OPTIONAL, RECORD_STOP_COPY_SIZE, 8);
	put_record(600000, 0, RECORD_FW_DATA, 600000);
	put_record(0, RECORD_OPTIONAL, 9, 0);
	put_record(5, RECORD_OPTIONAL, 9, 5);
	put_record(50001, 0, RECORD_FW_DATA, 50001);
}

/* The stream as a file, looked at. */
static void scanned(struct stream_stats *scan)
{
	char path[] = "/tmp/test_stream_stats.XXXXXX";
	AUTO_VIEW struct view *view = NULL;
	struct err err = ERR_INIT;
	int fd = mkstemp(path);

	CHECK_INT(write_all(fd, stream, stream_len), 0);
	close(fd);
	CHECK_INT(view_open(&view, path, &err), 0);
	unlink(path);
	CHECK_INT(view ? stream_stats_run(scan, view, NULL, NULL, &err) : -1, 0);
	CHECK_STR(err.message, "");
}

/* Counted in the plainest way. */
static void payload_is(const struct payload *got, size_t begin, size_t len)
{
	struct payload_counts counts = {};
	struct digest *digest = digest_new();
	char text[DIGEST_TEXT_SIZE];

	counts.bytes = len;
	for (size_t i = begin; i < begin + len; i++)
		counts.of[stream[i]]++;
	digest_update(digest, stream + begin, len);
	digest_text(digest, text);
	digest_free(digest);
	CHECK(got->whole);
	CHECK_INT(got->bytes, len);
	CHECK_INT(got->zero_bytes, counts.of[0]);
	CHECK(fabs(got->entropy - payload_entropy(&counts)) < 1e-9);
	CHECK_STR(got->digest, text);
}

static void cells_are(const struct stream_stats *scan)
{
	CHECK_INT(scan->n_cells, (stream_len + scan->cell_bytes - 1) / scan->cell_bytes);
	for (size_t i = 0; i < scan->n_cells; i++) {
		size_t begin = i * scan->cell_bytes;
		size_t end = begin + scan->cell_bytes < stream_len
				     ? begin + scan->cell_bytes : stream_len;
		struct payload_counts counts = {};

		payload_count(&counts, stream + begin, end - begin);
		CHECK_INT(scan->cells[i].bytes, end - begin);
		CHECK_INT(scan->cells[i].zero_bytes, counts.of[0]);
		CHECK(fabs(scan->cells[i].density - payload_density(&counts)) < 1e-9);
	}
}

static void payloads_and_cells_are_summed_up_in_one_pass(void)
{
	static const uint64_t sizes[] = { 16, 48, 1000, 65536, 262144, 1000000 };

	usual();
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct stream_stats scan = {
			.cell_bytes = sizes[s], .summaries = true, .limit = 9,
		};

		scanned(&scan);
		CHECK_INT(scan.format, STREAM_RECORDS);
		CHECK_INT(scan.n_records, 5);
		CHECK_INT(scan.n_payloads, 5);
		payload_is(&scan.payloads[0], 16, 8);
		payload_is(&scan.payloads[1], 40, 600000);
		payload_is(&scan.payloads[2], 600056, 0);
		payload_is(&scan.payloads[3], 600072, 5);
		payload_is(&scan.payloads[4], 600093, 50001);
		payload_is(&scan.stream, 0, stream_len);
		cells_are(&scan);
		stream_stats_free(&scan);
	}
}

static void cells_know_which_records_begin_in_them(void)
{
	struct stream_stats scan = { .cell_bytes = 1000 };

	usual();
	scanned(&scan);
	CHECK_INT(scan.n_payloads, 0);
	CHECK(!scan.stream.whole);
	CHECK_INT(scan.cells[0].borders, 2);
	CHECK_INT(scan.cells[0].first, 0);
	CHECK_INT(scan.cells[1].borders, 0);
	CHECK_INT(scan.cells[600].borders, 3);
	CHECK_INT(scan.cells[600].first, 2);
	cells_are(&scan);
	stream_stats_free(&scan);
}

static void no_more_payloads_than_the_limit_are_summed_up(void)
{
	struct stream_stats scan = { .summaries = true, .limit = 2 };

	usual();
	scanned(&scan);
	CHECK_INT(scan.n_records, 5);
	CHECK_INT(scan.n_payloads, 2);
	payload_is(&scan.payloads[1], 40, 600000);
	CHECK_INT(scan.n_cells, 0);
	stream_stats_free(&scan);
}

static void a_payload_that_is_not_all_there_has_no_summary(void)
{
	struct stream_stats scan = { .summaries = true, .limit = 9, .cell_bytes = 64 };

	stream_len = 0;
	put_record(100, 0, RECORD_FW_DATA, 100);
	put_record(UINT32_MAX, RECORD_OPTIONAL, 7, 300);
	scanned(&scan);
	CHECK_INT(scan.n_payloads, 2);
	payload_is(&scan.payloads[0], 16, 100);
	CHECK(!scan.payloads[1].whole);
	payload_is(&scan.stream, 0, stream_len);
	cells_are(&scan);
	stream_stats_free(&scan);
}

static void a_size_beyond_all_numbers_is_not_there(void)
{
	struct stream_stats scan = { .summaries = true, .limit = 9 };

	stream_len = 0;
	put_record(100, 0, RECORD_FW_DATA, 100);
	put_record(UINT64_MAX, RECORD_OPTIONAL, 7, 300);
	scanned(&scan);
	CHECK(scan.payloads[0].whole);
	CHECK(scan.n_payloads < 2 || !scan.payloads[1].whole);
	stream_stats_free(&scan);
}

static void a_stream_without_records_is_one_payload(void)
{
	struct stream_stats scan = { .summaries = true, .limit = 9, .cell_bytes = 4096 };

	stream_len = 0;
	put_record(0, 77, 0xdeadbeef, 9000);
	scanned(&scan);
	CHECK_INT(scan.format, STREAM_BARE);
	CHECK_INT(scan.n_payloads, 1);
	payload_is(&scan.payloads[0], 0, stream_len);
	payload_is(&scan.stream, 0, stream_len);
	CHECK_INT(scan.cells[0].borders, 0);
	cells_are(&scan);
	stream_stats_free(&scan);
}

int main(void)
{
	CASE(payloads_and_cells_are_summed_up_in_one_pass);
	CASE(cells_know_which_records_begin_in_them);
	CASE(no_more_payloads_than_the_limit_are_summed_up);
	CASE(a_payload_that_is_not_all_there_has_no_summary);
	CASE(a_size_beyond_all_numbers_is_not_there);
	CASE(a_stream_without_records_is_one_payload);
	return CHECK_DONE();
}
