// SPDX-License-Identifier: GPL-2.0-only
/*
 * The history of a VF: counters, the last failures, the last transfers.
 */
#include <linux/ktime.h>
#include <linux/timekeeping.h>

#include "fw.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

void mvf_notes_init(struct mvf_device *mvf)
{
	spin_lock_init(&mvf->notes.lock);
}

/** mvf_note_cap - record whether the firmware has a capability */
void mvf_note_cap(struct mvf_device *mvf, enum mvf_cap cap, bool has)
{
	struct mvf_notes *notes = &mvf->notes;

	spin_lock(&notes->lock);
	if (has)
		notes->caps |= BIT(cap);
	spin_unlock(&notes->lock);
}

/* All commands, and all answers, begin with the same fields. */
static void mvf_note_failure(struct mvf_notes *notes, int err, void *in,
			     void *out)
{
	u64 arc = notes->arc_begun ? notes->arcs + notes->arcs_failed + 1 : 0;
	struct mvf_fw_failure failure = {
		.number = ++notes->failures,
		.arc = arc,
		.opcode = MLX5_GET(suspend_vhca_in, in, opcode),
		.op_mod = MLX5_GET(suspend_vhca_in, in, op_mod),
		.status = MLX5_GET(suspend_vhca_out, out, status),
		.syndrome = MLX5_GET(suspend_vhca_out, out, syndrome),
		.err = err,
		.when = ktime_get_real_ns(),
	};

	notes->failed[failure.number % MVF_FAILURES_KEPT] = failure;
	if (!arc || arc != notes->cause.arc)
		notes->cause = failure;
}

/**
 * mvf_note_command - record a command and its result
 * @mvf: the VF
 * @err: its result, 0 or a negative errno
 * @in: the command
 * @out: its answer
 * @ns: its duration in nanoseconds
 */
void mvf_note_command(struct mvf_device *mvf, int err, void *in, void *out,
		      u64 ns)
{
	struct mvf_notes *notes = &mvf->notes;

	spin_lock(&notes->lock);
	notes->commands++;
	if (err)
		mvf_note_failure(notes, err, in, out);
	spin_unlock(&notes->lock);
	trace_command(mvf, MLX5_GET(suspend_vhca_in, in, opcode),
		      MLX5_GET(suspend_vhca_in, in, op_mod),
		      MLX5_GET(suspend_vhca_out, out, status),
		      MLX5_GET(suspend_vhca_out, out, syndrome), err, ns);
}

/** mvf_note_arc_begin - record the begin of an arc; state_mutex is held to its end */
void mvf_note_arc_begin(struct mvf_device *mvf, int from, int to)
{
	struct mvf_notes *notes = &mvf->notes;

	spin_lock(&notes->lock);
	notes->arc_from = from;
	notes->arc_to = to;
	notes->arc_begun = ktime_get();
	spin_unlock(&notes->lock);
}

/** mvf_note_arc_end - record the end of the current arc, and its result @err */
void mvf_note_arc_end(struct mvf_device *mvf, int err)
{
	struct mvf_notes *notes = &mvf->notes;
	ktime_t begun;

	spin_lock(&notes->lock);
	begun = notes->arc_begun;
	notes->arc_begun = 0;
	if (err)
		notes->arcs_failed++;
	else
		notes->arcs++;
	spin_unlock(&notes->lock);
	trace_arc(mvf, notes->arc_from, notes->arc_to, err,
		  ktime_sub(ktime_get(), begun));
}

/** mvf_note_reset - record a reset of the function; a spinlock may be held */
void mvf_note_reset(struct mvf_device *mvf)
{
	struct mvf_notes *notes = &mvf->notes;

	spin_lock(&notes->lock);
	notes->resets++;
	spin_unlock(&notes->lock);
}

/** mvf_note_session_begin - record a new session; its images are counted from 0 */
void mvf_note_session_begin(struct mvf_device *mvf, enum mvf_way way)
{
	struct mvf_notes *notes = &mvf->notes;
	struct mvf_session_note *session = &notes->session[way];

	spin_lock(&notes->lock);
	if (way == MVF_WAY_SAVE) {
		notes->part[MVF_PART_PRE_COPY] = (struct mvf_amount){};
		notes->part[MVF_PART_STOP_COPY] = (struct mvf_amount){};
	} else {
		notes->part[MVF_PART_LOAD] = (struct mvf_amount){};
	}
	session->count++;
	session->begun = ktime_get();
	session->ns = 0;
	session->open = true;
	spin_unlock(&notes->lock);
	trace_session_begin(mvf, mvf_way_name(way));
}

/** mvf_note_session_end - record the end of the device's session */
void mvf_note_session_end(struct mvf_device *mvf)
{
	struct mvf_notes *notes = &mvf->notes;
	struct mvf_session_note *session;
	int way;

	spin_lock(&notes->lock);
	for (way = 0; way < MVF_WAYS; way++) {
		session = &notes->session[way];
		if (!session->open)
			continue;
		session->open = false;
		session->ns = ktime_sub(ktime_get(), session->begun);
		trace_session_end(mvf, mvf_way_name(way), session->ns);
	}
	spin_unlock(&notes->lock);
}

/**
 * mvf_note_image - record an image that the firmware has saved or loaded
 * @mvf: the VF
 * @part: which part of the transfer it belongs to
 * @bytes: in the image
 * @ns: duration of the command in nanoseconds
 */
void mvf_note_image(struct mvf_device *mvf, enum mvf_part part, u64 bytes,
		    u64 ns)
{
	struct mvf_notes *notes = &mvf->notes;
	struct mvf_amount *amount = &notes->part[part];

	spin_lock(&notes->lock);
	amount->images++;
	amount->bytes += bytes;
	amount->ns += ns;
	spin_unlock(&notes->lock);
	trace_image(mvf, mvf_part_name(part), bytes, ns);
}
