/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/transfer.h"

#include "image/members.h"
#include "json/document.h"
#include "report/walk.h"

static json_t *number_or_null(uint64_t value)
{
	return value ? json_integer((json_int_t)value) : json_null();
}

static void add_file(json_t *object, const struct outcome *outcome)
{
	json_t *file = json_pack(
		"{s:o, s:s, s:b, s:o}", "file",
		report_string(outcome->file), "format",
		outcome->raw ? "stream" : "image", "compressed",
		outcome->compressed, "file_bytes",
		number_or_null(outcome->file_bytes));

	json_object_update_new(object, file);
}

static void add_stream(json_t *object, const struct transfer *transfer)
{
	json_object_set_new(object, "bytes",
			    json_integer((json_int_t)transfer->bytes));
	json_object_set_new(object, "xxh3_128", report_text(transfer->digest));
	json_object_set_new(object, "records",
			    report_records(&transfer->records));
	json_object_set_new(object, "phases",
			    report_phases(transfer->phases, true));
}

static void add_times(json_t *object, const struct transfer *transfer)
{
	json_t *times = json_pack(
		"{s:o, s:I, s:o}", "started_unix_ns",
		number_or_null(transfer->started_unix_ns), "duration_ns",
		(json_int_t)transfer->duration_ns, "stopped_ns",
		number_or_null(transfer->stopped_ns));

	json_object_update_new(object, times);
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

		json_array_append_new(
			rounds,
			json_pack("{s:I, s:I, s:I, s:I}",
				  "initial_bytes",
				  (json_int_t)round->before.initial_bytes,
				  "dirty_bytes",
				  (json_int_t)round->before.dirty_bytes,
				  "bytes", (json_int_t)round->bytes,
				  "duration_ns",
				  (json_int_t)round->duration_ns));
	}
	return rounds;
}

json_t *report_precopy(const struct precopy *precopy)
{
	if (!precopy->begun)
		return json_null();
	return json_pack("{s:s?, s:o, s:I, s:I, s:I, s:o}",
			 "ended_by", precopy_end_name(precopy->end),
			 "limits", limits_of(&precopy->limits),
			 "duration_ns", (json_int_t)precopy->duration_ns,
			 "initial_bytes_left",
			 (json_int_t)precopy->left.initial_bytes,
			 "dirty_bytes_left",
			 (json_int_t)precopy->left.dirty_bytes,
			 "rounds", rounds_of(precopy));
}

static uint64_t per_second(uint64_t bytes, uint64_t ns)
{
	return ns ? (uint64_t)((double)bytes * 1e9 / (double)ns) : 0;
}

json_t *report_stopped(const struct transfer *transfer)
{
	struct stopped stopped;
	uint64_t other;

	if (!transfer_stopped(transfer, &stopped))
		return json_null();
	other = stopped.duration_ns - stopped.arcs_ns - stopped.read_ns;
	return json_pack("{s:I, s:o, s:I, s:I, s:I, s:I, s:I}",
			 "duration_ns", (json_int_t)stopped.duration_ns,
			 "arcs", report_arcs(stopped.arcs, stopped.n_arcs),
			 "arcs_ns", (json_int_t)stopped.arcs_ns,
			 "read_ns", (json_int_t)stopped.read_ns,
			 "other_ns", (json_int_t)other,
			 "bytes", (json_int_t)stopped.bytes,
			 "bytes_per_second",
			 (json_int_t)per_second(stopped.bytes,
						stopped.duration_ns));
}

static void add_states(json_t *object, const struct transfer *transfer)
{
	json_object_set_new(object, "from",
			    json_string(fsm_state_name(transfer->origin)));
	json_object_set_new(object, "state",
			    json_string(fsm_state_name(transfer->final)));
	json_object_set_new(object, "arcs", report_arcs(transfer->walk.arcs,
					transfer->walk.n_arcs));
}

static void add_access(json_t *object, const struct outcome *outcome)
{
	report_access(object, outcome->device, &outcome->transfer.lender);
}

json_t *report_warnings(const struct outcome *outcome)
{
	json_t *warnings = json_array();

	for (size_t i = 0; i < outcome->n_warnings; i++)
		json_array_append_new(warnings,
				      report_string(outcome->warnings[i]));
	return warnings;
}

/* Of one that was not reached there is no more to tell than that. */
static json_t *saved_of(const struct outcome *outcome)
{
	json_t *object = json_object();

	if (outcome->opened)
		add_access(object, outcome);
	else
		json_object_set_new(object, "device",
				    report_text(outcome->device));
	json_object_set_new(object, "saved", json_boolean(outcome->done));
	if (!outcome->opened)
		return object;
	add_file(object, outcome);
	add_stream(object, &outcome->transfer);
	add_times(object, &outcome->transfer);
	json_object_set_new(object, "precopy",
			    report_precopy(&outcome->transfer.precopy));
	json_object_set_new(object, "stopped",
			    report_stopped(&outcome->transfer));
	add_states(object, &outcome->transfer);
	json_object_set_new(object, "warnings", report_warnings(outcome));
	return object;
}

json_t *report_save(const struct outcome *outcomes, size_t n, bool many)
{
	json_t *document, *devices = json_array();
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		any |= outcomes[i].opened;
		json_array_append_new(devices, saved_of(&outcomes[i]));
	}
	if (!any) {
		json_decref(devices);
		return NULL;
	}
	document = report_new("save");
	if (many)
		json_object_set(document, "devices", devices);
	else
		json_object_update(document, json_array_get(devices, 0));
	json_decref(devices);
	return document;
}

json_t *report_step_file(const struct outcome *outcome)
{
	json_t *object = json_object();

	json_object_set_new(object, "does", json_string(outcome->read ? "load" : "save"));
	json_object_set_new(object, "done", json_boolean(outcome->done));
	add_file(object, outcome);
	add_stream(object, &outcome->transfer);
	json_object_set_new(object, "verify_ns",
			    number_or_null(outcome->transfer.verify_ns));
	json_object_set_new(object, "identity_fit",
			    outcome->has_fit ?
				    json_string(fit_name(outcome->fit.verdict)) :
				    json_null());
	json_object_set_new(object, "warnings", report_warnings(outcome));
	return object;
}

static const char *contents_of(const struct outcome *outcome)
{
	if (outcome->transfer.lost)
		return "lost";
	return outcome->loaded ? "loaded" : "unchanged";
}

/* What was loaded, and whether it fits. */
static void add_loaded(json_t *object, const struct outcome *outcome)
{
	add_file(object, outcome);
	json_object_set_new(object, "identity",
			    outcome->has_fit ? report_identity(&outcome->fit)
					     : json_null());
	json_object_set_new(object, "identity_fit",
			    outcome->has_fit ?
				    json_string(fit_name(outcome->fit.verdict)) :
				    json_null());
	add_stream(object, &outcome->transfer);
	json_object_set_new(object, "verify_ns",
			    number_or_null(outcome->transfer.verify_ns));
	add_times(object, &outcome->transfer);
}

json_t *report_loaded(const struct outcome *outcome)
{
	json_t *object = json_object();

	add_loaded(object, outcome);
	return object;
}

json_t *report_load(const struct outcome *outcome)
{
	json_t *document;

	if (!outcome->opened)
		return NULL;
	document = report_new("load");
	add_access(document, outcome);
	json_object_set_new(document, "contents",
			    json_string(contents_of(outcome)));
	json_object_set_new(document, "kept",
			    json_boolean(outcome->transfer.kept));
	add_loaded(document, outcome);
	add_states(document, &outcome->transfer);
	json_object_set_new(document, "warnings", report_warnings(outcome));
	return document;
}
