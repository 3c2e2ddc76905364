/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nothing that a terminal obeys gets into what is printed, whatever documents and names come from outside. */
#include <limits.h>
#include <stdint.h>
#include <unistd.h>

#include "cmd/map.h"
#include "commands.h"
#include "json/document.h"
#include "json/progress.h"
#include "json/template.h"
#include "json/text.h"
#include "lib/text.h"
#include "tests/unit/check.h"

#define ROUNDS 1000
#define NAME_SIZE 120

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % below;
}

/* Stands beside text_is_control(), so that the one is no measure of itself. */
static const uint32_t controls[] = {
	0x01, 0x07, 0x08, 0x09, 0x0a, 0x0d, 0x1b, 0x1f, 0x7f, 0x80, 0x85, 0x90, 0x9b, 0x9d, 0x9f,
	0x61c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069,
};

static bool is_listed(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x61c ||
	       character == 0x200e || character == 0x200f ||
	       (character >= 0x202a && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

static char *put_character(char *to, uint32_t character)
{
	if (character < 0x80) {
		*to++ = (char)character;
	} else if (character < 0x800) {
		*to++ = (char)(0xc0 | character >> 6);
		*to++ = (char)(0x80 | (character & 0x3f));
	} else {
		*to++ = (char)(0xe0 | character >> 12);
		*to++ = (char)(0x80 | (character >> 6 & 0x3f));
		*to++ = (char)(0x80 | (character & 0x3f));
	}
	return to;
}

/* A name with letters, marks of shells and templates, control characters, and, with @wild, bytes that are not UTF-8. */
static void make_name(char name[NAME_SIZE], bool wild)
{
	static const char marks[] = "az09-_./:'\"\\$()`;&|<> {}[]%*=";
	uint32_t n = draw(24);
	char *to = name;

	for (uint32_t i = 0; i < n; i++)
		switch (draw(wild ? 4 : 3)) {
		case 0:
			to = put_character(to, controls[draw(ARRAY_SIZE(controls))]);
			break;
		case 1:
			to = put_character(to, 0xa1 + draw(0x1000));
			break;
		case 2:
			*to++ = marks[draw(sizeof(marks) - 1)];
			break;
		default:
			*to++ = (char)(0x80 + draw(0x80));
		}
	*to = '\0';
}

static json_t *make_value(unsigned int depth)
{
	char name[NAME_SIZE];
	json_t *value;

	switch (draw(depth ? 5 : 3)) {
	case 0:
		return json_integer(draw(1000));
	case 3:
		value = json_array();
		for (uint32_t n = draw(4); n; n--)
			json_array_append_new(value, make_value(depth - 1));
		return value;
	case 4:
		value = json_object();
		for (uint32_t n = draw(4); n; n--) {
			make_name(name, false);
			json_object_set_new(value, name, make_value(depth - 1));
		}
		return value;
	default:
		make_name(name, true);
		return document_string(name);
	}
}

/* The keys that templates ask for, too, so that what they make of a value is seen. */
static json_t *make_document(void)
{
	static const char *const keys[] = { "device", "devices", "name", "kind", "driver", "reasons",
					    "pairs", "facts", "source", "target", "warnings", "users",
					    "processes", "message", "command", "state", "file",
					    "files", "schema", "error", "checks", "records", "tool" };
	json_t *document = make_value(3);

	if (!json_is_object(document)) {
		json_decref(document);
		document = json_object();
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (draw(2))
			json_object_set_new(document, keys[i], make_value(3));
	return document;
}

/* struct capture - stderr, or a stream of its own, until its text is taken */
struct capture {
	FILE *file;
	int saved;
};

static struct capture capture_begin(void)
{
	struct capture capture = { .file = tmpfile(), .saved = dup(STDERR_FILENO) };

	fflush(stderr);
	dup2(fileno(capture.file), STDERR_FILENO);
	return capture;
}

static char *capture_end(struct capture *capture)
{
	static char text[1 << 20];
	size_t len;

	fflush(stderr);
	dup2(capture->saved, STDERR_FILENO);
	close(capture->saved);
	rewind(capture->file);
	len = fread(text, 1, sizeof(text) - 1, capture->file);
	fclose(capture->file);
	text[len] = '\0';
	CHECK_INT(strlen(text), len);
	return text;
}

/* All of it is UTF-8 without control characters, but the newline. */
static bool is_clean(const char *text)
{
	uint32_t character;
	size_t len;

	for (; (len = text_char(text, &character)); text += len)
		if (is_listed(character) && character != '\n')
			return false;
	return !*text;
}

static void check_document(const json_t *document)
{
	for (int compact = 0; compact < 2; compact++) {
		struct capture capture = capture_begin();
		const char *text;
		json_t *again;

		CHECK_INT(document_print(document, stderr, compact), 0);
		text = capture_end(&capture);
		CHECK(is_clean(text));
		again = json_loads(text, 0, NULL);
		CHECK(json_equal(again, (json_t *)document));
		json_decref(again);
	}
}

static void documents_have_no_control_characters_and_lose_none(void)
{
	for (seed = 0; seed < ROUNDS && !check_failures; seed++) {
		uint64_t number = seed;
		json_t *document = make_document();

		check_document(document);
		json_decref(document);
		seed = number;
	}
}

static void check_text(const json_t *document, const struct text_part *parts)
{
	struct capture capture = capture_begin();

	CHECK_INT(document_print_text(document, stderr, parts), 0);
	CHECK(is_clean(capture_end(&capture)));
}

static void texts_have_no_control_characters(void)
{
	for (seed = 0; seed < ROUNDS && !check_failures; seed++) {
		uint64_t number = seed;
		json_t *document = make_document();

		check_text(document, NULL);
		for (const struct command *const *c = commands; *c; c++)
			if ((*c)->text && (number + (uint64_t)(c - commands)) % 7 == 0)
				check_text(document, (*c)->text);
		json_decref(document);
		seed = number;
	}
}

static void words_on_stderr_have_no_control_characters(void)
{
	for (seed = 0; seed < ROUNDS && !check_failures; seed++) {
		char message[NAME_SIZE], hint[NAME_SIZE], device[NAME_SIZE];
		struct err err = ERR_INIT;
		struct capture capture = capture_begin();
		uint64_t number = seed;

		make_name(message, true);
		make_name(hint, true);
		make_name(device, true);
		err_set(&err, ERR_NOT_BOUND, 0, "%s", message);
		if (number % 2)
			err_hint(&err, "%s", hint);
		err_device(&err, device);
		print_error(&err);
		print_warning(message);
		CHECK(is_clean(capture_end(&capture)));
		seed = number;
	}
}

/* Its own carriage return and the end of its line aside. */
static void progress_has_no_control_characters_of_others(void)
{
	for (seed = 0; seed < ROUNDS && !check_failures; seed++) {
		char device[NAME_SIZE], *text, *end;
		struct progress sample = { .device = device, .phase = "load", .bytes = 1, .last = true };
		struct progress_view view = { .text = seed % 2, .json = !(seed % 2) };
		struct capture capture = capture_begin();
		uint64_t number = seed;

		make_name(device, true);
		progress_show(&sample, &view);
		text = capture_end(&capture);
		end = strstr(text, "\033[K");
		CHECK(!view.text || (*text == '\r' && end && !end[3]));
		if (view.text && end)
			*end = '\0';
		CHECK(is_clean(text + view.text));
		seed = number;
	}
}

static void maps_have_no_control_characters(void)
{
	static struct map_cell cells[4];
	const struct map_style style = { .width = 80 };

	for (seed = 0; seed < ROUNDS && !check_failures; seed++) {
		uint64_t number = seed;
		char title[NAME_SIZE], *text;
		struct map map = { .title = title, .bytes = 4, .cell_bytes = 1, .cells = cells, .n_cells = 4 };
		size_t len;

		make_name(title, true);
		text = map_text(&map, &style, &len);
		CHECK(text && is_clean(text));
		free(text);
		seed = number;
	}
}

/* What a shell makes of a word is tried in tests/bats/host/names.bats. */
static void words_of_hints_have_no_control_characters(void)
{
	for (seed = 0; seed < ROUNDS && !check_failures; seed++) {
		uint64_t number = seed;
		char name[NAME_SIZE], buf[OPERAND_SIZE];

		make_name(name, number % 2);
		CHECK(is_clean(text_shell_word(buf, name, "NAME")));
		CHECK(!strchr(text_shell_word(buf, name, "NAME"), '\n'));
		CHECK(*text_shell_word(buf, name, "NAME") != '-');
		CHECK(is_clean(text_operand(buf, name)));
		CHECK(!strchr(text_operand(buf, name), '\n'));
		seed = number;
	}
}

static void every_control_character_is_known(void)
{
	for (uint32_t character = 0; character < 0x3000; character++)
		CHECK_INT(text_is_control(character), is_listed(character));
	CHECK(!text_is_control(UINT32_MAX));
}

static void characters_are_read_as_utf8_has_them(void)
{
	static const struct { const char *text; size_t len; uint32_t character; } rows[] = {
		{ "", 0, 0 }, { "a", 1, 'a' }, { "\xc2\x9b", 2, 0x9b }, { "\xe2\x80\xae", 3, 0x202e },
		{ "\xf0\x9f\x98\x80", 4, 0x1f600 }, { "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
		/* none: a tail alone, cut, overlong, a surrogate, beyond Unicode */
		{ "\x80", 0, 0 }, { "\xc2", 0, 0 }, { "\xe2\x80", 0, 0 }, { "\xc0\x9b", 0, 0 },
		{ "\xc1\xbf", 0, 0 }, { "\xe0\x82\x9b", 0, 0 }, { "\xf0\x80\x82\x9b", 0, 0 },
		{ "\xed\xa0\x80", 0, 0 }, { "\xf4\x90\x80\x80", 0, 0 }, { "\xf8\x88\x80\x80\x80", 0, 0 },
		{ "\xff", 0, 0 },
	};
	uint32_t character;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_INT(text_char(rows[i].text, &character), rows[i].len);
		if (rows[i].len)
			CHECK_INT(character, rows[i].character);
	}
}

int main(void)
{
	CASE(characters_are_read_as_utf8_has_them);
	CASE(every_control_character_is_known);
	CASE(documents_have_no_control_characters_and_lose_none);
	CASE(texts_have_no_control_characters);
	CASE(words_on_stderr_have_no_control_characters);
	CASE(progress_has_no_control_characters_of_others);
	CASE(maps_have_no_control_characters);
	CASE(words_of_hints_have_no_control_characters);
	return CHECK_DONE();
}
