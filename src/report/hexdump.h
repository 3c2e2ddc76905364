/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes for people. */
#ifndef REPORT_HEXDUMP_H
#define REPORT_HEXDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
char *hexdump_end(const struct hexdump *dump, size_t *text_len)
	__attribute__((nonnull(1, 2)));

#endif
