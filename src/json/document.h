/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents of JSON: their beginning, the values in them, errors, and how they are printed. Each function that makes one returns a new reference. */
#ifndef JSON_DOCUMENT_H
#define JSON_DOCUMENT_H

#include <jansson.h>
#include <stdio.h>

#include "lib/err.h"

/** document_new - {"schema": "mlxmigctl.<command>/1"} */
json_t *document_new(const char *command) __attribute__((nonnull(1)));

/** document_string - @text, with U+FFFD for each byte of it that is not UTF-8: what comes from outside must not cost the document */
json_t *document_string(const char *text) __attribute__((nonnull(1)));

/** document_text - document_string(), or null where @text is empty */
json_t *document_text(const char *text);

/** document_fw_error - {"command", "opcode", "op_mod", "status", "status_name", "syndrome", "errno", "time_unix_ns", "number"}, or null where none failed */
json_t *document_fw_error(const struct fw_error *failure) __attribute__((nonnull(1)));

/** document_number - an integer, or null where it is negative */
json_t *document_number(long long value);

/** document_u64 - an integer, or a real number where JSON's integers end: what a damaged header claims */
json_t *document_u64(uint64_t value);

/** document_nonzero - an integer, or null where it is 0 */
json_t *document_nonzero(uint64_t value);

/** document_hex16 - four hexadecimal digits, as text */
json_t *document_hex16(uint16_t value);

/** document_tristate - true, false or null */
json_t *document_tristate(int tri);

/**
 * document_error - {"schema": "mlxmigctl.error/1", "error": {…}}
 * @result: what a failed command has to tell all the same, or NULL; taken over
 */
json_t *document_error(const struct err *err, json_t *result) __attribute__((nonnull(1)));

/** document_print - the document and a newline, with every control character (text_is_control()) escaped; 0 or -errno */
int document_print(const json_t *document, FILE *out, bool compact) __attribute__((nonnull(1, 2)));

/** print_warning - "mlxmigctl: warning: words", to stderr */
void print_warning(const char *words) __attribute__((nonnull(1)));

/** print_error - "mlxmigctl: message" and the hint, to stderr */
void print_error(const struct err *err) __attribute__((nonnull(1)));

#endif
