/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Foreign JSON, value by value. Private to report. */
#ifndef JSON_READ_H
#define JSON_READ_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

void foreign_release(json_t **json);

#define AUTO_JSON __attribute__((cleanup(foreign_release)))

/** foreign_parse - an object, or NULL with ERR_DAMAGED in @err */
json_t *foreign_parse(const char *text, size_t len, struct err *err)
	__attribute__((nonnull(1, 3)));

/**
 * foreign_schema - is @document of the kind @prefix ("mlxmigctl.image/") and of version @major?
 *
 * ERR_DAMAGED for another kind, ERR_INCOMPATIBLE for another major version;
 * 0 or -1.
 */
int foreign_schema(const json_t *document, const char *prefix, int major,
		   struct err *err) __attribute__((nonnull(2, 4)));

/*
 * Each takes the value of @key in @object: 0, or -1 with ERR_DAMAGED naming
 * the key when it is missing or of another kind.
 */

/** foreign_text - null is an empty text; control characters and what is too long for @buf are refused */
int foreign_text(const json_t *object, const char *key, char *buf,
		 size_t size, struct err *err);

int foreign_u64(const json_t *object, const char *key, uint64_t *number,
		struct err *err);

/** foreign_hex16 - four hexadecimal digits */
int foreign_hex16(const json_t *object, const char *key, uint16_t *number,
		  struct err *err);

/** foreign_bad - ERR_DAMAGED: @key is missing or senseless; -1 */
int foreign_bad(const char *key, struct err *err);

#endif
