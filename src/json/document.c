/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json/template.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define SCHEMA_VERSION 1
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

json_t *document_new(const char *command)
{
	return json_pack("{s:o}",
			 "schema", json_sprintf("mlxmigctl.%s/%d", command, SCHEMA_VERSION));
}

/* @text with what is not UTF-8 replaced; the caller's, NULL: no memory. */
static char *mend_utf8(const char *text)
{
	char *copy = malloc(strlen(text) * (sizeof(REPLACEMENT) - 1) + 1);
	char *to = copy;
	uint32_t character;

	while (copy && *text) {
		size_t len = text_char(text, &character);

		to = len ? mempcpy(to, text, len) : stpcpy(to, REPLACEMENT);
		text += len ? len : 1;
	}
	if (copy)
		*to = '\0';
	return copy;
}

json_t *document_string(const char *text)
{
	json_t *string = json_string(text);
	AUTO_FREE char *copy = string ? NULL : mend_utf8(text);

	if (copy)
		string = json_string(copy);
	return string ? string : json_null();
}

json_t *document_text(const char *text)
{
	return text && *text ? document_string(text) : json_null();
}

json_t *document_number(long long value)
{
	return value < 0 ? json_null() : json_integer(value);
}

json_t *document_tristate(int tri)
{
	return tri < 0 ? json_null() : json_boolean(tri);
}

json_t *document_u64(uint64_t value)
{
	return value <= INT64_MAX ? json_integer((json_int_t)value) : json_real((double)value);
}

json_t *document_hex16(uint16_t value)
{
	return json_sprintf("%04x", value);
}

json_t *document_nonzero(uint64_t value)
{
	return value ? json_integer((json_int_t)value) : json_null();
}

json_t *document_fw_error(const struct fw_error *failure)
{
	if (!fw_error_is_set(failure))
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "command", document_text(failure->command),
			 "opcode", json_sprintf("0x%x", failure->opcode),
			 "op_mod", json_sprintf("0x%x", failure->op_mod),
			 "status", json_sprintf("0x%x", failure->status),
			 "status_name", document_text(failure->status_name),
			 "syndrome", json_sprintf("0x%x", failure->syndrome),
			 "errno", document_nonzero((uint64_t)failure->num),
			 "time_unix_ns", document_nonzero(failure->time_unix_ns),
			 "number", document_nonzero(failure->number));
}

/* @num is of one of two kinds, and each has a key of its own. */
static json_t *number_or_null(bool meant, int num)
{
	return meant && num ? json_integer(num) : json_null();
}

json_t *document_error(const struct err *err, json_t *result)
{
	json_t *document = document_new("error");
	char hint[ERR_HINT_SIZE];
	bool signalled = err->code == ERR_INTERRUPTED;

	json_object_set_new(document, "error",
			    json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
				      "code", err_name(err->code),
				      "message", document_text(err->message),
				      "hint", document_text(err_hint_of(err, hint)),
				      "errno", number_or_null(!signalled, err->num),
				      "signal", number_or_null(signalled, err->num),
				      "device", document_text(err->device),
				      "firmware_failure", document_fw_error(&err->firmware)));
	if (result)
		json_object_set_new(document, "result", result);
	return document;
}

/*
 * jansson escapes no control character beyond U+001F. Its pieces end with whole
 * characters, and outside of strings its only one is the newline.
 */
static int print_piece(const char *piece, size_t size, void *data)
{
	FILE *out = data;
	const char *end = piece + size, *done = piece;

	while (piece < end) {
		uint32_t character = (unsigned char)*piece;
		size_t len = character < 0x80 ? 1 : text_char(piece, &character);

		piece += len ? len : 1;
		if (!len || character == '\n' || !text_is_control(character))
			continue;
		fwrite(done, 1, (size_t)(piece - done) - len, out);
		fprintf(out, "\\u%04x", character);
		done = piece;
	}
	fwrite(done, 1, (size_t)(end - done), out);
	return ferror(out) ? -1 : 0;
}

int document_print(const json_t *document, FILE *out, bool compact)
{
	size_t flags = compact ? JSON_COMPACT : JSON_INDENT(2);

	/* A decimal number that was rounded shall look like it. */
	flags |= JSON_REAL_PRECISION(15);

	if (json_dump_callback(document, print_piece, out, flags) || fputc('\n', out) == EOF || fflush(out))
		return errno ? -errno : -EIO;
	return 0;
}

/* What a file's name or a foreign image brings must not reach the terminal as it is. */
static void print_words(const char *words)
{
	AUTO_FREE char *text = printable_text(words);

	fputs(text ? text : "(no memory)", stderr);
}

void print_warning(const char *words)
{
	fputs("mlxmigctl: warning: ", stderr);
	print_words(words);
	fputc('\n', stderr);
}

void print_error(const struct err *err)
{
	char buf[ERR_HINT_SIZE];
	const char *hint = err_hint_of(err, buf);
	bool named = strstr(err->message, err->device);

	fputs("mlxmigctl: ", stderr);
	if (!named) {
		print_words(err->device);
		fputs(": ", stderr);
	}
	print_words(err->message);
	fputc('\n', stderr);
	if (*hint) {
		fputs("  hint: ", stderr);
		print_words(hint);
		fputc('\n', stderr);
	}
}
