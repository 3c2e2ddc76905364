/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a walk decides before and after the device is touched. */
#include "vfio/walk.h"
#include "tests/unit/check.h"

static enum err_code plan(enum device_state from, const enum device_state *targets, size_t n,
			  uint64_t flags)
{
	struct err err = ERR_INIT;
	int ret = walk_plan(from, targets, n, flags, &err);

	CHECK_INT(ret, err_is_set(&err) ? -1 : 0);
	return err.code;
}

static void a_walk_of_several_targets_is_planned(void)
{
	static const enum device_state round[] = { STATE_STOP, STATE_STOP_COPY,
						   STATE_STOP, STATE_RUNNING };

	CHECK_INT(plan(STATE_RUNNING, round, 4, 1), ERR_NONE);
	CHECK_INT(plan(STATE_RUNNING, round, 4, 3), ERR_NONE);
	CHECK_INT(plan(STATE_RESUMING, round, 4, 7), ERR_NONE);
	CHECK_INT(plan(STATE_STOP, round, 0, 7), ERR_NONE);
}

static void a_state_that_the_device_lacks_is_not_supported(void)
{
	static const enum device_state targets[] = { STATE_STOP,
						     STATE_PRE_COPY };

	CHECK_INT(plan(STATE_RUNNING, targets, 2, 3), ERR_UNSUPPORTED);
	CHECK_INT(plan(STATE_RUNNING, targets, 2, 7), ERR_NONE);
}

static void no_way_is_refused_before_the_first_arc(void)
{
	static const enum device_state targets[] = { STATE_STOP_COPY,
						     STATE_PRE_COPY };

	CHECK_INT(plan(STATE_RUNNING, targets, 2, 7), ERR_REFUSED);
	CHECK_INT(plan(STATE_STOP_COPY, targets + 1, 1, 5), ERR_REFUSED);
}

static void nothing_leads_out_of_error(void)
{
	static const enum device_state targets[] = { STATE_RUNNING };

	CHECK_INT(plan(STATE_ERROR, targets, 1, 7), ERR_IN_ERROR);
}

static void nothing_leads_into_error(void)
{
	static const enum device_state targets[] = { STATE_ERROR };

	CHECK_INT(plan(STATE_RUNNING, targets, 1, 7), ERR_USAGE);
}

/* 3 arcs there, 3 back: 32 is the most. */
static void too_long_a_walk_is_a_usage_error(void)
{
	enum device_state targets[12];

	for (unsigned int i = 0; i < 12; i++)
		targets[i] = i % 2 ? STATE_RUNNING : STATE_STOP_COPY;
	CHECK_INT(plan(STATE_RUNNING, targets, 10, 3), ERR_NONE);
	CHECK_INT(plan(STATE_RUNNING, targets, 11, 3), ERR_USAGE);
}

static void a_session_is_the_walks_when_it_entered_it(void)
{
	struct walk walk = { .n_arcs = 2 };

	walk.arcs[0] = (struct arc){ STATE_RUNNING, STATE_STOP, 0, 0, 0 };
	walk.arcs[1] = (struct arc){ STATE_STOP, STATE_STOP_COPY, 0, 0, 0 };
	CHECK(walk_left_session(&walk, STATE_STOP_COPY));
	CHECK(!walk_left_session(&walk, STATE_STOP));
	CHECK(!walk_left_session(&walk, STATE_ERROR));
	walk.arcs[1].num = 5;
	CHECK(!walk_left_session(&walk, STATE_STOP_COPY));
	walk.n_arcs = 1;
	walk.arcs[0] = (struct arc){ STATE_PRE_COPY, STATE_STOP_COPY, 0, 0, 0 };
	CHECK(!walk_left_session(&walk, STATE_STOP_COPY));
}

int main(void)
{
	CASE(a_walk_of_several_targets_is_planned);
	CASE(a_state_that_the_device_lacks_is_not_supported);
	CASE(no_way_is_refused_before_the_first_arc);
	CASE(nothing_leads_out_of_error);
	CASE(nothing_leads_into_error);
	CASE(too_long_a_walk_is_a_usage_error);
	CASE(a_session_is_the_walks_when_it_entered_it);
	return CHECK_DONE();
}
