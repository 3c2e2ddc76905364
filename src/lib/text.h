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

/**
 * text_char - the character of Unicode that @text begins with, in UTF-8
 *
 * Its length in bytes; 0: at the end, or where the bytes are none.
 */
size_t text_char(const char *text, uint32_t *character) __attribute__((nonnull(1, 2)));

/**
 * text_is_control - does a terminal obey this character of Unicode?
 *
 * U+0000 to U+001F, DEL, U+0080 to U+009F, and what changes the direction of
 * writing. All output but data replaces or escapes these.
 */
bool text_is_control(uint32_t character);

#define OPERAND_SIZE 128

/**
 * text_shell_word - @name as every shell takes it for one word of a command in a hint
 * @placeholder: what stands there for a name that is too long, begins with a
 *               "-", has a backslash (which fish takes otherwise than others),
 *               is not UTF-8, or has control characters: "GUEST"
 *
 * For each name that another process, the host or a file has given. Returns
 * @buf or @placeholder.
 */
const char *text_shell_word(char buf[OPERAND_SIZE], const char *name, const char *placeholder)
	__attribute__((nonnull(1, 2, 3)));

/**
 * text_operand - @path as a shell takes it for one operand of a command in a hint
 *
 * As text_shell_word(), with the placeholder "FILE", and with "./" before a "-".
 */
const char *text_operand(char buf[OPERAND_SIZE], const char *path) __attribute__((nonnull(1, 2)));

/** text_is_name - a single path component of letters, digits and "_.-:", not "." or ".." */
bool text_is_name(const char *text) __attribute__((nonnull(1)));

#endif
