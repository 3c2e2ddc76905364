/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents whole, whatever text comes from outside. */
#include <errno.h>
#include <unistd.h>

#include "json/progress.h"
#include "json/document.h"
#include "tests/unit/check.h"
#include "cmd/documents.h"

#define BAD "\xef\xbf\xbd"

static void check_string(const char *text, const char *want)
{
	json_t *string = document_string(text);

	CHECK_STR(json_string_value(string), want);
	json_decref(string);
}

static void bytes_that_are_not_utf8_are_replaced(void)
{
	check_string("vf0", "vf0");
	check_string("", "");
	check_string("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
	check_string("\xff", BAD);
	check_string("a\xff\xfe" "b\xc3\xbc", "a" BAD BAD "b\xc3\xbc");
	/* Cut in the middle, overlong, a surrogate, beyond Unicode. */
	check_string("gr\xc3", "gr" BAD);
	check_string("\xe2\x82", BAD BAD);
	check_string("\xc0\xaf", BAD BAD);
	check_string("\xed\xa0\x80", BAD BAD BAD);
	check_string("\xf4\x90\x80\x80", BAD BAD BAD BAD);
}

static const json_t *error_of(const json_t *document, const char *key)
{
	return json_object_get(json_object_get(document, "error"), key);
}

static void an_error_is_told_whatever_its_texts(void)
{
	struct err err = ERR_INIT;
	json_t *document;

	err_set(&err, ERR_NO_FILE, ENOENT, "%s", "\xff.mig");
	err_hint(&err, "%s", "caf\xc3");
	err_device(&err, "\x80");
	document = document_error(&err, NULL);
	CHECK_STR(json_string_value(error_of(document, "code")), "no_such_file");
	CHECK_STR(json_string_value(error_of(document, "message")),
		  BAD ".mig: No such file or directory");
	CHECK_STR(json_string_value(error_of(document, "hint")), "caf" BAD);
	CHECK_STR(json_string_value(error_of(document, "device")), BAD);
	CHECK_INT(json_integer_value(error_of(document, "errno")), ENOENT);
	CHECK(json_is_null(error_of(document, "signal")));
	json_decref(document);
}

static void a_message_cut_inside_a_character_is_told(void)
{
	struct err err = ERR_INIT;
	char name[600] = "";
	json_t *document;

	/* 511 bytes fit: 255 of these characters, and half of one. */
	for (int i = 0; i < 290; i++)
		memcpy(name + strlen(name), "\xc3\xbc", 3);
	err_set(&err, ERR_IO, 0, "%s", name);
	document = document_error(&err, NULL);
	CHECK_INT(json_string_length(error_of(document, "message")), 510 + strlen(BAD));
	json_decref(document);
}

static void a_signal_is_no_errno(void)
{
	struct err err = ERR_INIT;
	json_t *document;

	err_set(&err, ERR_INTERRUPTED, 15, "ended");
	document = document_error(&err, NULL);
	CHECK(json_is_null(error_of(document, "errno")));
	CHECK_INT(json_integer_value(error_of(document, "signal")), 15);
	json_decref(document);
}

static void a_device_that_was_not_reached_is_told(void)
{
	struct transfer_result results[2] = {
		{ .device = "0000:3b:00.2", .opened = true, .file = "\xff" },
		{ .device = "0000:3b:00.3", .file = "b" },
	};
	json_t *document = save_document(results, 2, true);
	json_t *devices = json_object_get(document, "devices");
	json_t *second = json_array_get(devices, 1);

	CHECK_STR(json_string_value(json_object_get(json_array_get(devices, 0), "file")), BAD);
	CHECK_INT(json_object_size(second), 2);
	CHECK_STR(json_string_value(json_object_get(second, "device")), "0000:3b:00.3");
	CHECK(json_is_false(json_object_get(second, "saved")));
	json_decref(document);
}

/* What is shown of these samples; the caller's to close. */
static FILE *show(const struct progress *samples, size_t n, struct progress_view view)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);

	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	for (size_t i = 0; i < n; i++)
		progress_show(&samples[i], &view);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	return file;
}

/* The bytes of the samples that are shown of these, in one line. */
static void shown_of(const struct progress *samples, size_t n, char *shown)
{
	FILE *file = show(samples, n, (struct progress_view){ .json = true });
	char line[512];

	while (fgets(line, sizeof(line), file)) {
		json_t *sample = json_loads(line, 0, NULL);

		shown += sprintf(shown, "%d ", (int)json_integer_value(
				 json_object_get(sample, "bytes")));
		json_decref(sample);
	}
	fclose(file);
}

#define SAMPLE(count, ms, end)                                               \
	{ .device = "x", .phase = "load", .bytes = count,                    \
	  .elapsed_ns = (ms) * 1000000u, .last = end }

static void the_first_and_the_last_sample_are_shown(void)
{
	static const struct progress samples[] = {
		SAMPLE(1, 10, false), SAMPLE(2, 50, false),
		SAMPLE(3, 110, false), SAMPLE(4, 150, false),
		SAMPLE(5, 160, true),
		/* the next, which begins where the last ended */
		SAMPLE(6, 170, false), SAMPLE(7, 180, true),
		/* and one with less on its clock */
		SAMPLE(8, 1, false), SAMPLE(9, 2, false),
		/* cut short, and another begun */
		SAMPLE(10, 1, true),
	};
	char shown[256] = "";

	shown_of(samples, sizeof(samples) / sizeof(*samples), shown);
	CHECK_STR(shown, "1 3 5 6 7 8 10 ");
}

static json_t *line_of(const struct progress *sample)
{
	FILE *file = show(sample, 1, (struct progress_view){ .json = true });
	json_t *line = json_loadf(file, 0, NULL);

	fclose(file);
	return line;
}

static void a_round_of_pre_copy_tells_what_there_was(void)
{
	struct progress sample = SAMPLE(2097152, 1000, true);
	char text[128] = "";
	json_t *line = line_of(&sample);
	FILE *file;

	CHECK(json_is_null(json_object_get(line, "round")));
	CHECK(json_is_null(json_object_get(line, "dirty_bytes")));
	json_decref(line);
	sample.round = 3;
	sample.dirty_bytes = 77;
	line = line_of(&sample);
	CHECK_INT(json_integer_value(json_object_get(line, "round")), 3);
	CHECK_INT(json_integer_value(json_object_get(line, "dirty_bytes")), 77);
	CHECK(json_is_integer(json_object_get(line, "initial_bytes")));
	json_decref(line);
	file = show(&sample, 1, (struct progress_view){ .text = true });
	CHECK(fgets(text, sizeof(text), file));
	CHECK_STR(text, "\rx load round 3: 2.0 MiB, 2.0 MiB/s\033[K");
	fclose(file);
}

int main(void)
{
	CASE(bytes_that_are_not_utf8_are_replaced);
	CASE(an_error_is_told_whatever_its_texts);
	CASE(a_message_cut_inside_a_character_is_told);
	CASE(a_signal_is_no_errno);
	CASE(a_device_that_was_not_reached_is_told);
	CASE(the_first_and_the_last_sample_are_shown);
	CASE(a_round_of_pre_copy_tells_what_there_was);
	return CHECK_DONE();
}
