/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "check.h"
#include "cmd/hexdump.h"

/* All of it, in pieces of @step bytes, from @offset on. */
static void dumped(const void *data, size_t len, size_t step, uint64_t offset, const char *want)
{
	struct hexdump dump = { .offset = offset };
	char all[2048] = "", *text;
	size_t n, text_len;

	for (size_t at = 0; at < len; at += n) {
		n = len - at < step ? len - at : step;
		text = hexdump_text(&dump, (const unsigned char *)data + at, n, &text_len);
		CHECK_INT(strlen(text), text_len);
		strcat(all, text);
		free(text);
	}
	text = hexdump_end(&dump, &text_len);
	strcat(all, text);
	free(text);
	CHECK_STR(all, want);
}

static void lines_have_offset_bytes_and_ascii(void)
{
	dumped("0123456789abcdef\x00\x1f\x7f\xffz", 21, 16, 0x100,
	       "00000100  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n"
	       "00000110  00 1f 7f ff 7a                                    |....z|\n"
	       "00000115\n");
}

static void nothing_is_nothing(void)
{
	dumped("", 0, 16, 5, "");
}

static void a_large_offset_has_its_digits(void)
{
	dumped("a", 1, 16, 0x123456789abu,
	       "123456789ab  61                                                |a|\n"
	       "123456789ac\n");
}

static void lines_that_repeat_are_a_star_whatever_the_pieces(void)
{
	unsigned char data[16 * 7 + 3] = {};

	data[16 * 4] = 1;
	for (size_t step = 16; step <= sizeof(data) + 16; step += 16)
		dumped(data, sizeof(data), step, 0,
		       "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n"
		       "*\n"
		       "00000040  01 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n"
		       "00000050  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n"
		       "*\n"
		       "00000070  00 00 00                                          |...|\n"
		       "00000073\n");
}

int main(void)
{
	CASE(lines_have_offset_bytes_and_ascii);
	CASE(nothing_is_nothing);
	CASE(a_large_offset_has_its_digits);
	CASE(lines_that_repeat_are_a_star_whatever_the_pieces);
	return CHECK_DONE();
}
