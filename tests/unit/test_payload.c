/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "lib/text.h"
#include "image/stats.h"

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

/* Some noise, zeros and text, so that every way of counting is gone. */
static void fill(unsigned char *data, size_t len)
{
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = i % 30000 < 15000 ? (unsigned char)(x >> 24)
					    : i % 30000 < 25000 ? 0 : 'a';
	}
}

static void pieces_of_any_size_count_the_same(void)
{
	static unsigned char data[100000];
	static const size_t steps[] = { 1, 15, 4095, 4096, 4097, 65536, 100000 };
	struct payload_counts want = { .bytes = sizeof(data) };

	fill(data, sizeof(data));
	for (size_t i = 0; i < sizeof(data); i++)
		want.of[data[i]]++;
	for (size_t s = 0; s < ARRAY_SIZE(steps); s++) {
		struct payload_counts got = {};

		for (size_t at = 0, n; at < sizeof(data); at += n) {
			n = sizeof(data) - at;
			n = n < steps[s] ? n : steps[s];
			payload_count(&got, data + at, n);
		}
		CHECK(!memcmp(&got, &want, sizeof(got)));
	}
}

static void a_block_that_is_zero_but_for_its_end_is_not_zero(void)
{
	static unsigned char data[8192];
	struct payload_counts counts = {};

	data[4095] = 1;
	data[4096] = 2;
	payload_count(&counts, data, sizeof(data));
	CHECK_INT(counts.of[0], 8190);
	CHECK_INT(counts.of[1], 1);
	CHECK_INT(counts.of[2], 1);
}

static void counts_add_up(void)
{
	struct payload_counts a = {}, b = {};

	payload_count(&a, "abc", 3);
	payload_count(&b, "cd", 2);
	payload_add(&a, &b);
	CHECK_INT(a.bytes, 5);
	CHECK_INT(a.of['c'], 2);
	CHECK_INT(a.of['d'], 1);
}

static void entropy_is_what_the_book_says(void)
{
	unsigned char all[256];
	struct payload_counts none = {}, same = {}, two = {}, skewed = {},
			      each = {};

	for (size_t i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	payload_count(&same, "aaaaaaaa", 8);
	payload_count(&two, "abababab", 8);
	payload_count(&skewed, "aaab", 4);
	payload_count(&each, all, sizeof(all));
	CHECK(payload_entropy(&none) == 0);
	CHECK(payload_entropy(&same) == 0);
	CHECK(near(payload_entropy(&two), 1));
	CHECK(near(payload_entropy(&skewed), 0.8112781244591328));
	CHECK(near(payload_entropy(&each), 8));
}

static void density_knows_that_few_bytes_cannot_have_much(void)
{
	struct payload_counts none = {}, one = {}, four = {}, half = {};

	payload_count(&one, "a", 1);
	payload_count(&four, "abcd", 4);
	payload_count(&half, "abababababababab", 16);
	CHECK(payload_density(&none) == 0);
	CHECK(payload_density(&one) == 0);
	CHECK(near(payload_density(&four), 1));
	CHECK(near(payload_density(&half), 0.25));
}

static void the_share_of_zeros(void)
{
	CHECK(payload_zero_ratio(0, 0) == 0);
	CHECK(near(payload_zero_ratio(1, 4), 0.25));
	CHECK(payload_zero_ratio(7, 7) == 1);
}

int main(void)
{
	CASE(pieces_of_any_size_count_the_same);
	CASE(a_block_that_is_zero_but_for_its_end_is_not_zero);
	CASE(counts_add_up);
	CASE(entropy_is_what_the_book_says);
	CASE(density_knows_that_few_bytes_cannot_have_much);
	CASE(the_share_of_zeros);
	return CHECK_DONE();
}
