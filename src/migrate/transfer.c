/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/transfer.h"

#include <stdarg.h>
#include <stdio.h>

#include "image/members.h"

static const char *const end_names[PRECOPY_END_COUNT] = {
	[PRECOPY_DIRTY] = "dirty",
	[PRECOPY_ROUNDS] = "rounds",
	[PRECOPY_TIME] = "time",
};

const char *precopy_end_name(enum precopy_end end)
{
	return (unsigned int)end < PRECOPY_END_COUNT ? end_names[end] : NULL;
}

enum precopy_end precopy_judge(const struct precopy_limits *limits, unsigned int rounds,
			       uint64_t elapsed_ns, const struct precopy_info *left)
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
	while (first && arcs[first].from != STATE_RUNNING && arcs[first].from != STATE_PRE_COPY)
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

void transfer_result_warn(struct transfer_result *result, const char *fmt, ...)
{
	char *text;
	va_list ap;

	if (result->n_warnings == TRANSFER_WARNINGS_MAX)
		return;
	text = result->warnings[result->n_warnings++];
	va_start(ap, fmt);
	vsnprintf(text, sizeof(result->warnings[0]), fmt, ap);
	va_end(ap);
}

json_t *arcs_json(const struct arc *arcs, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct arc *arc = &arcs[i];
		uint64_t at = arc->begun_ns - arcs[0].begun_ns;

		json_array_append_new(array, json_pack(
			"{s:s, s:s, s:I, s:I, s:o}",
			"from", state_name(arc->from),
			"to", state_name(arc->to),
			"at_ns", (json_int_t)at,
			"duration_ns", (json_int_t)arc->duration_ns,
			"errno", arc->num ? json_integer(arc->num) : json_null()));
	}
	return array;
}

static json_t *limits_of(const struct precopy_limits *limits)
{
	return json_pack("{s:I, s:I, s:I}",
			 "dirty_bytes", (json_int_t)limits->dirty_bytes,
			 "rounds", (json_int_t)limits->rounds,
			 "time_ns", (json_int_t)limits->time_ns);
}

static json_t *rounds_of(const struct precopy *precopy)
{
	json_t *rounds = json_array();

	for (unsigned int i = 0; i < precopy->n_rounds; i++) {
		const struct precopy_round *round = &precopy->rounds[i];

		json_array_append_new(rounds, json_pack(
			"{s:I, s:I, s:I, s:I}",
			"initial_bytes", (json_int_t)round->before.initial_bytes,
			"dirty_bytes", (json_int_t)round->before.dirty_bytes,
			"bytes", (json_int_t)round->bytes,
			"duration_ns", (json_int_t)round->duration_ns));
	}
	return rounds;
}

json_t *precopy_json(const struct precopy *precopy)
{
	if (!precopy->begun)
		return json_null();
	return json_pack("{s:s?, s:o, s:I, s:I, s:I, s:o}",
			 "ended_by", precopy_end_name(precopy->end),
			 "limits", limits_of(&precopy->limits),
			 "duration_ns", (json_int_t)precopy->duration_ns,
			 "initial_bytes_left", (json_int_t)precopy->left.initial_bytes,
			 "dirty_bytes_left", (json_int_t)precopy->left.dirty_bytes,
			 "rounds", rounds_of(precopy));
}

static uint64_t per_second(uint64_t bytes, uint64_t ns)
{
	return ns ? (uint64_t)((double)bytes * 1e9 / (double)ns) : 0;
}

json_t *stopped_json(const struct transfer *transfer)
{
	struct stopped stopped;
	uint64_t other;

	if (!transfer_stopped(transfer, &stopped))
		return json_null();
	other = stopped.duration_ns - stopped.arcs_ns - stopped.read_ns;
	return json_pack(
		"{s:I, s:o, s:I, s:I, s:I, s:I, s:I}",
		"duration_ns", (json_int_t)stopped.duration_ns,
		"arcs", arcs_json(stopped.arcs, stopped.n_arcs),
		"arcs_ns", (json_int_t)stopped.arcs_ns,
		"read_ns", (json_int_t)stopped.read_ns,
		"other_ns", (json_int_t)other,
		"bytes", (json_int_t)stopped.bytes,
		"bytes_per_second", (json_int_t)per_second(stopped.bytes, stopped.duration_ns));
}

char *manifest_json_make(const struct image_totals *totals, const struct transfer *transfer)
{
	struct phase_total phases[PHASE_COUNT];
	json_t *manifest;

	/* What the writer counted, and how long the reading took. */
	for (unsigned int i = 0; i < PHASE_COUNT; i++) {
		phases[i] = totals->phases[i];
		phases[i].duration_ns = transfer->phases[i].duration_ns;
	}
	manifest = manifest_json_new(totals, phases, &transfer->records);
	json_object_update_new(manifest, json_pack(
		"{s:s, s:b, s:I, s:I, s:I, s:o, s:o, s:o}",
		"from", state_name(transfer->origin),
		"fresh", transfer->lender.kind == HOLDER_NONE,
		"started_unix_ns", (json_int_t)transfer->started_unix_ns,
		"duration_ns", (json_int_t)transfer->duration_ns,
		"stopped_ns", (json_int_t)transfer->stopped_ns,
		"precopy", precopy_json(&transfer->precopy),
		"stopped", stopped_json(transfer),
		"arcs", arcs_json(transfer->walk.arcs, transfer->walk.n_arcs)));
	return member_json_text(manifest);
}
