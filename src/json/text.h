/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents for people: what a command's text is made of. */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * struct text_part - a piece of a text, made from the document
 * @label: a line, "label: " and @show; left out where a value is missing
 * @show: words with values in them, "{state}[, {bytes|size}]". What stands in
 *        square brackets is left out where a value in it is missing
 * @each: path of an array or object: the part is shown for each of its items,
 *        which paths then begin at; NULL: once
 * @columns: a table with @each's items as rows, ended by NULL: each a value
 *           without braces, or "heading=value"; with "+" before it, it is
 *           left out where no row has a value
 * @some: no table without rows
 * @once: of @each's items, the first one that gives a line
 * @parts: the parts of each item, or of the document; ended by {}
 *
 * A value is "PATH", "PATH|FORMAT" or "PATH,PATH|FORMAT", and perhaps
 * "?text=words;text=words;*", which puts words in place of the value's text;
 * "-" there is a value that is null, and * keeps what none of them is. With no
 * word for it the value is missing, as one is that is null.
 *
 * A PATH is keys joined by dots, from the document or the item; empty: the
 * item itself; "@": its key; "one.key/other.key": the first that is not null.
 *
 * Formats: size (of bytes), time (of nanoseconds), date (of nanoseconds since
 * 1970: UTC), rate (of bytes and
 * nanoseconds), count (the items of an array, and a number more), some (a
 * number that is not 0), percent (of a share).
 */
struct text_part {
	const char *label;
	const char *show;
	const char *each;
	const char *const *columns;
	bool some, once;
	const struct text_part *parts;
};

#define TEXT_LINE(label_, show_) { .label = (label_), .show = (show_) }

/**
 * document_print_text - the document as text
 * @parts: ended by {}; NULL: all of it as "key: value" lines; of a key in _ns
 *         or _unix_ns the value is a time or a date, and the unit goes
 *
 * 0 or -errno.
 */
int document_print_text(const json_t *document, FILE *out, const struct text_part *parts)
	__attribute__((nonnull(1, 2)));

#endif
