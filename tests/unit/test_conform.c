/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "check.h"
#include "cmd/documents.h"

static void add(struct conform_result *result, const char *name,
		enum conform_outcome outcome, const char *detail)
{
	struct conform_check *check = conform_add(result);

	strcpy(check->name, name);
	strcpy(check->detail, detail);
	check->asks = "it works";
	check->outcome = outcome;
	result->counts[outcome]++;
}

static struct conform_result three_checks(void)
{
	struct conform_result result = { .access.state = STATE_RUNNING };

	strcpy(result.access.device, "0000:3b:00.2");
	add(&result, "data/end", CONFORM_PASS, "");
	add(&result, "data/poll", CONFORM_FAIL, "poll says 0x4");
	add(&result, "reset/ERROR", CONFORM_SKIP, "it is not in ERROR");
	add(&result, "precopy/end", CONFORM_PASS, "a note");
	return result;
}

static void checks_are_tap(void)
{
	struct conform_result result = three_checks();
	char *text = conform_tap(&result);

	CHECK_STR(text, "TAP version 13\n1..4\n"
			"ok 1 - data/end\n"
			"not ok 2 - data/poll\n"
			"  ---\n  asks: \"it works\"\n  seen: \"poll says 0x4\"\n  ...\n"
			"ok 3 - reset/ERROR # SKIP it is not in ERROR\n"
			"ok 4 - precopy/end\n# a note\n");
	free(text);
	conform_free(&result);
}

static void checks_are_a_document(void)
{
	struct conform_result result = three_checks();
	json_t *document = conform_document(&result, false), *check;

	CHECK_INT(json_integer_value(json_object_get(document, "passed")), 2);
	CHECK_INT(json_integer_value(json_object_get(document, "failed")), 1);
	CHECK_INT(json_integer_value(json_object_get(document, "skipped")), 1);
	check = json_array_get(json_object_get(document, "checks"), 1);
	CHECK_STR(json_string_value(json_object_get(check, "result")), "fail");
	CHECK_STR(json_string_value(json_object_get(check, "detail")), "poll says 0x4");
	json_decref(document);
	document = conform_document(&result, true);
	CHECK(!json_object_get(document, "passed"));
	check = json_array_get(json_object_get(document, "checks"), 0);
	CHECK(!json_object_get(check, "result"));
	CHECK_STR(json_string_value(json_object_get(check, "asks")), "it works");
	json_decref(document);
	conform_free(&result);
}

int main(void)
{
	CASE(checks_are_tap);
	CASE(checks_are_a_document);
	return CHECK_DONE();
}
