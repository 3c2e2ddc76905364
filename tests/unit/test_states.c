/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state machine against the kernel's own, row by row: tests/fixtures/fsm.txt. */
#include <errno.h>
#include <stdlib.h>

#include "lib/states.h"
#include "tests/unit/check.h"

#define ROWS 126

static enum device_state state_of(const char *name)
{
	enum device_state state = STATE_COUNT;

	CHECK_INT(state_parse(name, &state), 0);
	return state;
}

/* One row: the path word by word. */
static void check_row(unsigned int flags, enum device_state from, enum device_state to, char *words)
{
	enum device_state path[STATE_PATH_MAX];
	int n = state_path(from, to, flags, path), i = 0;

	if (!strcmp(words, "EINVAL")) {
		CHECK_INT(n, -EINVAL);
		return;
	}
	for (char *word = strtok(words, " \n"); word; word = strtok(NULL, " \n"))
		CHECK(i < n && path[i++] == state_of(word));
	CHECK_INT(n, i);
}

static void every_path_is_the_kernels(void)
{
	char line[256], from[32], to[32], words[128];
	unsigned int flags;
	int rows = 0, at;
	FILE *file = check_fixture("fsm.txt");

	CHECK(file);
	while (file && fgets(line, sizeof(line), file)) {
		if (*line == '#')
			continue;
		CHECK_INT(sscanf(line, "%*s %u %31s %31s %n", &flags, from, to, &at), 3);
		snprintf(words, sizeof(words), "%s", line + at);
		words[strcspn(words, "\n")] = '\0';
		check_row(flags, state_of(from), state_of(to), words);
		rows++;
	}
	CHECK_INT(rows, ROWS);
	if (file)
		fclose(file);
}

/* The arcs that a driver is ever asked for: so many for each set of flags. */
static void arcs_are_as_many_as_the_kernels(void)
{
	static const struct { unsigned int flags; int arcs; } rows[] = {
		{ 1, 6 }, { 3, 8 }, { 5, 9 }, { 7, 15 },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool seen[STATE_COUNT][STATE_COUNT] = { 0 };
		int arcs = 0;

		for (unsigned int from = 0; from < STATE_COUNT; from++) {
			for (unsigned int to = 0; to < STATE_COUNT; to++) {
				enum device_state next;

				if (state_next(from, to, rows[i].flags, &next) || seen[from][next])
					continue;
				seen[from][next] = true;
				arcs++;
			}
		}
		CHECK_INT(arcs, rows[i].arcs);
	}
}

static void error_is_no_place_to_come_from_or_go_to(void)
{
	enum device_state path[STATE_PATH_MAX];

	for (unsigned int s = STATE_STOP; s < STATE_COUNT; s++) {
		CHECK_INT(state_path(STATE_ERROR, s, 7, path), -EINVAL);
		CHECK_INT(state_path(s, STATE_ERROR, 7, path), -EINVAL);
	}
}

static void staying_is_no_arc(void)
{
	enum device_state path[STATE_PATH_MAX];

	for (unsigned int s = STATE_STOP; s < STATE_COUNT; s++)
		CHECK_INT(state_path(s, s, 7, path), 0);
}

static void states_that_the_flags_lack_are_refused(void)
{
	enum device_state path[STATE_PATH_MAX];

	CHECK_INT(state_path(STATE_RUNNING, STATE_RUNNING_P2P, 1, path), -EINVAL);
	CHECK_INT(state_path(STATE_RUNNING, STATE_PRE_COPY, 3, path), -EINVAL);
	CHECK_INT(state_path(STATE_RUNNING, STATE_PRE_COPY_P2P, 5, path), -EINVAL);
	CHECK_INT(state_path(STATE_RUNNING, STATE_STOP, 0, path), -EINVAL);
	CHECK_INT(state_path(STATE_RUNNING, STATE_COUNT, 7, path), -EINVAL);
}

static void a_fd_comes_with_entering_a_session(void)
{
	CHECK(state_gives_fd(STATE_STOP, STATE_STOP_COPY));
	CHECK(state_gives_fd(STATE_STOP, STATE_RESUMING));
	CHECK(state_gives_fd(STATE_RUNNING, STATE_PRE_COPY));
	CHECK(state_gives_fd(STATE_RUNNING_P2P, STATE_PRE_COPY_P2P));
	CHECK(!state_gives_fd(STATE_PRE_COPY, STATE_STOP_COPY));
	CHECK(!state_gives_fd(STATE_PRE_COPY_P2P, STATE_STOP_COPY));
	CHECK(!state_gives_fd(STATE_PRE_COPY, STATE_PRE_COPY_P2P));
	CHECK(!state_gives_fd(STATE_STOP_COPY, STATE_STOP));
	CHECK(!state_gives_fd(STATE_STOP, STATE_RUNNING_P2P));
}

static void names_are_taken_in_any_case(void)
{
	enum device_state state;

	CHECK_INT(state_of("stop_copy"), STATE_STOP_COPY);
	CHECK_INT(state_of("Running_P2P"), STATE_RUNNING_P2P);
	CHECK_INT(state_parse("STOP_COP", &state), -EINVAL);
	CHECK_INT(state_parse("", &state), -EINVAL);
	CHECK_STR(state_name(STATE_PRE_COPY_P2P), "PRE_COPY_P2P");
	CHECK_STR(state_name(STATE_COUNT), "unknown");
}

int main(void)
{
	CASE(every_path_is_the_kernels);
	CASE(arcs_are_as_many_as_the_kernels);
	CASE(error_is_no_place_to_come_from_or_go_to);
	CASE(staying_is_no_arc);
	CASE(states_that_the_flags_lack_are_refused);
	CASE(a_fd_comes_with_entering_a_session);
	CASE(names_are_taken_in_any_case);
	return CHECK_DONE();
}
