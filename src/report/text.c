/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A document for people: made from the JSON and nothing else. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/report.h"

/* A scalar, or an array of scalars, as one cell of text; the caller's. */
static char *cell_text(const json_t *value)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	switch (json_typeof(value)) {
	case JSON_STRING:
		fputs(json_string_value(value), out);
		break;
	case JSON_INTEGER:
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		fprintf(out, "%g", json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		fputs(json_is_true(value) ? "yes" : "no", out);
		break;
	case JSON_ARRAY:
		for (size_t i = 0; i < json_array_size(value); i++) {
			AUTO_FREE char *item = cell_text(json_array_get(value, i));

			fprintf(out, "%s%s", i ? "," : "", item ? item : "");
		}
		if (!json_array_size(value))
			fputc('-', out);
		break;
	default:
		fputc('-', out);
	}
	fclose(out);
	return text;
}

static const json_t *path_get(const json_t *row, const char *path)
{
	while (row && *path) {
		size_t len = strcspn(path, ".");
		char key[64];

		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		row = json_object_get(row, key);
		path += len + (path[len] == '.');
	}
	return row;
}

static char *column_text(const json_t *row, const char *path)
{
	const json_t *value = row ? path_get(row, path) : NULL;
	const char *name = strrchr(path, '.');
	char *text;

	if (row)
		return value ? cell_text(value) : strdup("-");
	text = strdup(name ? name + 1 : path);
	for (char *p = text; p && *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return text;
}

/* A NULL @row is the heading. */
static void print_row(FILE *out, const json_t *row, const char *const *columns,
		      const size_t *widths)
{
	for (size_t c = 0; columns[c]; c++) {
		AUTO_FREE char *text = column_text(row, columns[c]);
		int width = columns[c + 1] ? (int)widths[c] : 0;

		fprintf(out, "%s%-*s", c ? "  " : "", width, text ? text : "");
	}
	fputc('\n', out);
}

static void print_table(FILE *out, const json_t *rows,
			const char *const *columns)
{
	size_t n_rows = json_array_size(rows), n_columns = 0;
	AUTO_FREE size_t *widths = NULL;

	while (columns[n_columns])
		n_columns++;
	widths = calloc(n_columns + 1, sizeof(*widths));
	if (!widths)
		return;
	for (size_t r = 0; r <= n_rows; r++) {
		const json_t *row = r ? json_array_get(rows, r - 1) : NULL;

		for (size_t c = 0; c < n_columns; c++) {
			AUTO_FREE char *text = column_text(row, columns[c]);
			size_t len = text ? strlen(text) : 0;

			if (len > widths[c])
				widths[c] = len;
		}
	}
	print_row(out, NULL, columns, widths);
	for (size_t r = 0; r < n_rows; r++)
		print_row(out, json_array_get(rows, r), columns, widths);
}

static bool is_leaf(const json_t *value)
{
	if (json_is_array(value))
		return !json_array_size(value) ||
		       is_leaf(json_array_get(value, 0));
	return !json_is_object(value);
}

static void print_pairs(FILE *out, const json_t *value, const char *prefix,
			const char *skip);

static void print_pair(FILE *out, const json_t *value, const char *key)
{
	AUTO_FREE char *text = NULL;

	if (is_leaf(value)) {
		text = cell_text(value);
		fprintf(out, "%s: %s\n", key, text ? text : "");
		return;
	}
	if (json_is_object(value)) {
		print_pairs(out, value, key, NULL);
		return;
	}
	for (size_t i = 0; i < json_array_size(value); i++) {
		char indexed[288];

		snprintf(indexed, sizeof(indexed), "%s[%zu]", key, i);
		print_pair(out, json_array_get(value, i), indexed);
	}
}

static void print_pairs(FILE *out, const json_t *value, const char *prefix,
			const char *skip)
{
	const char *key;
	json_t *item;

	json_object_foreach((json_t *)value, key, item) {
		char path[256];

		if (skip && !strcmp(key, skip))
			continue;
		snprintf(path, sizeof(path), "%s%s%s", prefix,
			 *prefix ? "." : "", key);
		print_pair(out, item, path);
	}
}

int report_print_text(const json_t *document, FILE *out, const char *table,
		      const char *const *columns)
{
	const json_t *rows = table ? json_object_get(document, table) : NULL;

	if (rows)
		print_table(out, rows, columns);
	else
		print_pairs(out, document, "", "schema");
	if (rows && json_is_array(json_object_get(document, "warnings")))
		print_pair(out, json_object_get(document, "warnings"),
			   "warnings");
	return fflush(out) ? -errno : 0;
}
