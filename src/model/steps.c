/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/steps.h"

#include <string.h>

#include "lib/text.h"

#define STATE_TEXT 32

static int no_state(const char *text, struct err *err)
{
	err_set(err, ERR_USAGE, 0, "no such state: %s", text);
	return err_hint(err,
			"the states are STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY and PRE_COPY_P2P");
}

static int parse_one(const char *device, const char *text,
		     struct step_target *step, struct err *err)
{
	const char *equals = strchr(text, '=');
	char name[STATE_TEXT];

	step->file = equals ? equals + 1 : NULL;
	if (text_format(name, sizeof(name), "%.*s",
			(int)(equals ? equals - text : (long)strlen(text)),
			text) ||
	    fsm_state_parse(name, &step->state))
		return no_state(text, err);
	if (step->state == STATE_ERROR) {
		err_set(err, ERR_USAGE, 0, "no device can be asked into ERROR");
		return err_hint(err,
				"a device enters it by itself, and leaves it by mlxmigctl reset %s",
				device);
	}
	if (!step->file)
		return 0;
	if (!*step->file) {
		err_set(err, ERR_USAGE, 0, "%s without a file", text);
		return err_hint(err, "name it: %svf.mig, or %s- for standard %s",
				text, text,
				step->state == STATE_RESUMING ? "input" :
								"output");
	}
	if (fsm_has_data(step->state))
		return 0;
	err_set(err, ERR_USAGE, 0, "%s: no data is saved or loaded in %s",
		text, fsm_state_name(step->state));
	return err_hint(err, "STOP_COPY, PRE_COPY and PRE_COPY_P2P save into a file, RESUMING loads one");
}

static bool saves(const struct step_target *step)
{
	return step->file && step->state != STATE_RESUMING;
}

/* A saving session goes on from PRE_COPY to STOP_COPY, with one file. */
static int check_sessions(const struct step_target *steps, size_t n,
			  struct err *err)
{
	const char *open = NULL;

	for (size_t i = 0; i < n; i++) {
		enum device_state state = steps[i].state;
		bool goes_on = state == STATE_PRE_COPY ||
			       state == STATE_PRE_COPY_P2P ||
			       state == STATE_STOP_COPY;

		if (open && (steps[i].file || !goes_on)) {
			err_set(err, ERR_USAGE, 0,
				"what is saved into %s is not whole before STOP_COPY",
				open);
			return err_hint(err, "as in PRE_COPY=%s STOP_COPY STOP",
					open);
		}
		if (saves(&steps[i]))
			open = steps[i].file;
		if (state == STATE_STOP_COPY)
			open = NULL;
	}
	if (!open)
		return 0;
	err_set(err, ERR_USAGE, 0,
		"what is saved into %s is not whole before STOP_COPY", open);
	return err_hint(err, "as in PRE_COPY=%s STOP_COPY STOP", open);
}

static int check_names(const struct step_target *steps, size_t n,
		       struct err *err)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++) {
			if (!steps[i].file || !steps[j].file ||
			    strcmp(steps[i].file, steps[j].file))
				continue;
			if (saves(&steps[i]) && saves(&steps[j]))
				return err_set(err, ERR_USAGE, 0,
					       "%s is written twice",
					       steps[i].file);
			if (!strcmp(steps[i].file, "-") &&
			    !saves(&steps[i]) && !saves(&steps[j]))
				return err_set(err, ERR_USAGE, 0,
					       "standard input is read twice");
		}
	return 0;
}

int steps_parse(char *const *operands, size_t n, struct step_target *steps,
		struct err *err)
{
	if (n > ARCS_MAX)
		return err_set(err, ERR_USAGE, 0,
			       "%zu states; at most %d at a time", n, ARCS_MAX);
	for (size_t i = 0; i < n; i++)
		if (parse_one(operands[0], operands[i + 1], &steps[i], err))
			return -1;
	return check_sessions(steps, n, err) || check_names(steps, n, err) ?
		       -1 : 0;
}

size_t steps_count_files(const struct step_target *steps, size_t n)
{
	size_t files = 0;

	for (size_t i = 0; i < n; i++)
		files += !!steps[i].file;
	return files;
}

bool steps_write_stdout(const struct step_target *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (saves(&steps[i]) && !strcmp(steps[i].file, "-"))
			return true;
	return false;
}
