/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/transfer.h"

#include "report/image.h"
#include "report/report.h"
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
		"{s:I, s:I, s:I}", "started_unix_ns",
		(json_int_t)transfer->started_unix_ns, "duration_ns",
		(json_int_t)transfer->duration_ns, "stopped_ns",
		(json_int_t)transfer->stopped_ns);

	json_object_update_new(object, times);
}

static void add_states(json_t *object, const struct transfer *transfer)
{
	json_object_set_new(object, "from",
			    json_string(fsm_state_name(transfer->origin)));
	json_object_set_new(object, "state",
			    json_string(fsm_state_name(transfer->final)));
	json_object_set_new(object, "arcs", report_arcs(&transfer->walk));
}

static void add_access(json_t *object, const struct outcome *outcome)
{
	bool fresh = outcome->transfer.fresh;

	json_object_set_new(object, "device", report_text(outcome->device));
	json_object_set_new(object, "access",
			    json_string(fresh ? "opened" : "borrowed"));
	json_object_set_new(object, "fresh", json_boolean(fresh));
}

static json_t *warnings_of(const struct outcome *outcome)
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
	add_states(object, &outcome->transfer);
	json_object_set_new(object, "warnings", warnings_of(outcome));
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

static const char *contents_of(const struct outcome *outcome)
{
	if (outcome->transfer.lost)
		return "lost";
	return outcome->loaded ? "loaded" : "unchanged";
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
	add_file(document, outcome);
	json_object_set_new(document, "identity",
			    outcome->has_fit ? report_identity(&outcome->fit)
					     : json_null());
	json_object_set_new(document, "identity_fit",
			    outcome->has_fit ?
				    json_string(fit_name(outcome->fit.verdict)) :
				    json_null());
	add_stream(document, &outcome->transfer);
	json_object_set_new(document, "verify_ns",
			    number_or_null(outcome->transfer.verify_ns));
	add_times(document, &outcome->transfer);
	add_states(document, &outcome->transfer);
	json_object_set_new(document, "warnings", warnings_of(outcome));
	return document;
}
