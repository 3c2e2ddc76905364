/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/transfer.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const end_names[PRECOPY_END_COUNT] = {
	[PRECOPY_DIRTY] = "dirty",
	[PRECOPY_ROUNDS] = "rounds",
	[PRECOPY_TIME] = "time",
};

const char *precopy_end_name(enum precopy_end end)
{
	return (unsigned int)end < PRECOPY_END_COUNT ? end_names[end] : NULL;
}

enum precopy_end precopy_judge(const struct precopy_limits *limits,
			       unsigned int rounds, uint64_t elapsed_ns,
			       const struct precopy_info *left)
{
	if (!left->initial_bytes && left->dirty_bytes <= limits->dirty_bytes)
		return PRECOPY_DIRTY;
	if (rounds >= limits->rounds)
		return PRECOPY_ROUNDS;
	return elapsed_ns >= limits->time_ns ? PRECOPY_TIME : PRECOPY_GOES_ON;
}

/* The arc into STOP_COPY; n_arcs: there was none. */
static size_t find_stop_copy(const struct walk *walk)
{
	for (size_t i = walk->n_arcs; i--;)
		if (walk->arcs[i].to == STATE_STOP_COPY && !walk->arcs[i].num)
			return i;
	return walk->n_arcs;
}

bool transfer_stopped(const struct transfer *transfer, struct stopped *stopped)
{
	const struct arc *arcs = transfer->walk.arcs;
	size_t last = find_stop_copy(&transfer->walk), first = last;

	*stopped = (struct stopped){};
	if (last == transfer->walk.n_arcs || !transfer->read_ended_ns)
		return false;
	while (first && arcs[first].from != STATE_RUNNING &&
	       arcs[first].from != STATE_PRE_COPY)
		first--;
	stopped->arcs = arcs + first;
	stopped->n_arcs = last - first + 1;
	for (size_t i = first; i <= last; i++)
		stopped->arcs_ns += arcs[i].duration_ns;
	stopped->duration_ns = transfer->read_ended_ns - arcs[first].begun_ns;
	stopped->read_ns = transfer->read_ended_ns - transfer->read_begun_ns;
	stopped->bytes = transfer->phases[PHASE_STOP_COPY].bytes;
	return true;
}

void outcome_warn(struct outcome *outcome, const char *fmt, ...)
{
	char *text;
	va_list ap;

	if (outcome->n_warnings == OUTCOME_WARNINGS_MAX)
		return;
	text = outcome->warnings[outcome->n_warnings++];
	va_start(ap, fmt);
	vsnprintf(text, sizeof(outcome->warnings[0]), fmt, ap);
	va_end(ap);
}
