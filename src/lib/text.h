/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small text helpers that fail instead of cutting. */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/** text_format - snprintf() that fails: 0, or -ENAMETOOLONG when it does not fit */
int text_format(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 3)));

/** text_copy - copies @src whole, or as much as fits; always terminated */
void text_copy(char *dst, size_t size, const char *src) __attribute__((nonnull(1, 3)));

/** text_u64 - the whole of @text as an unsigned number of base @base (0: C's rules); 0 or -EINVAL */
int text_u64(const char *text, int base, uint64_t *value) __attribute__((nonnull(1, 3)));

/** text_size - bytes, decimal or with 0x, with K, M, G or T behind for 2^10, 2^20, 2^30, 2^40; 0 or -EINVAL */
int text_size(const char *text, uint64_t *bytes) __attribute__((nonnull(1, 2)));

/** text_starts - does @text begin with @prefix? The rest of it, or NULL */
const char *text_starts(const char *text, const char *prefix) __attribute__((nonnull(1, 2)));

#define OPERAND_SIZE 128

/**
 * text_operand - @path as a shell takes it for one operand of a command in a hint
 *
 * In quotes where it needs them, with "./" before a "-". Returns @buf, or
 * "FILE" where it does not fit or cannot be shown on a terminal.
 */
const char *text_operand(char buf[OPERAND_SIZE], const char *path) __attribute__((nonnull(1, 2)));

/** text_is_name - a single path component of letters, digits and "_.-:", not "." or ".." */
bool text_is_name(const char *text) __attribute__((nonnull(1)));

#endif
