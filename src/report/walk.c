/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/walk.h"

#include "json/document.h"
#include "report/transfer.h"

#define WARN_UNDONE                                                           \
	"the device was free: what was done to it ended when this command "   \
	"closed it (mlxmigctl hold keeps a device open)"
#define WARN_UNHELD                                                           \
	"the device was free, and nobody holds it now (mlxmigctl hold keeps " \
	"a device open): what becomes of its state is its driver's affair"
#define WARN_CLOSED_FD                                                        \
	"the data fd that came with the state was closed: nothing can read "  \
	"or write this session any more (mlxmigctl save and load keep theirs)"

static json_t *state_or_null(bool known, enum device_state state)
{
	return known ? json_string(fsm_state_name(state)) : json_null();
}

void report_access(json_t *object, const char *device,
		   const struct holder *lender)
{
	bool fresh = lender->kind == HOLDER_NONE;

	json_object_set_new(object, "device", report_text(device));
	json_object_set_new(object, "access",
			    json_string(fresh ? "opened" : "borrowed"));
	json_object_set_new(object, "fresh", json_boolean(fresh));
	json_object_set_new(object, "lender", report_holder(lender));
}

static void add_visit(json_t *object, const struct visit *visit)
{
	report_access(object, visit->device, &visit->lender);
	json_object_set_new(object, "driver", report_text(visit->driver));
}

json_t *report_visit_warnings(const struct visit *visit)
{
	json_t *warnings = json_array();

	if (*visit->warning)
		json_array_append_new(warnings, json_string(visit->warning));
	return warnings;
}

json_t *report_visit(const char *command, const struct visit *visit)
{
	json_t *document = report_new(command);

	add_visit(document, visit);
	return document;
}

json_t *report_arcs(const struct arc *arcs, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct arc *arc = &arcs[i];
		uint64_t at = arc->begun_ns - arcs[0].begun_ns;

		json_array_append_new(
			array,
			json_pack("{s:s, s:s, s:I, s:I, s:o}", "from",
				  fsm_state_name(arc->from), "to",
				  fsm_state_name(arc->to), "at_ns",
				  (json_int_t)at, "duration_ns",
				  (json_int_t)arc->duration_ns, "errno",
				  arc->num ? json_integer(arc->num) :
					     json_null()));
	}
	return array;
}

/* Those that it can be asked into, so not ERROR. */
static json_t *states_of(const struct mig_caps *caps)
{
	json_t *states = json_array();

	for (unsigned int i = STATE_STOP; i < STATE_COUNT; i++)
		if (fsm_state_exists(i, caps->flags))
			json_array_append_new(states,
					      json_string(fsm_state_name(i)));
	return states;
}

static json_t *migration_of(const struct caps_result *result)
{
	const struct mig_caps *caps = &result->caps;

	return json_pack("{s:b, s:o, s:I, s:b, s:b, s:b, s:o, s:b, s:b}",
			 "offered", caps->migration,
			 "reason", report_text(result->verdict),
			 "flags", (json_int_t)caps->flags,
			 "stop_copy", !!(caps->flags & MIG_STOP_COPY),
			 "p2p", !!(caps->flags & MIG_P2P),
			 "pre_copy", !!(caps->flags & MIG_PRE_COPY),
			 "states", states_of(caps),
			 "dma_logging", caps->dma_logging,
			 "old_protocol", caps->old_protocol);
}

static json_t *ops_of(unsigned int ops)
{
	json_t *names = json_array();

	if (ops & FEATURE_GET)
		json_array_append_new(names, json_string("get"));
	if (ops & FEATURE_SET)
		json_array_append_new(names, json_string("set"));
	return names;
}

static json_t *features_of(const struct feature_set *set)
{
	json_t *features = json_object();

	for (unsigned int i = 0; i < FEATURE_COUNT; i++)
		json_object_set_new(features, feature_name(i),
				    ops_of(set->ops[i]));
	return features;
}

static json_t *vfio_of(const struct feature_set *set)
{
	json_t *flags = json_array();

	for (unsigned int bit = 0; bit < 32; bit++) {
		const char *name = device_flag_name(bit);

		if (!(set->vfio_flags & (1u << bit)))
			continue;
		json_array_append_new(flags, name ? json_string(name) :
						    json_sprintf("bit%u", bit));
	}
	return json_pack("{s:o, s:b, s:I, s:I}", "flags", flags,
			 "reset", !!(set->vfio_flags & DEVICE_FLAG_RESET),
			 "regions", (json_int_t)set->n_regions,
			 "irqs", (json_int_t)set->n_irqs);
}

static uint64_t rate_of(const struct caps_result *result)
{
	return result->rate ? result->rate : result->measured.save;
}

/* Why there is no estimate, or NULL. */
static const char *no_estimate(const struct caps_result *result)
{
	if (!result->caps.data_size)
		return "the device does not tell how large its state is";
	if (!rate_of(result))
		return "at which rate it can be saved is not known: it has not been saved since it was bound, or its driver does not tell; an earlier save's stopped.bytes_per_second can be given with --rate";
	return NULL;
}

static json_t *rate_or_null(uint64_t rate)
{
	return rate ? json_integer((json_int_t)rate) : json_null();
}

/* What the user says goes before what was measured. */
static const char *rate_from(const struct caps_result *result)
{
	if (result->rate)
		return "option";
	return result->measured.save ? "driver" : NULL;
}

/* Without pre-copy: what MIG_DATA_SIZE tells is the whole. */
static json_t *estimate_of(const struct caps_result *result)
{
	const char *reason = no_estimate(result);
	double ns = reason ? 0 : (double)result->caps.stop_copy_bytes * 1e9 /
				 (double)rate_of(result);

	return json_pack("{s:o, s:o, s:s?, s:s?}",
			 "duration_ns", reason ? json_null() :
				 json_integer(ns < (double)INT64_MAX ?
						      (json_int_t)ns : INT64_MAX),
			 "bytes_per_second", rate_or_null(rate_of(result)),
			 "rate_from", rate_from(result),
			 "reason", reason);
}

json_t *report_caps(const struct caps_result *result)
{
	const struct mig_caps *caps = &result->caps;
	json_t *document = report_visit("caps", &result->visit);

	json_object_set_new(document, "migration", migration_of(result));
	json_object_set_new(document, "state",
			    state_or_null(caps->device_state, caps->state));
	json_object_set_new(document, "stop_copy_bytes",
			    caps->data_size ?
				    json_integer((json_int_t)
							 caps->stop_copy_bytes) :
				    json_null());
	json_object_set_new(document, "stopped_estimate", estimate_of(result));
	json_object_set_new(document, "measured",
			    json_pack("{s:o, s:o}", "save_bytes_per_second",
				      rate_or_null(result->measured.save),
				      "load_bytes_per_second",
				      rate_or_null(result->measured.load)));
	json_object_set_new(document, "features",
			    features_of(&result->features));
	json_object_set_new(document, "vfio", vfio_of(&result->features));
	json_object_set_new(document, "warnings",
			    report_visit_warnings(&result->visit));
	return document;
}

json_t *report_state(const struct visit *visit)
{
	json_t *document = report_visit("state", visit);

	json_object_set_new(document, "state",
			    state_or_null(visit->has_state, visit->state));
	json_object_set_new(document, "firmware_failure",
			    report_firmware(&visit->failure));
	json_object_set_new(document, "warnings",
			    report_visit_warnings(visit));
	return document;
}

/* A VMM goes on from where it has left its device. */
static json_t *warn_elsewhere(const struct step_result *result)
{
	const struct holder *lender = &result->visit.lender;

	if (lender->kind != HOLDER_OTHER ||
	    result->visit.state == result->origin)
		return NULL;
	return json_sprintf("%s (pid %d) knows nothing of this walk: take the device back to %s before its guest goes on",
			    lender->comm, (int)lender->pid,
			    fsm_state_name(result->origin));
}

static json_t *step_files_of(const struct step_result *result)
{
	json_t *files = json_array();

	for (size_t i = 0; i < result->n_files; i++)
		json_array_append_new(files,
				      report_step_file(&result->files[i]));
	return files;
}

json_t *report_step(const struct step_result *result)
{
	json_t *document = report_visit("step", &result->visit);
	json_t *warnings = report_visit_warnings(&result->visit);

	json_object_set_new(document, "from",
			    state_or_null(true, result->origin));
	json_object_set_new(document, "state",
			    state_or_null(true, result->visit.state));
	json_object_set_new(document, "arcs", report_arcs(result->walk.arcs, result->walk.n_arcs));
	json_object_set_new(document, "files", step_files_of(result));
	json_object_set_new(document, "lost", json_boolean(result->lost));
	json_object_set_new(document, "kept",
			    json_boolean(visit_is_borrowed(&result->visit)));
	if (!visit_is_borrowed(&result->visit))
		json_array_append_new(warnings,
				      json_string(result->visit.resets ?
							  WARN_UNDONE :
							  WARN_UNHELD));
	if (result->closed_fd)
		json_array_append_new(warnings, json_string(WARN_CLOSED_FD));
	/* Nothing is appended where it is NULL. */
	json_array_append_new(warnings, warn_elsewhere(result));
	json_object_set_new(document, "warnings", warnings);
	return document;
}

json_t *report_reset(const struct reset_result *result)
{
	const struct visit *visit = &result->visit;
	json_t *document = report_visit("reset", visit);

	json_object_set_new(document, "from",
			    state_or_null(visit->has_state, result->before));
	json_object_set_new(document, "state",
			    state_or_null(visit->has_state, visit->state));
	json_object_set_new(document, "duration_ns",
			    json_integer((json_int_t)result->duration_ns));
	json_object_set_new(document, "warnings",
			    report_visit_warnings(visit));
	return document;
}

static json_t *held_warnings(const struct held_device *held)
{
	json_t *warnings = held->loaded ? report_warnings(held->loaded) :
					  report_visit_warnings(&held->visit);

	if (held->closed_fd)
		json_array_append_new(warnings, json_string(WARN_CLOSED_FD));
	return warnings;
}

static json_t *held_of(const struct held_device *held)
{
	const struct visit *visit = &held->visit;
	const struct walk *walk = held->loaded ? &held->loaded->transfer.walk :
						 &held->walk;
	json_t *device = json_object();

	add_visit(device, visit);
	json_object_set_new(device, "state",
			    state_or_null(visit->has_state, visit->state));
	json_object_set_new(device, "arcs",
			    report_arcs(walk->arcs, walk->n_arcs));
	json_object_set_new(device, "loaded",
			    held->loaded ? report_loaded(held->loaded) :
					   json_null());
	json_object_set_new(device, "warnings", held_warnings(held));
	return device;
}

json_t *report_hold(const struct hold_result *result)
{
	json_t *document = report_new("hold");
	json_t *devices = json_array();

	for (size_t i = 0; i < result->n; i++)
		json_array_append_new(devices, held_of(&result->devices[i]));
	json_object_set_new(document, "pid", json_integer(result->pid));
	json_object_set_new(document, "devices", devices);
	return document;
}
