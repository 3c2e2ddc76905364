/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/hexdump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static bool repeats(const struct hexdump *dump, const unsigned char *data,
		    size_t len)
{
	return dump->begun && len == HEXDUMP_LINE &&
	       !memcmp(dump->last, data, HEXDUMP_LINE);
}

static void put_line(struct hexdump *dump, FILE *out,
		     const unsigned char *data, size_t len)
{
	if (repeats(dump, data, len)) {
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
static char *finished(FILE *out, char **text)
{
	bool failed = ferror(out);

	if (!fclose(out) && !failed)
		return *text;
	free(*text);
	return NULL;
}

char *hexdump_text(struct hexdump *dump, const unsigned char *data, size_t len,
		   size_t *text_len)
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
	return finished(out, &text);
}

char *hexdump_end(const struct hexdump *dump, size_t *text_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, text_len);

	if (!out)
		return NULL;
	if (dump->begun)
		fprintf(out, "%08" PRIx64 "\n", dump->offset);
	return finished(out, &text);
}
