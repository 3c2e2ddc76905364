/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Foreign JSON, value by value. */
#ifndef JSON_READ_H
#define JSON_READ_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

void json_read_release(json_t **json);

#define AUTO_JSON __attribute__((cleanup(json_read_release)))

/** json_read_parse - an object, or NULL with ERR_DAMAGED in @err */
json_t *json_read_parse(const char *text, size_t len, struct err *err)
	__attribute__((nonnull(1, 3)));

/**
 * json_read_schema - is @document of the kind @prefix ("mlxmigctl.image/") and of version @major?
 *
 * ERR_DAMAGED for another kind, ERR_INCOMPATIBLE for another major version;
 * 0 or -1.
 */
int json_read_schema(const json_t *document, const char *prefix, int major,
		     struct err *err) __attribute__((nonnull(2, 4)));

/*
 * Each takes the value of @key in @object: 0, or -1 with ERR_DAMAGED naming
 * the key when it is missing or of another kind.
 */

/** json_read_text - null is an empty text; control characters and what is too long for @buf are refused */
int json_read_text(const json_t *object, const char *key, char *buf, size_t size, struct err *err);

int json_read_u64(const json_t *object, const char *key, uint64_t *number, struct err *err);

/** json_read_hex16 - four hexadecimal digits */
int json_read_hex16(const json_t *object, const char *key, uint16_t *number, struct err *err);

/** json_read_bad - ERR_DAMAGED: @key is missing or senseless; -1 */
int json_read_bad(const char *key, struct err *err);

#endif
