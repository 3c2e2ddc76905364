/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Part of a record's payload in hex, for inspect. */
#ifndef CMD_HEXDUMP_H
#define CMD_HEXDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "image/view.h"
#include "lib/err.h"

#define HEXDUMP_LINE 16

/**
 * struct hexdump - in progress; zero it but for @offset, that of the first byte
 * @last: the line before, of HEXDUMP_LINE bytes once @begun
 * @starred: lines like it were left out, and a star says so
 */
struct hexdump {
	uint64_t offset;
	unsigned char last[HEXDUMP_LINE];
	bool begun, starred;
};

/**
 * hexdump_text - the next @len bytes, in the form of hexdump -C
 * @len: a multiple of HEXDUMP_LINE, but for the last bytes
 *
 * Lines that repeat the one before become one star. malloc'ed, terminated,
 * @text_len bytes; NULL: no memory.
 */
char *hexdump_text(struct hexdump *dump, const unsigned char *data, size_t len,
		   size_t *text_len) __attribute__((nonnull(1, 4)));

/** hexdump_end - the line with the offset behind the last byte, or nothing when there was none; as hexdump_text() */
char *hexdump_end(const struct hexdump *dump, size_t *text_len) __attribute__((nonnull(1, 2)));

/**
 * struct hexdump_range - what is to be shown
 * @record: its number, from 0 on; in a stream without records 0 is all of it
 * @offset, @length: in bytes of its payload; a length beyond the end ends there
 */
struct hexdump_range {
	bool wanted;
	uint64_t record;
	uint64_t offset;
	uint64_t length;
};

/** hexdump_parse - "RECORD[:OFFSET[:LENGTH]]"; 0 or -1 (ERR_USAGE) */
int hexdump_parse(const char *arg, struct hexdump_range *range, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/**
 * hexdump_show - print it by request->emit_text()
 *
 * ERR_USAGE where there is no such record or offset; ERR_DAMAGED where the
 * stream ends before, after what there is was printed. 0 or -1.
 */
int hexdump_show(const struct request *request, const struct view *view,
		 const struct hexdump_range *range, struct err *err)
	__attribute__((nonnull(1, 2, 3, 4)));

#endif
