/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/states.h"

#include <errno.h>
#include <strings.h>

static const struct {
	const char *name;
	uint64_t needs; /* all of these migration flags */
} states[STATE_COUNT] = {
	[STATE_ERROR] = { "ERROR", 0 },
	[STATE_STOP] = { "STOP", MIG_STOP_COPY },
	[STATE_RUNNING] = { "RUNNING", MIG_STOP_COPY },
	[STATE_STOP_COPY] = { "STOP_COPY", MIG_STOP_COPY },
	[STATE_RESUMING] = { "RESUMING", MIG_STOP_COPY },
	[STATE_RUNNING_P2P] = { "RUNNING_P2P", MIG_STOP_COPY | MIG_P2P },
	[STATE_PRE_COPY] = { "PRE_COPY", MIG_STOP_COPY | MIG_PRE_COPY },
	[STATE_PRE_COPY_P2P] = { "PRE_COPY_P2P",
				 MIG_STOP_COPY | MIG_P2P | MIG_PRE_COPY },
};

/*
 * One step on the way, for a device that has every state; 0 (ERROR) where
 * there is no way. A state that a device lacks is stepped through.
 */
#define ROW(stop, running, stop_copy, resuming, p2p, pre, pre_p2p)           \
	{                                                                    \
		[STATE_STOP] = STATE_##stop,                                 \
		[STATE_RUNNING] = STATE_##running,                           \
		[STATE_STOP_COPY] = STATE_##stop_copy,                       \
		[STATE_RESUMING] = STATE_##resuming,                         \
		[STATE_RUNNING_P2P] = STATE_##p2p,                           \
		[STATE_PRE_COPY] = STATE_##pre,                              \
		[STATE_PRE_COPY_P2P] = STATE_##pre_p2p,                      \
	}
static const enum device_state steps[STATE_COUNT][STATE_COUNT] = {
	/* to:                  STOP RUNNING STOP_COPY RESUMING RUNNING_P2P PRE_COPY PRE_COPY_P2P */
	[STATE_STOP] = ROW(STOP, RUNNING_P2P, STOP_COPY, RESUMING, RUNNING_P2P,
			   RUNNING_P2P, RUNNING_P2P),
	[STATE_RUNNING] = ROW(RUNNING_P2P, RUNNING, RUNNING_P2P, RUNNING_P2P,
			      RUNNING_P2P, PRE_COPY, RUNNING_P2P),
	[STATE_STOP_COPY] = ROW(STOP, STOP, STOP_COPY, STOP, STOP, ERROR, ERROR),
	[STATE_RESUMING] = ROW(STOP, STOP, STOP, RESUMING, STOP, STOP, STOP),
	[STATE_RUNNING_P2P] = ROW(STOP, RUNNING, STOP, STOP, RUNNING_P2P, RUNNING, PRE_COPY_P2P),
	[STATE_PRE_COPY] = ROW(RUNNING, RUNNING, PRE_COPY_P2P, RUNNING,
			       RUNNING, PRE_COPY, PRE_COPY_P2P),
	[STATE_PRE_COPY_P2P] = ROW(RUNNING_P2P, RUNNING_P2P, STOP_COPY, RUNNING_P2P, RUNNING_P2P,
				   PRE_COPY, PRE_COPY_P2P),
};

const char *state_name(enum device_state state)
{
	return state < STATE_COUNT ? states[state].name : "unknown";
}

int state_parse(const char *name, enum device_state *state)
{
	for (unsigned int i = 0; i < STATE_COUNT; i++) {
		if (!strcasecmp(name, states[i].name)) {
			*state = i;
			return 0;
		}
	}
	return -EINVAL;
}

bool state_exists(enum device_state state, uint64_t flags)
{
	return state < STATE_COUNT && (states[state].needs & flags) == states[state].needs;
}

int state_next(enum device_state from, enum device_state to, uint64_t flags,
	       enum device_state *next)
{
	if (from == STATE_ERROR || to == STATE_ERROR || from == to ||
	    !state_exists(from, flags) || !state_exists(to, flags))
		return -EINVAL;
	do {
		from = steps[from][to];
		if (from == STATE_ERROR)
			return -EINVAL;
	} while (!state_exists(from, flags));
	*next = from;
	return 0;
}

int state_path(enum device_state from, enum device_state to, uint64_t flags,
	       enum device_state path[STATE_PATH_MAX])
{
	int n;

	for (n = 0; from != to; n++) {
		if (n == STATE_PATH_MAX || state_next(from, to, flags, &from))
			return -EINVAL;
		path[n] = from;
	}
	return n;
}

bool state_has_data(enum device_state state)
{
	return state == STATE_STOP_COPY || state == STATE_RESUMING ||
	       state == STATE_PRE_COPY || state == STATE_PRE_COPY_P2P;
}

bool state_gives_fd(enum device_state from, enum device_state to)
{
	if (to == STATE_RESUMING)
		return from == STATE_STOP;
	if (to == STATE_STOP_COPY)
		return from == STATE_STOP;
	if (to == STATE_PRE_COPY)
		return from == STATE_RUNNING;
	return to == STATE_PRE_COPY_P2P && from == STATE_RUNNING_P2P;
}
