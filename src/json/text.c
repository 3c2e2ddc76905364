/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A document for people: made from the JSON and nothing else. */
#include "json/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json/template.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* struct printer - @begun: something was printed, so that a table stands off from it */
struct printer {
	FILE *out;
	bool begun;
};

/* "heading=value", where the "=" is not one of a choice's. */
static const char *column_value(const char *column)
{
	size_t len = strcspn(column, "=?");

	return column[len] == '=' ? column + len + 1 : column;
}

/* In capitals; a value without a heading has the last of its keys. */
static char *heading_of(const char *column)
{
	size_t len = strcspn(column, "=,|?/");
	const char *name = memrchr(column, '.', len);
	char *text;

	name = name ? name + 1 : column;
	text = strndup(name, len - (size_t)(name - column));
	for (char *p = text; p && *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return text;
}

/* A NULL @row is the heading. */
static char *column_text(const struct template_item *row, const char *column)
{
	char *text = row ? template_text(row, column_value(column)) : heading_of(column);

	return text ? text : strdup("-");
}

static void print_row(FILE *out, const struct template_item *row,
		      const char *const *columns, const size_t *widths)
{
	for (size_t c = 0; columns[c]; c++) {
		AUTO_FREE char *text = column_text(row, columns[c]);
		int width = columns[c + 1] ? (int)widths[c] : 0;

		fprintf(out, "%s%-*s", c ? "  " : "", width, text ? text : "");
	}
	fputc('\n', out);
}

static void widen_columns(size_t *widths, const struct template_item *row,
			  const char *const *columns)
{
	for (size_t c = 0; columns[c]; c++) {
		AUTO_FREE char *text = column_text(row, columns[c]);
		size_t len = text ? strlen(text) : 0;

		if (len > widths[c])
			widths[c] = len;
	}
}

static bool has_value(const struct template_item *rows, size_t n_rows, const char *column)
{
	for (size_t r = 0; r < n_rows; r++) {
		AUTO_FREE char *text = template_text(&rows[r], column_value(column));

		if (text)
			return true;
	}
	return false;
}

/* Without those that are left out; the caller's, ended by NULL. */
static const char **columns_with_values(const struct template_item *rows, size_t n_rows,
					const char *const *columns)
{
	size_t n = 0;
	const char **list;

	while (columns[n])
		n++;
	list = calloc(n + 1, sizeof(*list));
	n = 0;
	for (; list && *columns; columns++) {
		bool optional = **columns == '+';

		if (!optional || has_value(rows, n_rows, *columns + 1))
			list[n++] = *columns + optional;
	}
	return list;
}

static void print_table(FILE *out, const struct template_item *rows,
			size_t n_rows, const char *const *all)
{
	AUTO_FREE const char **columns = columns_with_values(rows, n_rows, all);
	size_t n_columns = 0;
	AUTO_FREE size_t *widths = NULL;

	while (columns && columns[n_columns])
		n_columns++;
	widths = calloc(n_columns + 1, sizeof(*widths));
	if (!columns || !widths)
		return;
	widen_columns(widths, NULL, columns);
	for (size_t r = 0; r < n_rows; r++)
		widen_columns(widths, &rows[r], columns);
	print_row(out, NULL, columns, widths);
	for (size_t r = 0; r < n_rows; r++)
		print_row(out, &rows[r], columns, widths);
}

/* The items of an array or object; the caller's, NULL: it has none. */
static struct template_item *items_of(const json_t *json, size_t *n)
{
	size_t size = json_is_object(json) ? json_object_size(json) : json_array_size(json);
	struct template_item *items = size ? calloc(size, sizeof(*items)) : NULL;
	const char *key;
	json_t *value;

	*n = 0;
	if (!items)
		return NULL;
	if (json_is_array(json))
		for (; *n < size; (*n)++)
			items[*n].json = json_array_get(json, *n);
	else
		json_object_foreach((json_t *)json, key, value)
			items[(*n)++] = (struct template_item){ value, key };
	return items;
}

static void stand_off(struct printer *printer)
{
	if (printer->begun)
		fputc('\n', printer->out);
	printer->begun = false;
}

/* Was there one? */
static bool print_line(struct printer *printer, const struct template_item *item,
		       const struct text_part *part)
{
	AUTO_FREE char *text = template_fill(item, part->show);

	if (!text)
		return false;
	fprintf(printer->out, "%s: %s\n", part->label, text);
	printer->begun = true;
	return true;
}

static void print_parts(struct printer *printer, const struct template_item *item,
			const struct text_part *parts);

static void print_items(struct printer *printer, const struct template_item *item,
			const struct text_part *part)
{
	const json_t *json = template_get(item, part->each);
	AUTO_FREE struct template_item *items = NULL;
	size_t n;

	items = items_of(json, &n);
	if (part->columns && json && (n || !part->some)) {
		stand_off(printer);
		print_table(printer->out, items, n, part->columns);
		printer->begun = true;
	}
	for (size_t i = 0; i < n; i++) {
		if (part->label && print_line(printer, &items[i], part) && part->once)
			break;
		if (part->parts) {
			stand_off(printer);
			print_parts(printer, &items[i], part->parts);
		}
	}
}

static void print_parts(struct printer *printer, const struct template_item *item,
			const struct text_part *parts)
{
	for (; parts->label || parts->each || parts->parts; parts++) {
		if (parts->each)
			print_items(printer, item, parts);
		else if (parts->label)
			print_line(printer, item, parts);
		else
			print_parts(printer, item, parts->parts);
	}
}

static bool is_leaf(const json_t *json)
{
	if (json_is_array(json))
		return !json_array_size(json) || is_leaf(json_array_get(json, 0));
	return !json_is_object(json);
}

static void print_pairs(FILE *out, const json_t *object, const char *prefix);

/* Times as words. */
static void print_leaf(FILE *out, const json_t *json, const char *key)
{
	static const struct {
		const char *ending, *value;
	} units[] = { { "_unix_ns", "|date" }, { "_ns", "|time" } };
	struct template_item item = { .json = json };
	size_t len = strlen(key), end;
	AUTO_FREE char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(units) && !text; i++) {
		end = strlen(units[i].ending);
		if (len > end && !strcmp(key + len - end, units[i].ending))
			text = template_text(&item, units[i].value);
		if (text)
			len -= end;
	}
	if (!text)
		text = template_cell(json);
	fprintf(out, "%.*s: %s\n", (int)len, key, text ? text : "-");
}

static void print_pair(FILE *out, const json_t *json, const char *key)
{
	if (is_leaf(json)) {
		print_leaf(out, json, key);
		return;
	}
	if (json_is_object(json)) {
		print_pairs(out, json, key);
		return;
	}
	for (size_t i = 0; i < json_array_size(json); i++) {
		char indexed[288];

		snprintf(indexed, sizeof(indexed), "%s[%zu]", key, i);
		print_pair(out, json_array_get(json, i), indexed);
	}
}

static void print_pairs(FILE *out, const json_t *object, const char *prefix)
{
	const char *key;
	json_t *item;

	json_object_foreach((json_t *)object, key, item) {
		AUTO_FREE char *name = NULL;
		char path[256];

		if (!*prefix && !strcmp(key, "schema"))
			continue;
		name = printable_text(key);
		snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "",
			 name ? name : "?");
		print_pair(out, item, path);
	}
}

int document_print_text(const json_t *document, FILE *out, const struct text_part *parts)
{
	struct printer printer = { .out = out };
	struct template_item item = { .json = document };

	if (parts)
		print_parts(&printer, &item, parts);
	else
		print_pairs(out, document, "");
	return fflush(out) ? -errno : 0;
}
