/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json/template.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json/document.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define VALUE_MAX 256 /* the longest that a value's description may be */

/* A file's name or a foreign image may hold what a terminal would obey. */
static void put_string(FILE *out, const char *text)
{
	uint32_t character;
	size_t len;

	for (; *text; text += len) {
		len = text_char(text, &character);
		if (!len || text_is_control(character))
			fputc('?', out);
		else
			fwrite(text, 1, len, out);
		len += !len;
	}
}

static void put_cell(FILE *out, const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_STRING:
		put_string(out, json_string_value(json));
		break;
	case JSON_INTEGER:
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
		break;
	case JSON_REAL:
		fprintf(out, "%g", json_real_value(json));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		fputs(json_is_true(json) ? "yes" : "no", out);
		break;
	case JSON_ARRAY:
		for (size_t i = 0; i < json_array_size(json); i++) {
			if (i)
				fputc(',', out);
			put_cell(out, json_array_get(json, i));
		}
		if (!json_array_size(json))
			fputc('-', out);
		break;
	default:
		fputc('-', out);
	}
}

char *template_cell(const json_t *json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	if (!json || json_is_null(json) || json_is_object(json))
		return NULL;
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	put_cell(out, json);
	fclose(out);
	return text;
}

char *printable_text(const char *words)
{
	json_t *string = document_string(words);
	char *text = template_cell(string);

	json_decref(string);
	return text;
}

/* Of one way, up to the end or the "/" before the next. */
static const json_t *follow_path(const json_t *json, const char *path)
{
	while (json && *path && *path != '/') {
		size_t len = strcspn(path, "./");

		json = json_object_getn(json, path, len);
		path += len + (path[len] == '.');
	}
	return json_is_null(json) ? NULL : json;
}

const json_t *template_get(const struct template_item *item, const char *path)
{
	const json_t *found = follow_path(item->json, path);

	while (!found && (path = strchr(path, '/')))
		found = follow_path(item->json, ++path);
	return found;
}

static char *scale_number(double number, const char *after)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;
	char *text;

	for (number /= 1024; number >= 1024 && unit + 1 < ARRAY_SIZE(units); unit++)
		number /= 1024;
	return asprintf(&text, "%.1f %s%s", number, units[unit], after) < 0 ? NULL : text;
}

static char *format_size(const json_t *bytes, const json_t *unused)
{
	double number = json_number_value(bytes);
	AUTO_FREE char *large = NULL;
	char *text;

	if (!json_is_number(bytes))
		return NULL;
	if (number >= 1024)
		large = scale_number(number, ")");
	return asprintf(&text, "%.0f bytes%s%s", number, large ? " (" : "",
			large ? large : "") < 0 ? NULL : text;
}

static char *format_time(const json_t *ns, const json_t *unused)
{
	double number = json_number_value(ns);
	char *text;
	int ret;

	if (!json_is_number(ns))
		return NULL;
	if (number < 1e6)
		ret = asprintf(&text, "%.1f us", number / 1e3);
	else if (number < 1e9)
		ret = asprintf(&text, "%.1f ms", number / 1e6);
	else
		ret = asprintf(&text, "%.2f s", number / 1e9);
	return ret < 0 ? NULL : text;
}

static char *format_date(const json_t *unix_ns, const json_t *unused)
{
	time_t seconds = (time_t)(json_integer_value(unix_ns) / 1000000000);
	char text[32];
	struct tm tm;

	if (!json_is_integer(unix_ns) || !gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return strdup(text);
}

static char *format_rate(const json_t *bytes, const json_t *ns)
{
	double number = json_number_value(bytes), time = json_number_value(ns);

	return number > 0 && time > 0 ? scale_number(number * 1e9 / time, "/s") : NULL;
}

static char *format_count(const json_t *array, const json_t *more)
{
	double number = (double)json_array_size(array) + json_number_value(more);
	char *text;

	return number < 1 || asprintf(&text, "%.0f", number) < 0 ? NULL : text;
}

static char *format_some(const json_t *number, const json_t *unused)
{
	return json_number_value(number) > 0 ? template_cell(number) : NULL;
}

static char *format_percent(const json_t *share, const json_t *unused)
{
	char *text;

	return !json_is_number(share) ||
	       asprintf(&text, "%.2f%%", json_number_value(share) * 100) < 0 ? NULL : text;
}

static const struct format {
	const char *name;
	char *(*text)(const json_t *first, const json_t *second);
} formats[] = {
	{ "size", format_size },   { "time", format_time },
	{ "rate", format_rate },   { "count", format_count },
	{ "some", format_some },   { "date", format_date },
	{ "percent", format_percent },
};

static char *format_value(const char *name, const json_t *first, const json_t *second)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, name))
			return formats[i].text(first, second);
	return NULL;
}

/* "text=words;text=words;*": the words for @text, which is taken over. */
static char *choose_words(char *text, char *choices)
{
	AUTO_FREE char *own = text;
	char *choice;

	while ((choice = strsep(&choices, ";"))) {
		const char *words = text_starts(choice, own ? own : "-");

		if (words && *words == '=')
			return strdup(words + 1);
		if (own && !strcmp(choice, "*"))
			return strdup(own);
	}
	return NULL;
}

char *template_text(const struct template_item *item, const char *value)
{
	char buf[VALUE_MAX], *choices = buf, *format, *second, *text;
	const char *first;

	text_copy(buf, sizeof(buf), value);
	format = strsep(&choices, "?");
	second = strsep(&format, "|");
	first = strsep(&second, ",");
	if (!strcmp(first, "@"))
		text = item->key ? printable_text(item->key) : NULL;
	else if (format)
		text = format_value(format, template_get(item, first),
				    second ? template_get(item, second) : NULL);
	else
		text = template_cell(template_get(item, first));
	return choices ? choose_words(text, choices) : text;
}

/* One value, up to its closing brace; was there one? */
static bool put_value(FILE *out, const struct template_item *item, const char *value, size_t len)
{
	char spec[VALUE_MAX];
	AUTO_FREE char *text = NULL;

	if (!text_format(spec, sizeof(spec), "%.*s", (int)len, value))
		text = template_text(item, spec);
	if (text)
		fputs(text, out);
	return text;
}

static const char *put_part(FILE *out, const struct template_item *item,
			    const char *show, bool *whole);

/* What stands in brackets, all of it or nothing; returns what follows. */
static const char *put_bracket(FILE *out, const struct template_item *item, const char *show)
{
	AUTO_FREE char *text = NULL;
	bool whole = true;
	size_t size = 0;
	FILE *inner = open_memstream(&text, &size);

	if (!inner)
		return "";
	show = put_part(inner, item, show, &whole);
	fclose(inner);
	if (whole && text)
		fputs(text, out);
	return show + (*show == ']');
}

/* Up to the end or a closing bracket, which is returned. */
static const char *put_part(FILE *out, const struct template_item *item,
			    const char *show, bool *whole)
{
	while (*show && *show != ']') {
		size_t len = strcspn(show, "{[]");

		fwrite(show, 1, len, out);
		show += len;
		if (*show == '[') {
			show = put_bracket(out, item, show + 1);
		} else if (*show == '{') {
			len = strcspn(++show, "}");
			*whole &= put_value(out, item, show, len);
			show += len + (show[len] == '}');
		}
	}
	return show;
}

char *template_fill(const struct template_item *item, const char *show)
{
	char *text = NULL;
	bool whole = true;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put_part(out, item, show, &whole);
	fclose(out);
	if (whole)
		return text;
	free(text);
	return NULL;
}
