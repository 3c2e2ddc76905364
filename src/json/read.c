/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json/read.h"

#include <inttypes.h>
#include <string.h>

#include "lib/text.h"

void json_read_release(json_t **json)
{
	json_decref(*json);
}

json_t *json_read_parse(const char *text, size_t len, struct err *err)
{
	json_error_t error;
	json_t *document = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (json_is_object(document))
		return document;
	if (document)
		err_set(err, ERR_DAMAGED, 0, "it is not a JSON object");
	else
		err_set(err, ERR_DAMAGED, 0, "line %d is not JSON: %s", error.line, error.text);
	json_decref(document);
	return NULL;
}

int json_read_schema(const json_t *document, const char *prefix, int major, struct err *err)
{
	const char *schema = json_string_value(json_object_get(document, "schema"));
	const char *version = schema ? text_starts(schema, prefix) : NULL;
	uint64_t number;

	if (!version || text_u64(version, 10, &number))
		return err_set(err, ERR_DAMAGED, 0, "it is no %s%d document", prefix, major);
	if (number == (uint64_t)major)
		return 0;
	err_set(err, ERR_INCOMPATIBLE, 0,
		"its format, %.*s, is version %" PRIu64 ", and this mlxmigctl reads version %d",
		(int)strcspn(prefix, "/"), prefix, number, major);
	return err_hint(err, "use a mlxmigctl that knows this version");
}

int json_read_bad(const char *key, struct err *err)
{
	return err_set(err, ERR_DAMAGED, 0, "its %s is missing or senseless", key);
}

int json_read_text(const json_t *object, const char *key, char *buf, size_t size, struct err *err)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	uint32_t character;
	size_t len;

	*buf = '\0';
	if (json_is_null(value))
		return 0;
	if (!text || json_string_length(value) >= size)
		return json_read_bad(key, err);
	for (const char *p = text; (len = text_char(p, &character)); p += len)
		if (text_is_control(character))
			return json_read_bad(key, err);
	text_copy(buf, size, text);
	return 0;
}

int json_read_u64(const json_t *object, const char *key, uint64_t *number, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return json_read_bad(key, err);
	*number = (uint64_t)json_integer_value(value);
	return 0;
}

int json_read_hex16(const json_t *object, const char *key, uint16_t *number, struct err *err)
{
	const json_t *value = json_object_get(object, key);
	uint64_t wide;

	if (json_string_length(value) != 4 || text_u64(json_string_value(value), 16, &wide))
		return json_read_bad(key, err);
	*number = (uint16_t)wide;
	return 0;
}
