/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/device.h"
#include "cmd/documents.h"
#include "commands.h"
#include "conform/conform.h"
#include "json/document.h"
#include "json/template.h"
#include "lib/cleanup.h"
#include "lib/interrupt.h"
#include "vfio/migration.h"

static json_t *check_of(const struct conform_check *check, bool listed)
{
	json_t *object = json_pack("{s:s, s:s}", "name", check->name, "asks",
				   check->asks);

	if (listed)
		return object;
	json_object_set_new(object, "result", json_string(conform_outcome_name(check->outcome)));
	json_object_set_new(object, "detail", document_text(check->detail));
	json_object_set_new(object, "duration_ns", json_integer((json_int_t)check->duration_ns));
	return object;
}

static json_t *checks_of(const struct conform_result *result, bool listed)
{
	json_t *checks = json_array();

	for (size_t i = 0; i < result->n; i++)
		json_array_append_new(checks, check_of(&result->checks[i], listed));
	return checks;
}

static json_t *count_json(const struct conform_result *result, enum conform_outcome outcome)
{
	return json_integer((json_int_t)result->counts[outcome]);
}

json_t *conform_document(const struct conform_result *result, bool listed)
{
	json_t *document;

	if (listed) {
		document = document_new("conform");
	} else {
		document = device_access_document("conform", &result->access);
		json_object_set_new(document, "flags", json_integer((json_int_t)result->flags));
		json_object_set_new(document, "state",
				    json_string(state_name(result->access.state)));
		json_object_set_new(document, "duration_ns",
				    json_integer((json_int_t)result->duration_ns));
		json_object_set_new(document, "passed", count_json(result, CONFORM_PASS));
		json_object_set_new(document, "failed", count_json(result, CONFORM_FAIL));
		json_object_set_new(document, "skipped", count_json(result, CONFORM_SKIP));
	}
	json_object_set_new(document, "checks", checks_of(result, listed));
	return document;
}

static void print_check(FILE *out, size_t number, const struct conform_check *check)
{
	bool failed = check->outcome == CONFORM_FAIL;
	AUTO_FREE char *detail = printable_text(check->detail);

	fprintf(out, "%sok %zu - %s", failed ? "not " : "", number, check->name);
	if (check->outcome == CONFORM_SKIP)
		fprintf(out, " # SKIP %s", detail ? detail : "");
	fputc('\n', out);
	if (failed)
		fprintf(out, "  ---\n  asks: \"%s\"\n  seen: \"%s\"\n  ...\n",
			check->asks, detail ? detail : "");
	else if (check->outcome == CONFORM_PASS && detail && *detail)
		fprintf(out, "# %s\n", detail);
}

char *conform_tap(const struct conform_result *result)
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

#define PATTERNS_MAX 64

enum { KEY_CHECK = 0x300, KEY_FORCE, KEY_LIST, KEY_TAP };

struct conform_options {
	const char *patterns[PATTERNS_MAX + 1];
	size_t n_patterns;
	bool force;
	bool list;
	bool tap;
};

static const struct argp_option options[] = {
	{ "check", KEY_CHECK, "PATTERN", 0,
	  "make only the checks whose names are like this (arc/*, data/end); may be repeated", 0 },
	{ "force", KEY_FORCE, NULL, 0,
	  "check a device held by mlxmigctl hold too: the state it has is lost", 0 },
	{ "list", KEY_LIST, NULL, 0, "name the checks, and make none", 0 },
	{ "tap", KEY_TAP, NULL, 0,
	  "print the Test Anything Protocol in place of the document", 0 },
	{}
};

static int add_pattern(struct conform_options *conform, const char *pattern, struct err *err)
{
	if (conform->n_patterns == PATTERNS_MAX)
		return err_set(err, ERR_USAGE, 0, "--check: more than %d", PATTERNS_MAX);
	conform->patterns[conform->n_patterns++] = pattern;
	return 0;
}

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct conform_options *conform = data;

	switch (key) {
	case KEY_CHECK:
		return add_pattern(conform, arg, err);
	case KEY_FORCE:
		conform->force = true;
		return 0;
	case KEY_LIST:
		conform->list = true;
		return 0;
	case KEY_TAP:
		conform->tap = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	const struct conform_options *conform = data;

	if (conform->list && conform->tap)
		return err_set(err, ERR_USAGE, 0, "--list and --tap: a list is no test");
	if (conform->list == !n_operands)
		return 0;
	err_set(err, ERR_USAGE, 0, conform->list ?
		"--list takes no device" : "conform: no DEVICE is named");
	return err_hint(err, "as in mlxmigctl conform 0000:3b:00.2, or mlxmigctl conform --list");
}

static const char *const *patterns_of(const struct conform_options *conform)
{
	return conform->n_patterns ? conform->patterns : NULL;
}

/* What somebody keeps is not lost without a word. */
static int require_ours(const struct device_access *access, bool force, struct err *err)
{
	if (!device_access_is_borrowed(access) || force)
		return 0;
	err_set(err, ERR_BUSY, 0,
		"%s is held by mlxmigctl hold (pid %d), and what it holds would be lost",
		access->device, (int)access->lender.pid);
	err_hint(err, "end it (kill %d, or systemctl stop), or say --force",
		 (int)access->lender.pid);
	return err_device(err, access->device);
}

static int require_checks(const struct conform_result *result, struct err *err)
{
	if (result->n)
		return 0;
	err_set(err, ERR_USAGE, 0, "--check: no check has such a name");
	return err_hint(err, "mlxmigctl conform --list names them");
}

static int list_checks(const struct conform_options *conform, struct conform_result *result,
		       struct reply *reply, struct err *err)
{
	if (conform_list(patterns_of(conform), result, err) || require_checks(result, err))
		return -1;
	reply->document = conform_document(result, true);
	return 0;
}

static int run_checks(const struct request *request, struct conform_result *result, struct err *err)
{
	const struct conform_options *conform = request->options;
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	struct device device;
	struct mig_caps caps;

	if (device_access_begin(request->operands[0], VDEV_OWN, &vdev, &result->access,
				&device, &caps, err) ||
	    mig_require(&device, &caps, err) ||
	    require_ours(&result->access, conform->force, err) ||
	    conform_run(&vdev, caps.flags, patterns_of(conform), result, err))
		return -1;
	return require_checks(result, err);
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct conform_options *conform = request->options;
	int AUTO_INTERRUPT begun = interrupt_begin(err);
	__attribute__((cleanup(conform_free))) struct conform_result result = {};
	int ret;

	if (begun)
		return -1;
	if (conform->list)
		return list_checks(conform, &result, reply, err);
	ret = run_checks(request, &result, err);
	if (!result.n)
		return ret;
	if (!ret && result.counts[CONFORM_FAIL])
		reply->status = err_code_status(ERR_DIFFERENT);
	reply->document = conform_document(&result, false);
	if (ret || !conform->tap)
		return ret;
	reply->output = conform_tap(&result);
	return reply->output ? 0 : err_set(err, ERR_NO_MEMORY, 0, "the text");
}

static const char *const columns[] = { "check=name", "+result", "+time=duration_ns|time",
				       "+seen=detail", NULL };

static const struct text_part text[] = {
	TEXT_LINE("device", "{device}[, borrowed from {lender.name} (pid {lender.pid})]"),
	TEXT_LINE("driver", "{driver}"),
	TEXT_LINE("checks", "{passed} passed, {failed} failed, {skipped} skipped, in {duration_ns|time}"),
	{ .each = "checks", .columns = columns },
	{}
};

const struct command command_conform = {
	.name = "conform",
	.operand_words = "DEVICE\n--list",
	.summary = "check that a device's driver migrates as VFIO wants it",
	.description =
		"Takes DEVICE along every way between the migration states, legal and illegal, "
		"saves and loads it well and badly, resets it in every state, and tells for each "
		"check whether its driver did what include/uapi/linux/vfio.h asks for. Exit status "
		"9: it did not always.\vDEVICE must be free, or held by mlxmigctl hold and --force "
		"given: whatever it holds is lost. It is in RUNNING afterwards.",
	.options = options,
	.operands = { OPERAND_DEVICE },
	.min_operands = 0,
	.max_operands = 1,
	.options_size = sizeof(struct conform_options),
	.handles_state = true,
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
