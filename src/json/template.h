/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of a document as text: the small language of struct text_part. */
#ifndef JSON_TEMPLATE_H
#define JSON_TEMPLATE_H

#include <jansson.h>

/** struct template_item - where paths begin: a document, or an item of one with its key (NULL: none) */
struct template_item {
	const json_t *json;
	const char *key;
};

/** template_cell - a scalar or an array of scalars; malloc'ed; NULL: it is null, or neither of these */
char *template_cell(const json_t *json);

/** printable_text - foreign words as a terminal may show them: control characters (text_is_control()) become "?"; malloc'ed, NULL: no memory */
char *printable_text(const char *words) __attribute__((nonnull(1)));

/** template_get - what @path, of keys joined by dots, leads to; NULL: nothing, or null */
const json_t *template_get(const struct template_item *item, const char *path)
	__attribute__((nonnull(1, 2)));

/** template_text - of a value as struct text_part tells; malloc'ed, NULL: it is missing */
char *template_text(const struct template_item *item, const char *value)
	__attribute__((nonnull(1, 2)));

/** template_fill - words with values in braces; malloc'ed, NULL: one is missing */
char *template_fill(const struct template_item *item, const char *show)
	__attribute__((nonnull(1, 2)));

#endif
