/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/transfer.h"

static const char *const phase_names[PHASE_COUNT] = {
	[PHASE_PRE_COPY] = "pre_copy",
	[PHASE_STOP_COPY] = "stop_copy",
};

const char *phase_name(enum phase phase)
{
	return (unsigned int)phase < PHASE_COUNT ? phase_names[phase]
						 : "unknown";
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
