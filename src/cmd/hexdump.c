/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/hexdump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/text.h"

static void put_hex(FILE *out, const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < HEXDUMP_LINE; i++) {
		const char *gap = i % 8 ? " " : "  ";

		if (i < len)
			fprintf(out, "%s%02x", gap, data[i]);
		else
			fprintf(out, "%s  ", gap);
	}
}

/* ASCII alone: nothing that steers a terminal. */
static void put_words(FILE *out, const unsigned char *data, size_t len)
{
	fputs("  |", out);
	for (size_t i = 0; i < len; i++)
		fputc(data[i] >= 0x20 && data[i] < 0x7f ? data[i] : '.', out);
	fputs("|\n", out);
}

static bool is_repeated(const struct hexdump *dump, const unsigned char *data, size_t len)
{
	return dump->begun && len == HEXDUMP_LINE && !memcmp(dump->last, data, HEXDUMP_LINE);
}

static void put_line(struct hexdump *dump, FILE *out, const unsigned char *data, size_t len)
{
	if (is_repeated(dump, data, len)) {
		fputs(dump->starred ? "" : "*\n", out);
		dump->starred = true;
	} else {
		fprintf(out, "%08" PRIx64, dump->offset);
		put_hex(out, data, len);
		put_words(out, data, len);
		dump->starred = false;
	}
	memcpy(dump->last, data, len);
	dump->begun = true;
	dump->offset += len;
}

/* What was written to @out is the caller's, unless some of it is missing. */
static char *finish_text(FILE *out, char **text)
{
	bool failed = ferror(out);

	if (!fclose(out) && !failed)
		return *text;
	free(*text);
	return NULL;
}

char *hexdump_text(struct hexdump *dump, const unsigned char *data, size_t len, size_t *text_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, text_len);

	if (!out)
		return NULL;
	while (len) {
		size_t n = len < HEXDUMP_LINE ? len : HEXDUMP_LINE;

		put_line(dump, out, data, n);
		data += n;
		len -= n;
	}
	return finish_text(out, &text);
}

char *hexdump_end(const struct hexdump *dump, size_t *text_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, text_len);

	if (!out)
		return NULL;
	if (dump->begun)
		fprintf(out, "%08" PRIx64 "\n", dump->offset);
	return finish_text(out, &text);
}

#define PIECE_SIZE (64u << 10) /* of the payload at a time; a multiple of HEXDUMP_LINE */

static int parse_parts(char *parts, struct hexdump_range *range)
{
	const char *record = strsep(&parts, ":");
	const char *offset = strsep(&parts, ":");
	const char *length = parts;

	range->wanted = true;
	range->offset = 0;
	range->length = UINT64_MAX;
	return text_u64(record, 10, &range->record) ||
	       (offset && text_size(offset, &range->offset)) ||
	       (length && text_size(length, &range->length));
}

int hexdump_parse(const char *arg, struct hexdump_range *range, struct err *err)
{
	char parts[128];

	if (!text_format(parts, sizeof(parts), "%s", arg) && !parse_parts(parts, range))
		return 0;
	err_set(err, ERR_USAGE, 0, "--hexdump=%s is no place in a stream", arg);
	return err_hint(err, "name the record, and perhaps an offset and a length in its payload: --hexdump=1:0x100:64");
}

/* A text that was made, or not for want of memory; it is freed. */
static int emit_text(const struct request *request, char *made, size_t len, struct err *err)
{
	AUTO_FREE char *text = made;

	if (!text)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for the text");
	return request->emit_text(text, len, err);
}

static int show_bytes(const struct request *request, const struct view *view,
		      const struct payload_location *place, uint64_t offset,
		      uint64_t len, struct err *err)
{
	AUTO_FREE unsigned char *data = malloc(PIECE_SIZE);
	struct hexdump dump = { .offset = offset };
	char *text;
	size_t text_len;

	if (!data)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for a block");
	while (len) {
		size_t n = len < PIECE_SIZE ? (size_t)len : PIECE_SIZE;

		if (view_read(view, data, n, place->begin + offset, err))
			return -1;
		text = hexdump_text(&dump, data, n, &text_len);
		if (emit_text(request, text, text_len, err))
			return -1;
		offset += n;
		len -= n;
	}
	text = hexdump_end(&dump, &text_len);
	return emit_text(request, text, text_len, err);
}

int hexdump_show(const struct request *request, const struct view *view,
		 const struct hexdump_range *range, struct err *err)
{
	struct payload_location place;
	uint64_t wanted, there, got;

	if (view_find_payload(view, range->record, "--hexdump", &place, err))
		return -1;
	if (range->offset > place.size) {
		err_set(err, ERR_USAGE, 0, "the payload of record %" PRIu64 " has %" PRIu64 " bytes: none is at %" PRIu64,
			range->record, place.size, range->offset);
		return err_hint(err, "the offset is one in the payload, from 0 on");
	}
	wanted = place.size - range->offset;
	wanted = wanted < range->length ? wanted : range->length;
	/* Where the end is missing, that many are there. */
	there = payload_available(&place, view);
	there = there > range->offset ? there - range->offset : 0;
	got = there < wanted ? there : wanted;
	if (show_bytes(request, view, &place, range->offset, got, err))
		return -1;
	if (got == wanted)
		return 0;
	return err_set(err, ERR_DAMAGED, 0, "%s ends in the payload of record %" PRIu64 ", which lacks the last %" PRIu64 " of the bytes to be shown",
		       view_name(view), range->record, wanted - got);
}
