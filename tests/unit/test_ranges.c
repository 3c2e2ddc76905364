/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges of differing bytes, held against a count that is done byte by byte. */
#include <stdlib.h>

#include "check.h"
#include "diff/ranges.h"

#define SIZE 4096

static unsigned char a[SIZE], b[SIZE];

/* Two equal buffers of what is not the same anywhere near. */
static void fill(void)
{
	for (size_t i = 0; i < SIZE; i++)
		a[i] = b[i] = (unsigned char)(i * 7 + i / 256);
}

static void feed(struct range_collector *collector, size_t from, size_t to)
{
	struct diff_place place = { .offset = from, .at = { 1000 + from, from } };

	CHECK_INT(ranges_feed(collector, &place, a + from, b + from, to - from), 0);
}

static void range_is(const struct diff_range *range, uint64_t offset,
		     uint64_t bytes, uint64_t changed)
{
	CHECK_INT(range->offset, offset);
	CHECK_INT(range->at[0], 1000 + offset);
	CHECK_INT(range->at[1], offset);
	CHECK_INT(range->bytes, bytes);
	CHECK_INT(range->changed, changed);
}

static void equal_buffers_have_none(void)
{
	struct range_collector collector = { .limit = 10 };

	fill();
	feed(&collector, 0, SIZE);
	CHECK_INT(ranges_end(&collector), 0);
	CHECK_INT(collector.all_ranges, 0);
	CHECK_INT(collector.changed, 0);
	CHECK(!collector.ranges);
}

static void each_place_and_length_is_found(void)
{
	for (size_t at = 0; at < 20; at++)
		for (size_t len = 1; len < 30; len++) {
			struct range_collector collector = { .limit = 10 };

			fill();
			for (size_t i = 0; i < len; i++)
				b[at + i] ^= (unsigned char)(1 << i % 8);
			feed(&collector, 0, at + len); /* to the buffer's end */
			CHECK_INT(ranges_end(&collector), 0);
			CHECK_INT(collector.n_ranges, 1);
			range_is(&collector.ranges[0], at, len, len);
			free(collector.ranges);
		}
}

static void a_range_goes_over_the_borders_of_buffers(void)
{
	struct range_collector collector = { .limit = 10 };

	fill();
	for (size_t i = 90; i < 310; i++)
		b[i] ^= 1;
	feed(&collector, 0, 100);
	feed(&collector, 100, 300);
	feed(&collector, 300, 400);
	CHECK_INT(ranges_end(&collector), 0);
	CHECK_INT(collector.n_ranges, 1);
	range_is(&collector.ranges[0], 90, 220, 220);
	free(collector.ranges);
}

static void a_range_ends_where_a_pair_or_a_header_does(void)
{
	struct range_collector collector = { .limit = 10, .gap = 100 };
	struct diff_place place = { .in_header = true, .at = { 50, 50 } };

	fill();
	memset(b, 0, 64);
	memset(a, 1, 64);
	CHECK_INT(ranges_feed(&collector, &place, a, b, 16), 0);
	place = (struct diff_place){ .at = { 66, 66 } };
	CHECK_INT(ranges_feed(&collector, &place, a + 16, b + 16, 8), 0);
	place = (struct diff_place){ .pair = 1, .at = { 74, 74 } };
	CHECK_INT(ranges_feed(&collector, &place, a + 24, b + 24, 8), 0);
	CHECK_INT(ranges_end(&collector), 0);
	CHECK_INT(collector.n_ranges, 3);
	CHECK(collector.ranges[0].in_header && !collector.ranges[1].in_header);
	CHECK_INT(collector.ranges[1].bytes, 8);
	CHECK_INT(collector.ranges[2].pair, 1);
	CHECK_INT(collector.ranges[2].at[0], 74);
	free(collector.ranges);
}

/* The gaps between 10, 12, 15 and 19 are 1, 2 and 3 bytes. */
static void a_gap_joins_what_is_near(void)
{
	static const size_t n[] = { 4, 3, 2, 1, 1 };
	static const uint64_t bytes[] = { 1, 3, 6, 10, 10 };

	for (uint64_t gap = 0; gap < 5; gap++) {
		struct range_collector collector = { .limit = 10, .gap = gap };

		fill();
		b[10] ^= 1, b[12] ^= 1, b[15] ^= 1, b[19] ^= 1;
		feed(&collector, 0, 11); /* gaps lie across buffers, too */
		feed(&collector, 11, 14);
		feed(&collector, 14, 30);
		CHECK_INT(ranges_end(&collector), 0);
		CHECK_INT(collector.n_ranges, n[gap]);
		CHECK_INT(collector.changed, 4);
		CHECK_INT(collector.ranges[0].bytes, bytes[gap]);
		free(collector.ranges);
	}
}

static void what_is_beyond_the_limit_is_counted(void)
{
	struct range_collector collector = { .limit = 3 };

	fill();
	for (size_t i = 0; i < SIZE; i += 2)
		b[i] ^= 0x80;
	feed(&collector, 0, SIZE);
	CHECK_INT(ranges_end(&collector), 0);
	CHECK_INT(collector.n_ranges, 3);
	CHECK_INT(collector.all_ranges, SIZE / 2);
	CHECK_INT(collector.changed, SIZE / 2);
	range_is(&collector.ranges[2], 4, 1, 1);
	free(collector.ranges);
}

/* Where a run begins, by comparing a byte with the one before it. */
static uint64_t count_by_hand(uint64_t *runs)
{
	uint64_t changed = 0;

	*runs = 0;
	for (size_t i = 0; i < SIZE; i++) {
		changed += a[i] != b[i];
		*runs += a[i] != b[i] && (!i || a[i - 1] == b[i - 1]);
	}
	return changed;
}

static void any_mixture_is_counted_as_by_hand(void)
{
	srandom(20251122);
	for (int round = 0; round < 200; round++) {
		struct range_collector collector = { .limit = SIZE };
		size_t step = 1 + (size_t)random() % 300, sum = 0;
		long rare = 1 + random() % 20;
		uint64_t runs, changed;

		for (size_t i = 0; i < SIZE; i++) {
			a[i] = (unsigned char)random();
			b[i] = random() % rare ? a[i] : (unsigned char)random();
		}
		for (size_t at = 0; at < SIZE; at += step)
			feed(&collector, at, at + step < SIZE ? at + step : SIZE);
		CHECK_INT(ranges_end(&collector), 0);
		changed = count_by_hand(&runs);
		CHECK_INT(collector.changed, changed);
		CHECK_INT(collector.all_ranges, runs);
		CHECK_INT(collector.n_ranges, runs);
		for (size_t i = 0; i < collector.n_ranges; i++)
			sum += collector.ranges[i].bytes;
		CHECK_INT(sum, changed);
		free(collector.ranges);
	}
}

int main(void)
{
	CASE(equal_buffers_have_none);
	CASE(each_place_and_length_is_found);
	CASE(a_range_goes_over_the_borders_of_buffers);
	CASE(a_range_ends_where_a_pair_or_a_header_does);
	CASE(a_gap_joins_what_is_near);
	CASE(what_is_beyond_the_limit_is_counted);
	CASE(any_mixture_is_counted_as_by_hand);
	return CHECK_DONE();
}
