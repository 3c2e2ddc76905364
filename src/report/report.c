/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/report.h"

#include <errno.h>
#include <string.h>

#define SCHEMA_VERSION 1

json_t *report_new(const char *command)
{
	return json_pack("{s:o}", "schema",
			 json_sprintf("mlxmigctl.%s/%d", command,
				      SCHEMA_VERSION));
}

json_t *report_text(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

json_t *report_number(long long value)
{
	return value < 0 ? json_null() : json_integer(value);
}

json_t *report_tristate(int tri)
{
	return tri < 0 ? json_null() : json_boolean(tri);
}

json_t *report_error(const struct err *err, json_t *result)
{
	json_t *document = report_new("error");

	json_object_set_new(document, "error",
			    json_pack("{s:s, s:o, s:o, s:o, s:o}",
				      "code", err_name(err->code),
				      "message", report_text(err->message),
				      "hint", report_text(err_hint_of(err)),
				      "errno", err->num ? json_integer(err->num)
							: json_null(),
				      "device", report_text(err->device)));
	if (result)
		json_object_set_new(document, "result", result);
	return document;
}

int report_print(const json_t *document, FILE *out, bool compact)
{
	size_t flags = compact ? JSON_COMPACT : JSON_INDENT(2);

	if (json_dumpf(document, out, flags) || fputc('\n', out) == EOF ||
	    fflush(out))
		return errno ? -errno : -EIO;
	return 0;
}

void report_print_error(const struct err *err)
{
	const char *hint = err_hint_of(err);
	bool named = strstr(err->message, err->device);

	fprintf(stderr, "mlxmigctl: %s%s%s\n", named ? "" : err->device,
		named ? "" : ": ", err->message);
	if (*hint)
		fprintf(stderr, "  hint: %s\n", hint);
}
