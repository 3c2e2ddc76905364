/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record parser: a stream must be taken apart in the same way whatever the
 * pieces it comes in, and whether payloads are fed or passed by. The input's
 * first byte chooses the pieces, the rest is the stream.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "image/record.h"

struct seen {
	uint64_t n;
	uint64_t bytes; /* of all payloads that the headers claim */
};

static int on_record(const struct record *record, void *data)
{
	const char *flaw = record_flaw(record);
	const char *name = record_tag_name(record->tag);
	struct seen *seen = data;

	FUZZ_REQUIRE((!flaw || *flaw) && (!name || *name));
	seen->n++;
	seen->bytes += record->size;
	return 0;
}

/* A copy in a piece of memory of just its size, so that one byte too many is seen. */
static void feed_exactly(struct record_parser *parser, const uint8_t *data,
			 size_t len, struct seen *seen)
{
	uint8_t *piece = malloc(len);

	FUZZ_REQUIRE(!len || piece);
	if (len)
		memcpy(piece, data, len);
	record_feed(parser, piece, len, on_record, seen);
	free(piece);
}

static void feed_in_pieces(struct record_parser *parser, const uint8_t *data,
			   size_t len, size_t step, struct seen *seen)
{
	for (size_t at = 0; at < len; at += step)
		feed_exactly(parser, data + at,
			     len - at < step ? len - at : step, seen);
}

/* Headers are fed, payloads passed by, as a view does it. */
static void feed_and_pass(struct record_parser *parser, const uint8_t *data,
			  size_t len, struct seen *seen)
{
	for (size_t at = 0; at < len;) {
		size_t passed = record_pass(parser, len - at);

		FUZZ_REQUIRE(passed <= len - at);
		at += passed;
		if (!passed)
			feed_exactly(parser, data + at++, 1, seen);
	}
}

static void require_same(const struct record_parser *a, const struct seen *x,
			 const struct record_parser *b, const struct seen *y)
{
	struct err err_a = ERR_INIT, err_b = ERR_INIT;

	FUZZ_REQUIRE(a->format == b->format && a->offset == b->offset &&
		     a->n_records == b->n_records &&
		     a->fw_bytes == b->fw_bytes && a->broken == b->broken &&
		     a->payload_left == b->payload_left);
	FUZZ_REQUIRE(x->n == y->n && x->bytes == y->bytes);
	FUZZ_REQUIRE(record_complete(a) == !record_require_complete(a, &err_a));
	record_require_complete(b, &err_b);
	FUZZ_REQUIRE(!strcmp(err_a.message, err_b.message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct record_parser whole = {}, pieces = {}, passing = {};
	struct seen in_whole = {}, in_pieces = {}, in_passing = {};
	size_t step;

	if (!len)
		return 0;
	step = data[0] ? data[0] : 256;
	data++;
	len--;
	feed_exactly(&whole, data, len, &in_whole);
	feed_in_pieces(&pieces, data, len, step, &in_pieces);
	feed_and_pass(&passing, data, len, &in_passing);
	FUZZ_REQUIRE(whole.offset == len && in_whole.n == whole.n_records);
	require_same(&whole, &in_whole, &pieces, &in_pieces);
	require_same(&whole, &in_whole, &passing, &in_passing);
	return 0;
}
