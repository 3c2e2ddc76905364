/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/conform.h"

#include <stdio.h>
#include <stdlib.h>

#include "json/document.h"
#include "report/walk.h"

static json_t *check_of(const struct conform_check *check, bool listed)
{
	json_t *object = json_pack("{s:s, s:s}", "name", check->name, "asks",
				   check->asks);

	if (listed)
		return object;
	json_object_set_new(object, "result",
			    json_string(conform_verdict_name(check->verdict)));
	json_object_set_new(object, "detail", report_text(check->detail));
	json_object_set_new(object, "duration_ns",
			    json_integer((json_int_t)check->duration_ns));
	return object;
}

static json_t *checks_of(const struct conform_result *result, bool listed)
{
	json_t *checks = json_array();

	for (size_t i = 0; i < result->n; i++)
		json_array_append_new(checks,
				      check_of(&result->checks[i], listed));
	return checks;
}

static json_t *count(const struct conform_result *result,
		     enum conform_verdict verdict)
{
	return json_integer((json_int_t)result->counts[verdict]);
}

json_t *report_conform(const struct conform_result *result, bool listed)
{
	json_t *document;

	if (listed) {
		document = report_new("conform");
	} else {
		document = report_visit("conform", &result->visit);
		json_object_set_new(document, "flags",
				    json_integer((json_int_t)result->flags));
		json_object_set_new(document, "state",
				    json_string(fsm_state_name(
					    result->visit.state)));
		json_object_set_new(document, "duration_ns",
				    json_integer((json_int_t)result->duration_ns));
		json_object_set_new(document, "passed",
				    count(result, CONFORM_PASS));
		json_object_set_new(document, "failed",
				    count(result, CONFORM_FAIL));
		json_object_set_new(document, "skipped",
				    count(result, CONFORM_SKIP));
	}
	json_object_set_new(document, "checks", checks_of(result, listed));
	return document;
}

static void print_check(FILE *out, size_t number,
			const struct conform_check *check)
{
	bool failed = check->verdict == CONFORM_FAIL;

	fprintf(out, "%sok %zu - %s", failed ? "not " : "", number,
		check->name);
	if (check->verdict == CONFORM_SKIP)
		fprintf(out, " # SKIP %s", check->detail);
	fputc('\n', out);
	if (failed)
		fprintf(out, "  ---\n  asks: \"%s\"\n  seen: \"%s\"\n  ...\n",
			check->asks, check->detail);
	else if (check->verdict == CONFORM_PASS && *check->detail)
		fprintf(out, "# %s\n", check->detail);
}

char *report_conform_tap(const struct conform_result *result)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "TAP version 13\n1..%zu\n", result->n);
	for (size_t i = 0; i < result->n; i++)
		print_check(out, i + 1, &result->checks[i]);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}
