/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which records of two streams belong together. */
#include <stdlib.h>

#include "check.h"
#include "diff/align.h"

#define SIZE_RECORD { 0, 8, 1, RECORD_STOP_COPY_SIZE }
#define FW(size) { 0, (size), 0, RECORD_FW_DATA }

/* Lays @n records behind each other, and cuts the stream of them. */
static void lay(struct diff_side *side, const struct record *records, size_t n)
{
	struct record *laid = calloc(n + 1, sizeof(*laid));

	*side = (struct diff_side){ .format = STREAM_RECORDS, .n_records = n,
				    .whole = true };
	for (size_t i = 0; i < n; i++) {
		laid[i] = records[i];
		laid[i].offset = side->bytes;
		side->bytes += RECORD_HEADER_SIZE + laid[i].size;
	}
	CHECK_INT(align_pieces(side, laid), 0);
	free(laid);
}

/* The pairs as text: "0=0 1-  -1": together, in the first alone, in the second alone. */
static const char *pairs_of(const struct diff *diff)
{
	static char text[512];
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < diff->n_pairs && used < sizeof(text); i++) {
		const size_t *p = diff->pairs[i].piece;
		size_t left = sizeof(text) - used;
		const char *blank = i ? " " : "";

		if (p[1] == DIFF_NONE)
			used += (size_t)snprintf(text + used, left, "%s%zu-", blank, p[0]);
		else if (p[0] == DIFF_NONE)
			used += (size_t)snprintf(text + used, left, "%s-%zu", blank, p[1]);
		else
			used += (size_t)snprintf(text + used, left, "%s%zu=%zu", blank, p[0], p[1]);
	}
	return text;
}

static void pairs_are(struct diff *diff, const char *want)
{
	CHECK_INT(align_pair(diff), 0);
	CHECK_STR(pairs_of(diff), want);
	align_free(diff);
}

static void records_alike_find_each_other(void)
{
	static const struct record all[] = { SIZE_RECORD, FW(100), FW(200) };
	struct diff diff = {};

	lay(&diff.sides[0], all, 3);
	lay(&diff.sides[1], all, 3);
	CHECK_INT(align_pair(&diff), 0);
	CHECK_INT(diff.align, ALIGN_RECORDS);
	CHECK_STR(pairs_of(&diff), "0=0 1=1 2=2");
	align_free(&diff);
}

static void one_more_moves_no_other(void)
{
	static const struct record all[] = { SIZE_RECORD, FW(100), FW(200),
					     FW(300) };
	static const struct record less[] = { SIZE_RECORD, FW(100), FW(300) };
	struct diff diff = {};

	lay(&diff.sides[0], all, 4);
	lay(&diff.sides[1], less, 3);
	pairs_are(&diff, "0=0 1=1 2- 3=2");
	diff = (struct diff){};
	lay(&diff.sides[0], less, 3);
	lay(&diff.sides[1], all, 4);
	pairs_are(&diff, "0=0 1=1 -2 2=3");
	diff = (struct diff){};
	lay(&diff.sides[0], all + 1, 3); /* Linux 6.2 writes no STOP_COPY_SIZE */
	lay(&diff.sides[1], all, 4);
	pairs_are(&diff, "-0 0=1 1=2 2=3");
}

static void another_size_is_the_same_record(void)
{
	static const struct record a[] = { SIZE_RECORD, FW(100), FW(200) };
	static const struct record b[] = { SIZE_RECORD, FW(101), FW(202) };
	struct diff diff = {};

	lay(&diff.sides[0], a, 3);
	lay(&diff.sides[1], b, 3);
	pairs_are(&diff, "0=0 1=1 2=2");
}

static void a_foreign_record_is_passed_over(void)
{
	static const struct record a[] = { SIZE_RECORD, FW(1), FW(2) };
	static const struct record b[] = { SIZE_RECORD, FW(3),
					   { 0, 4, 1, 77 }, FW(4) };
	static const struct record c[] = { SIZE_RECORD, FW(3),
					   { 0, 5, 1, 88 }, FW(5) };
	struct diff diff = {};

	lay(&diff.sides[0], a, 3);
	lay(&diff.sides[1], b, 4);
	pairs_are(&diff, "0=0 1=1 -2 2=3");
	diff = (struct diff){};
	lay(&diff.sides[0], b, 4);
	lay(&diff.sides[1], c, 4);
	pairs_are(&diff, "0=0 1=1 2- -2 3=3");
}

static void another_tag_of_the_same_size_is_a_change(void)
{
	static const struct record a[] = { SIZE_RECORD, FW(8), FW(9) };
	static const struct record b[] = { SIZE_RECORD, { 0, 8, 1, 77 },
					   FW(9) };
	static const struct record c[] = { SIZE_RECORD, FW(8),
					   { 0, 9, 0, RECORD_STOP_COPY_SIZE } };
	struct diff diff = {};

	lay(&diff.sides[0], a, 3);
	lay(&diff.sides[1], b, 3);
	pairs_are(&diff, "0=0 1=1 2=2");
	diff = (struct diff){};
	lay(&diff.sides[0], a, 3);
	lay(&diff.sides[1], c, 3);
	pairs_are(&diff, "0=0 1=1 2=2");
}

/* What the driver of Linux 6.1 writes is in the firmware data of a later one. */
static void a_bare_stream_is_firmware_data(void)
{
	static const struct record a[] = { SIZE_RECORD, FW(100) };
	struct diff diff = {};

	lay(&diff.sides[0], a, 2);
	diff.sides[1] = (struct diff_side){ .format = STREAM_BARE,
					    .bytes = 100, .whole = true };
	CHECK_INT(align_pieces(&diff.sides[1], NULL), 0);
	CHECK_INT(diff.sides[1].n_pieces, 1);
	CHECK_INT(diff.sides[1].pieces[0].kind, PIECE_BARE);
	CHECK_INT(diff.sides[1].pieces[0].header, 0);
	pairs_are(&diff, "0- 1=0");
}

static void of_several_the_one_of_its_size_is_bare(void)
{
	static const struct record a[] = { SIZE_RECORD, FW(7), FW(100) };
	struct diff diff = {};

	lay(&diff.sides[0], a, 3);
	diff.sides[1] = (struct diff_side){ .format = STREAM_BARE,
					    .bytes = 100, .whole = true };
	CHECK_INT(align_pieces(&diff.sides[1], NULL), 0);
	pairs_are(&diff, "0- 1- 2=0");
}

static void what_both_have_of_a_pair(void)
{
	static const struct record a[] = { FW(100), FW(7) }, b[] = { FW(60) };
	struct diff diff = {};
	struct common common;

	lay(&diff.sides[0], a, 2);
	lay(&diff.sides[1], b, 1);
	CHECK_INT(align_pair(&diff), 0);
	common = align_common(&diff, &diff.pairs[0]);
	CHECK_INT(common.header, 16);
	CHECK_INT(common.payload, 60);
	common = align_common(&diff, &diff.pairs[1]);
	CHECK_INT(common.header, 0);
	CHECK_INT(common.payload, 0);
	CHECK(common.pieces[0] && !common.pieces[1]);
	align_free(&diff);
}

static void lost_framing_is_compared_by_place(void)
{
	static const struct record all[] = { SIZE_RECORD, FW(100), FW(200) };
	struct record broken[] = { { 0, 8, 1, 1 }, { 24, 100, 0, 9 } };
	struct diff diff = {};

	lay(&diff.sides[1], all, 3);
	diff.sides[0] = (struct diff_side){ .format = STREAM_RECORDS,
					    .bytes = 356, .n_records = 2 };
	CHECK_INT(align_pieces(&diff.sides[0], broken), 0);
	CHECK_INT(diff.sides[0].n_pieces, 2);
	CHECK_INT(diff.sides[0].pieces[1].kind, PIECE_REST);
	CHECK_INT(diff.sides[0].pieces[1].len, 332);
	CHECK_INT(align_pair(&diff), 0);
	CHECK_INT(diff.align, ALIGN_OFFSETS);
	CHECK_STR(pairs_of(&diff), "0=0 1=1 2=2");
	CHECK_INT(diff.sides[0].pieces[2].record.offset, 140);
	CHECK_INT(diff.sides[0].pieces[2].header, 16);
	CHECK_INT(diff.sides[0].pieces[2].len, 200);
	align_free(&diff);
}

static void every_cut_stream_fits_its_whole(void)
{
	static const struct record all[] = { SIZE_RECORD, FW(30), FW(20) };
	struct record laid[] = { SIZE_RECORD, { 24, 30, 0, 0 },
				 { 70, 20, 0, 0 } };

	for (uint64_t bytes = 16; bytes < 106; bytes++) {
		struct diff diff = { .align = ALIGN_OFFSETS };
		struct diff_side *cut = &diff.sides[1];
		uint64_t sum = 0;

		lay(&diff.sides[0], all, 3);
		*cut = (struct diff_side){ .format = STREAM_RECORDS,
					   .bytes = bytes };
		cut->n_records = bytes < 40 ? 1 : bytes < 86 ? 2 : 3;
		CHECK_INT(align_pieces(cut, laid), 0);
		for (size_t i = 0; i < cut->n_pieces; i++)
			sum += cut->pieces[i].header + cut->pieces[i].len;
		CHECK_INT(sum, bytes);
		CHECK_INT(align_pair(&diff), 0);
		CHECK_INT(diff.n_pairs, 3);
		sum = 0;
		for (size_t i = 0; i < cut->n_pieces; i++) {
			CHECK_INT(cut->pieces[i].record.offset,
				  diff.sides[0].pieces[i].record.offset);
			sum += cut->pieces[i].header + cut->pieces[i].len;
		}
		CHECK_INT(sum, bytes);
		align_free(&diff);
	}
}

static void what_is_longer_has_a_rest(void)
{
	static const struct record all[] = { SIZE_RECORD, FW(30) };
	struct record laid[] = { SIZE_RECORD, { 24, 30, 0, 0 } };
	struct diff diff = {};

	lay(&diff.sides[0], all, 2);
	diff.sides[1] = (struct diff_side){ .format = STREAM_RECORDS,
					    .bytes = 80, .n_records = 2 };
	CHECK_INT(align_pieces(&diff.sides[1], laid), 0);
	CHECK_INT(diff.sides[1].n_pieces, 3);
	CHECK_INT(diff.sides[1].pieces[2].len, 10);
	pairs_are(&diff, "0=0 1=1 -2");
}

static void too_many_records_are_one_piece(void)
{
	struct diff_side side = { .format = STREAM_RECORDS,
				  .n_records = ALIGN_RECORDS_MAX + 1,
				  .bytes = 123456789 };

	CHECK_INT(align_pieces(&side, NULL), 0);
	CHECK_INT(side.n_pieces, 1);
	CHECK_INT(side.pieces[0].kind, PIECE_REST);
	CHECK_INT(side.pieces[0].len, 123456789);
	free(side.pieces);
}

static void they_are_compared_by_place(void)
{
	static const struct record all[] = { SIZE_RECORD, FW(100) };
	struct diff diff = {};

	diff.sides[0] = (struct diff_side){
		.format = STREAM_RECORDS, .n_records = ALIGN_RECORDS_MAX + 1,
		.bytes = 1 << 22, .whole = true
	};
	CHECK_INT(align_pieces(&diff.sides[0], NULL), 0);
	lay(&diff.sides[1], all, 2);
	CHECK_INT(align_pair(&diff), 0);
	CHECK_INT(diff.align, ALIGN_OFFSETS);
	CHECK_STR(pairs_of(&diff), "0=0 1=1 2-");
	CHECK_INT(diff.sides[0].pieces[2].len, (1 << 22) - 140);
	align_free(&diff);
}

/* A partner that is far away is not looked for: time stays in bounds. */
static void many_foreign_records_take_no_time(void)
{
	size_t n = 50000;
	struct record *a = calloc(n, sizeof(*a)), *b = calloc(n, sizeof(*b));
	struct diff diff = {};

	for (size_t i = 0; i < n; i++) {
		a[i] = (struct record){ .flags = 1, .tag = 10 };
		b[i] = (struct record){ .size = 1, .flags = 1, .tag = 11 };
	}
	lay(&diff.sides[0], a, n);
	lay(&diff.sides[1], b, n);
	CHECK_INT(align_pair(&diff), 0);
	CHECK_INT(diff.n_pairs, 2 * n);
	align_free(&diff);
	free(a);
	free(b);
}

int main(void)
{
	CASE(records_alike_find_each_other);
	CASE(one_more_moves_no_other);
	CASE(another_size_is_the_same_record);
	CASE(a_foreign_record_is_passed_over);
	CASE(another_tag_of_the_same_size_is_a_change);
	CASE(a_bare_stream_is_firmware_data);
	CASE(of_several_the_one_of_its_size_is_bare);
	CASE(what_both_have_of_a_pair);
	CASE(lost_framing_is_compared_by_place);
	CASE(every_cut_stream_fits_its_whole);
	CASE(what_is_longer_has_a_rest);
	CASE(too_many_records_are_one_piece);
	CASE(they_are_compared_by_place);
	CASE(many_foreign_records_take_no_time);
	return CHECK_DONE();
}
