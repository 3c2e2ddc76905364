/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/transfer.h"

#include <string.h>
#include <unistd.h>

#include "cmd/device.h"
#include "cmd/documents.h"
#include "host/devlink.h"
#include "image/members.h"
#include "image/writer.h"
#include "json/document.h"
#include "lib/text.h"

#define ZSTD_LEVEL 3 /* zstd's own default */

const char *const transfer_text_phases[] = {
	"phase=@", "bytes", "members", "duration=duration_ns|time",
	"rate=bytes,duration_ns|rate", NULL
};

const char *const transfer_text_rounds[] = {
	"initial=initial_bytes", "dirty=dirty_bytes", "bytes",
	"duration=duration_ns|time", "rate=bytes,duration_ns|rate", NULL
};

const struct text_part transfer_text_device[] = {
	TEXT_LINE("device", "{device}[, borrowed from {lender.name} (pid {lender.pid})][, {access?opened=opened, and so reset, for this}]"),
	{}
};

const struct text_part transfer_text_stream[] = {
	TEXT_LINE("file", "{file} ({format}[, {compressed?yes=compressed}][, {file_bytes|size}])"),
	TEXT_LINE("stream", "{bytes|size}[, {records.count} records][, {records.complete?no=incomplete}]"),
	TEXT_LINE("digest", "{xxh3_128}"),
	TEXT_LINE("verified", "{verify_ns|time}, before the device was touched"),
	TEXT_LINE("checked with", "{checked_with}"),
	TEXT_LINE("took", "{duration_ns|time}"),
	TEXT_LINE("pre-copy", "{precopy.duration_ns|time}[, until {precopy.ended_by?dirty=little was left;rounds=the rounds were used up;time=the time was}], {precopy.dirty_bytes_left|size} dirty then"),
	TEXT_LINE("stopped", "{stopped_ns|time}" TEXT_STOPPED_PARTS("stopped")),
	TEXT_LINE("state", "{state}, from {from}"),
	{ .label = "warning", .show = "{}", .each = "warnings" },
	{ .each = "phases", .columns = transfer_text_phases },
	{ .each = "precopy.rounds", .columns = transfer_text_rounds, .some = true },
	{}
};

int then_parse(const char *arg, enum device_state *then, struct err *err)
{
	if (!state_parse(arg, then) &&
	    (*then == STATE_STOP || *then == STATE_RUNNING ||
	     *then == STATE_RUNNING_P2P))
		return 0;
	err_set(err, ERR_USAGE, 0, "--then: a device is not left in %s", arg);
	return err_hint(err, "leave it in STOP, RUNNING or RUNNING_P2P");
}

/* Without its firmware's version a state can still be moved. */
static void ask_firmware(struct device *devices, size_t n, struct transfer_result *results)
{
	struct err err = ERR_INIT;

	if (!devlink_fill(devices, n, &err))
		return;
	for (size_t i = 0; i < n; i++)
		transfer_result_warn(&results[i], "its firmware is unknown: %s", err.message);
}

int transfer_resolve(char **names, size_t n, struct device *devices,
		     struct transfer_result *results, struct err *err)
{
	struct inventory inventory = {};
	int ret = devices_resolve(&inventory, names, n, devices, err);

	for (size_t i = 0; i < n && !ret; i++)
		ret = device_require_vf(&devices[i], err);
	if (!ret)
		ask_firmware(devices, n, results);
	inventory_free(&inventory);
	return ret;
}

static bool looks_like_device(char *name)
{
	struct err untold = ERR_INIT;
	struct device device;
	struct bdf bdf;

	return !bdf_parse(name, &bdf) || !device_resolve(name, &device, &untold);
}

/* PF/vf0 has a slash too, but it is no such folder's file. */
static bool looks_like_file(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *last = slash ? slash + 1 : name;
	struct bdf bdf;

	if (!bdf_parse(name, &bdf))
		return false;
	return !strcmp(name, "-") || !access(name, F_OK) || *name == '/' || strchr(last, '.');
}

int transfer_hint_order(const char *command, char **operands, struct err *err)
{
	char device[OPERAND_SIZE], file[OPERAND_SIZE];

	if (!looks_like_file(operands[0]) || !looks_like_device(operands[1]))
		return -1;
	*err->hint = '\0';
	return err_hint(err, "the device comes first: mlxmigctl %s %s %s",
			command, text_shell_word(device, operands[1], "DEVICE"),
			strcmp(operands[0], "-") ? text_operand(file, operands[0]) : "-");
}

int zstd_parse(const char *arg, int *level, struct err *err)
{
	uint64_t number = ZSTD_LEVEL;

	if (arg && (text_u64(arg, 10, &number) || !number || number > IMAGE_ZSTD_LEVEL_MAX))
		return err_set(err, ERR_USAGE, 0,
			       "--zstd: a level is a number from 1 to %d, not %s",
			       IMAGE_ZSTD_LEVEL_MAX, arg);
	*level = (int)number;
	return 0;
}

json_t *identity_json(const struct identity_fit *fit)
{
	json_t *facts = json_array();

	for (size_t i = 0; i < fit->n_facts; i++) {
		const struct fit_fact *fact = &fit->facts[i];

		json_array_append_new(
			facts, json_pack("{s:s, s:s, s:o, s:o, s:s}",
					 "fact", fact->name,
					 "fit", fit_name(fact->fit),
					 "source", document_text(fact->source),
					 "target", document_text(fact->target),
					 "reason", fact->reason));
	}
	return facts;
}

static void add_file(json_t *object, const struct transfer_result *result)
{
	json_t *file = json_pack("{s:o, s:s, s:b, s:o}",
				 "file", document_string(result->file),
				 "format", result->raw ? "stream" : "image",
				 "compressed", result->compressed,
				 "file_bytes", document_nonzero(result->file_bytes));

	json_object_update_new(object, file);
}

/* null: there was no command */
static void add_checked_with(json_t *object, const struct transfer_result *result)
{
	json_object_set_new(object, "checked_with", document_text(result->checked_with ?: ""));
}

static void add_stream(json_t *object, const struct transfer *transfer)
{
	json_object_set_new(object, "bytes", json_integer((json_int_t)transfer->bytes));
	json_object_set_new(object, "xxh3_128", document_text(transfer->digest));
	json_object_set_new(object, "records", records_json(&transfer->records));
	json_object_set_new(object, "phases", phases_json(transfer->phases, true));
}

static void add_times(json_t *object, const struct transfer *transfer)
{
	json_t *times = json_pack("{s:o, s:I, s:o}",
				  "started_unix_ns", document_nonzero(transfer->started_unix_ns),
				  "duration_ns", (json_int_t)transfer->duration_ns,
				  "stopped_ns", document_nonzero(transfer->stopped_ns));

	json_object_update_new(object, times);
}

static void add_states(json_t *object, const struct transfer *transfer)
{
	json_object_set_new(object, "from", json_string(state_name(transfer->origin)));
	json_object_set_new(object, "state", json_string(state_name(transfer->final)));
	json_object_set_new(object, "arcs", arcs_json(transfer->walk.arcs, transfer->walk.n_arcs));
}

static void add_access(json_t *object, const struct transfer_result *result)
{
	access_json_add(object, result->device, &result->transfer.lender);
}

json_t *transfer_warnings(const struct transfer_result *result)
{
	json_t *warnings = json_array();

	for (size_t i = 0; i < result->n_warnings; i++)
		json_array_append_new(warnings, document_string(result->warnings[i]));
	return warnings;
}

/* Of one that was not reached there is no more to tell than that. */
static json_t *saved_of(const struct transfer_result *result)
{
	json_t *object = json_object();

	if (result->opened)
		add_access(object, result);
	else
		json_object_set_new(object, "device", document_text(result->device));
	json_object_set_new(object, "saved", json_boolean(result->done));
	if (!result->opened)
		return object;
	add_file(object, result);
	add_stream(object, &result->transfer);
	add_times(object, &result->transfer);
	json_object_set_new(object, "precopy", precopy_json(&result->transfer.precopy));
	json_object_set_new(object, "stopped", stopped_json(&result->transfer));
	add_states(object, &result->transfer);
	json_object_set_new(object, "warnings", transfer_warnings(result));
	return object;
}

json_t *save_document(const struct transfer_result *results, size_t n, bool many)
{
	json_t *document, *devices = json_array();
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		any |= results[i].opened;
		json_array_append_new(devices, saved_of(&results[i]));
	}
	if (!any) {
		json_decref(devices);
		return NULL;
	}
	document = document_new("save");
	if (many)
		json_object_set(document, "devices", devices);
	else
		json_object_update(document, json_array_get(devices, 0));
	json_decref(devices);
	return document;
}

json_t *step_file_json(const struct transfer_result *result)
{
	json_t *object = json_object();

	json_object_set_new(object, "does", json_string(result->read ? "load" : "save"));
	json_object_set_new(object, "done", json_boolean(result->done));
	add_file(object, result);
	add_stream(object, &result->transfer);
	json_object_set_new(object, "verify_ns", document_nonzero(result->transfer.verify_ns));
	add_checked_with(object, result);
	json_object_set_new(object, "identity_fit",
			    result->has_fit ? json_string(fit_name(result->fit.worst)) :
				    json_null());
	json_object_set_new(object, "warnings", transfer_warnings(result));
	return object;
}

static const char *contents_of(const struct transfer_result *result)
{
	if (result->transfer.lost)
		return "lost";
	return result->loaded ? "loaded" : "unchanged";
}

/* What was loaded, and whether it fits. */
static void add_loaded(json_t *object, const struct transfer_result *result)
{
	add_file(object, result);
	json_object_set_new(object, "identity",
			    result->has_fit ? identity_json(&result->fit)
					     : json_null());
	json_object_set_new(object, "identity_fit",
			    result->has_fit ? json_string(fit_name(result->fit.worst)) :
				    json_null());
	add_stream(object, &result->transfer);
	json_object_set_new(object, "verify_ns", document_nonzero(result->transfer.verify_ns));
	add_checked_with(object, result);
	add_times(object, &result->transfer);
}

json_t *loaded_json(const struct transfer_result *result)
{
	json_t *object = json_object();

	add_loaded(object, result);
	return object;
}

json_t *load_document(const struct transfer_result *result)
{
	json_t *document;

	if (!result->opened)
		return NULL;
	document = document_new("load");
	add_access(document, result);
	json_object_set_new(document, "contents", json_string(contents_of(result)));
	json_object_set_new(document, "kept", json_boolean(result->transfer.kept));
	add_loaded(document, result);
	add_states(document, &result->transfer);
	json_object_set_new(document, "warnings", transfer_warnings(result));
	return document;
}
