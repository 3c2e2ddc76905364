/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int text_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len >= 0 && (size_t)len < size ? 0 : -ENAMETOOLONG;
}

void text_copy(char *dst, size_t size, const char *src)
{
	size_t len = strnlen(src, size - 1);

	memcpy(dst, src, len);
	dst[len] = '\0';
}

int text_u64(const char *text, int base, uint64_t *value)
{
	char *end;

	/* strtoull() takes blanks and signs, which are no part of a number here. */
	if (!isxdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, base);
	return errno || end == text || *end ? -EINVAL : 0;
}

int text_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	bool hex = text[0] == '0' && toupper((unsigned char)text[1]) == 'X';
	const char *unit;
	unsigned int shift;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*bytes = strtoull(text, &end, hex ? 16 : 10);
	if (errno)
		return -EINVAL;
	if (!*end)
		return 0;
	unit = strchr(units, toupper((unsigned char)*end));
	if (!unit || end[1])
		return -EINVAL;
	shift = 10 * (unsigned int)(unit - units + 1);
	if (*bytes > UINT64_MAX >> shift)
		return -EINVAL;
	*bytes <<= shift;
	return 0;
}

const char *text_starts(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) ? NULL : text + len;
}

/* The rest of a character whose first byte has been read; 0: it is cut, or is longer than need be. */
static size_t read_tail(const unsigned char *text, size_t len, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	for (size_t i = 1; i < len; i++) {
		if (text[i] >> 6 != 2)
			return 0;
		*character = *character << 6 | (text[i] & 0x3f);
	}
	if (*character < least[len] || *character > 0x10ffff ||
	    (*character >= 0xd800 && *character < 0xe000))
		return 0;
	return len;
}

size_t text_char(const char *text, uint32_t *character)
{
	const unsigned char *bytes = (const unsigned char *)text;

	*character = *bytes;
	if (*bytes < 0x80)
		return *bytes ? 1 : 0;
	if (*bytes < 0xc0 || *bytes >= 0xf8)
		return 0;
	for (size_t len = 2; len <= 4; len++) {
		*character = *bytes & (0xffu >> (len + 1));
		if (!(*bytes & (0x80u >> len)))
			return read_tail(bytes, len, character);
	}
	return 0;
}

bool text_is_control(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} controls[] = { { 0, 0x1f },	      { 0x7f, 0x9f },	  { 0x61c, 0x61c },
			 { 0x200e, 0x200f },  { 0x202a, 0x202e }, { 0x2066, 0x2069 } };

	for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
		if (character >= controls[i].first && character <= controls[i].last)
			return true;
	return false;
}

static bool is_plain(unsigned char c)
{
	return c < 0x80 && (isalnum(c) || strchr("_./-+:,=@%", c));
}

/* May it be shown at all, and does each shell take it in quotes? */
static bool can_quote(const char *name)
{
	uint32_t character;
	size_t len;

	for (; (len = text_char(name, &character)); name += len)
		if (text_is_control(character) || character == '\\')
			return false;
	return !*name;
}

/* Within quotes a quote ends them, stands by itself, and begins them again. false: it does not fit. */
static bool quote(char buf[OPERAND_SIZE], const char *lead, const char *name)
{
	static const char escaped[] = "'\\''";
	size_t len = (size_t)snprintf(buf, OPERAND_SIZE, "'%s", lead);

	for (; *name; name++) {
		bool is_quote = *name == '\'';
		size_t n = is_quote ? strlen(escaped) : 1;

		if (len + n + 2 > OPERAND_SIZE)
			return false;
		memcpy(buf + len, is_quote ? escaped : name, n);
		len += n;
	}
	memcpy(buf + len, "'", 2);
	return true;
}

/* false: a placeholder is needed. A "=" at the beginning is zsh's path of a command. */
static bool make_word(char buf[OPERAND_SIZE], const char *lead, const char *name)
{
	const char *p = name;

	if (!can_quote(name))
		return false;
	while (*p && is_plain((unsigned char)*p))
		p++;
	if (*p || !*name || *name == '=')
		return quote(buf, lead, name);
	return !text_format(buf, OPERAND_SIZE, "%s%s", lead, name);
}

const char *text_shell_word(char buf[OPERAND_SIZE], const char *name, const char *placeholder)
{
	return *name && *name != '-' && make_word(buf, "", name) ? buf : placeholder;
}

const char *text_operand(char buf[OPERAND_SIZE], const char *path)
{
	return make_word(buf, *path == '-' ? "./" : "", path) ? buf : "FILE";
}

bool text_is_name(const char *text)
{
	if (!strcmp(text, ".") || !strcmp(text, "..") || !*text)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("_.-:", *text))
			return false;
	return true;
}
