/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "conform/data.h"
#include "conform/harness.h"
#include "conform/raw_ioctl.h"
#include "lib/cleanup.h"

#define NO_STATE 99 /* beyond all that the kernel has */

static const enum device_state states[] = {
	STATE_RUNNING, STATE_RUNNING_P2P, STATE_STOP, STATE_STOP_COPY,
	STATE_RESUMING, STATE_PRE_COPY, STATE_PRE_COPY_P2P,
};
#define N_STATES (sizeof(states) / sizeof(*states))

/* A state that is to be left for good wants its data before. */
static bool begin_in(struct harness *t, enum device_state from, enum device_state to, int *fd)
{
	bool loads = from == STATE_RESUMING && to != STATE_RESUMING;
	int ret;

	if ((loads && !data_spool(t)) || !harness_enter(t, from, state_has_data(from) ? fd : NULL))
		return false;
	if (!loads)
		return true;
	ret = data_feed(t, *fd, t->spool, t->spool_bytes, 0);
	return harness_want(t, !ret, "on the way to the check: its own state was refused (errno %d)",
			    -ret);
}

/* The last arc of the way alone can give a data fd. */
static bool gives_fd(enum device_state from, const enum device_state *path, int arcs)
{
	return arcs && state_gives_fd(arcs > 1 ? path[arcs - 2] : from, path[arcs - 1]);
}

static void want_state(struct harness *t, enum device_state want)
{
	enum device_state now = harness_state(t);

	harness_want(t, now == want, "it is in %s, not in %s", state_name(now), state_name(want));
}

/* @arcs: on the way, 0: it is there; negative: there is no way */
static void check_set(struct harness *t, enum device_state from, enum device_state to,
		      const enum device_state *path, int arcs)
{
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int new = -1;
	bool wants_fd = arcs > 0 && gives_fd(from, path, arcs);

	if (!begin_in(t, from, to, &fd))
		return;
	harness_want_errno(t, raw_state_set(t->vdev, to, &new), arcs < 0 ? -EINVAL : 0, "SET");
	harness_want(t, (new >= 0) == wants_fd, "data_fd is %d, where %s is due",
		     new, wants_fd ? "a file" : "-1");
	want_state(t, arcs < 0 ? from : to);
}

static void check_pair(struct harness *t, enum device_state from, enum device_state to)
{
	enum device_state path[STATE_PATH_MAX];
	int arcs = state_path(from, to, t->flags, path);
	const char *asks = "the kernel walks there, arc by arc, and the last one alone may give a data fd";

	if (from == to)
		asks = "a SET to where the device is succeeds, changes nothing and gives no data fd";
	else if (arcs < 0)
		asks = "there is no way: EINVAL, and the device stays where it is";
	else if (arcs == 1)
		asks = "an arc of the state machine";
	if (!harness_begin(t, asks, "arc/%s/%s", state_name(from), state_name(to)))
		return;
	check_set(t, from, to, path, arcs);
	harness_end(t);
}

static void check_number(struct harness *t, const char *what, uint32_t number, const char *asks)
{
	AUTO_CLOSE int fd = -1;

	if (!harness_begin(t, asks, "arc/RUNNING/%s", what))
		return;
	if (harness_return(t, STATE_RUNNING)) {
		harness_want_errno(t, raw_state_set(t->vdev, number, &fd), -EINVAL, "SET");
		harness_want(t, fd < 0, "data_fd is %d, where -1 is due", fd);
		want_state(t, STATE_RUNNING);
	}
	harness_end(t);
}

/* With all flags there are none, so that a list has none of these. */
static void check_missing(struct harness *t)
{
	for (size_t i = 0; i < N_STATES; i++)
		if (!harness_has(t, states[i]))
			check_number(t, state_name(states[i]), states[i],
				     "a state that the flags do not cover is EINVAL");
}

void conform_arcs(struct harness *t)
{
	for (size_t i = 0; i < N_STATES; i++)
		for (size_t j = 0; j < N_STATES; j++)
			if (harness_has(t, states[i]) && harness_has(t, states[j]))
				check_pair(t, states[i], states[j]);
	check_missing(t);
	check_number(t, "ERROR", STATE_ERROR, "nobody can ask for ERROR: EINVAL");
	check_number(t, "unknown", NO_STATE, "a state that there is not is EINVAL");
}
