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

static bool is_plain(unsigned char c)
{
	return isalnum(c) || c >= 0x80 || strchr("_./-+:,=@%", c);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return true;
	return false;
}

/* Within quotes a quote ends them, stands by itself, and begins them again. */
static const char *quote(char buf[OPERAND_SIZE], const char *lead, const char *path)
{
	static const char escaped[] = "'\\''";
	size_t len = (size_t)snprintf(buf, OPERAND_SIZE, "'%s", lead);

	for (; *path; path++) {
		bool is_quote = *path == '\'';
		size_t n = is_quote ? strlen(escaped) : 1;

		if (len + n + 2 > OPERAND_SIZE)
			return "FILE";
		memcpy(buf + len, is_quote ? escaped : path, n);
		len += n;
	}
	memcpy(buf + len, "'", 2);
	return buf;
}

const char *text_operand(char buf[OPERAND_SIZE], const char *path)
{
	const char *lead = *path == '-' ? "./" : "";
	const char *p = path;

	if (has_control(path))
		return "FILE";
	while (*p && is_plain((unsigned char)*p))
		p++;
	if (*p || !*path)
		return quote(buf, lead, path);
	return text_format(buf, OPERAND_SIZE, "%s%s", lead, path) ? "FILE" : buf;
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
