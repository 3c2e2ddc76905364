/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "migrate/step_files.h"

#define MAX 8

static struct step_target steps[ARCS_MAX];
static struct err err;

/* The walk that these words say; ends with NULL. 0 or -1. */
static int parse(const char *const *words, size_t *n)
{
	char *operands[MAX + 1] = { (char *)"3b:00.2" };

	err = (struct err)ERR_INIT;
	for (*n = 0; words[*n]; (*n)++)
		operands[*n + 1] = (char *)words[*n];
	return steps_parse(operands, *n, steps, &err);
}

#define PARSE(n, ...) parse((const char *const[]){ __VA_ARGS__, NULL }, n)

static void states_have_files_or_none(void)
{
	size_t n;

	CHECK_INT(PARSE(&n, "stop", "Stop_Copy=a=b", "STOP", "resuming=-"), 0);
	CHECK_INT(n, 4);
	CHECK_INT(steps[0].state, STATE_STOP);
	CHECK(!steps[0].file);
	CHECK_INT(steps[1].state, STATE_STOP_COPY);
	CHECK_STR(steps[1].file, "a=b");
	CHECK_STR(steps[3].file, "-");
	CHECK_INT(steps_count_files(steps, n), 2);
	CHECK(!steps_write_stdout(steps, n));
	CHECK_INT(PARSE(&n, "stop_copy=-"), 0);
	CHECK(steps_write_stdout(steps, n));
}

static void a_save_goes_on_to_its_end(void)
{
	size_t n;

	CHECK_INT(PARSE(&n, "pre_copy=a", "pre_copy_p2p", "stop_copy", "stop"), 0);
	CHECK_INT(PARSE(&n, "pre_copy=a", "stop_copy", "stop", "stop_copy=b"), 0);
	CHECK_INT(PARSE(&n, "stop_copy=a", "stop", "resuming=a"), 0);
	CHECK_INT(PARSE(&n, "pre_copy=a", "pre_copy_p2p"), -1);
	CHECK(strstr(err.message, "a is not whole"));
	CHECK_INT(PARSE(&n, "pre_copy=a", "running", "stop_copy"), -1);
	CHECK_INT(PARSE(&n, "pre_copy=a", "stop_copy=b"), -1);
}

static void what_makes_no_sense_is_refused(void)
{
	size_t n;

	CHECK_INT(PARSE(&n, "running=a"), -1);
	CHECK(strstr(err.message, "RUNNING"));
	CHECK_INT(PARSE(&n, "stop_copy="), -1);
	CHECK_INT(PARSE(&n, "stop_copied"), -1);
	CHECK(strstr(err.hint, "PRE_COPY_P2P"));
	CHECK_INT(PARSE(&n, "a_state_with_a_name_beyond_all_measure=a"), -1);
	CHECK_INT(PARSE(&n, "error"), -1);
	CHECK(strstr(err.hint, "reset 3b:00.2"));
	CHECK_INT(PARSE(&n, "stop_copy=a", "stop", "stop_copy=a"), -1);
	CHECK(strstr(err.message, "written twice"));
	CHECK_INT(PARSE(&n, "resuming=-", "stop", "resuming=-"), -1);
	CHECK_INT(err.code, ERR_USAGE);
}

int main(void)
{
	CASE(states_have_files_or_none);
	CASE(a_save_goes_on_to_its_end);
	CASE(what_makes_no_sense_is_refused);
	return CHECK_DONE();
}
