// SPDX-License-Identifier: GPL-2.0-only
/* The PF's properties: given to -device, and read and set through QOM while the machine runs. */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "cmd.h"
#include "faults.h"

enum { STATE_MAX_GIB = 8, TIMEOUT_MS_MAX = 0xfffff };

#define LAB_PF(obj) container_of(lab_function_of(PCI_DEVICE(obj)), struct lab_pf, fn)

struct number_prop {
	const char *name;
	size_t offset;
	uint64_t min;
	uint64_t max;			/* 0: no limit */
	bool start_only;
	const char *description;
};

#define NUMBER(name, field, min, max, start_only, description) \
	{ name, offsetof(struct lab_pf, field), min, max, start_only, description }

static const struct number_prop numbers[] = {
	NUMBER("num-vfs", num_vfs, 0, LAB_VFS_MAX, false, "VFs that can be created"),
	NUMBER("state-size", state_size, 0, (uint64_t)STATE_MAX_GIB << 30, false, "bytes of a VF's state, from its next reset on"),
	NUMBER("evolve-us", evolve_us, 0, 0, false, "microseconds between two generations, from the next reset on, 0: none"),
	NUMBER("seed", seed, 0, 0, true, "decides all contents; random when 0"),
	NUMBER("cmd-delay-us", cmd_delay_us, 0, 0, false, "every command answers that much later"),
	NUMBER("log-cmd-slots", log_slots, 1, LAB_LOG_SLOTS, false, "log 2 of the PF's commands in flight, read when the driver binds"),
	NUMBER("cmd-timeout-ms", cmd_timeout_ms, 1, TIMEOUT_MS_MAX, false, "when the driver gives a command up, read when it binds"),
	NUMBER("track-ranges", track_ranges, 0, 255, false, "ranges of a page tracker; capabilities are read when mlx5_core binds"),
	NUMBER("track-log-page-min", track_log_page_min, 0, 31, false, "log 2 of its smallest page"),
	NUMBER("track-log-page-max", track_log_page_max, 0, 31, false, "log 2 of its largest page"),
	NUMBER("track-log-message-max", track_log_message_max, 0, 31, false, "log 2 of the bytes of its largest message"),
	NUMBER("track-log-space-max", track_log_space_max, 0, 63, false, "log 2 of the bytes that its ranges may have"),
	NUMBER("track-pages", track_pages, 0, 0, false, "pages that it remembers, 0: any number"),
	NUMBER("report-delay-us", report_delay_us, 0, 0, false, "a report's first message comes that much later"),
	NUMBER("save-bandwidth", save_bandwidth, 0, 0, false, "bytes a second of SAVE, 0: no limit"),
	NUMBER("load-bandwidth", load_bandwidth, 0, 0, false, "bytes a second of LOAD, 0: no limit"),
};

struct bool_prop {
	const char *name;
	size_t offset;
};

static const struct bool_prop bools[] = {
	{ "migration", offsetof(struct lab_pf, migration) },
	{ "migratable", offsetof(struct lab_pf, migratable) },
	{ "hca-cap-2", offsetof(struct lab_pf, hca_cap_2) },
	{ "multi-load", offsetof(struct lab_pf, multi_load) },
	{ "in-chunks", offsetof(struct lab_pf, in_chunks) },
	{ "tracking", offsetof(struct lab_pf, tracking) },
	{ "adv-virtualization", offsetof(struct lab_pf, adv_virtualization) },
	{ "reset-ends-tracker", offsetof(struct lab_pf, reset_ends_tracker) },
};

static void number_get(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	const struct number_prop *prop = opaque;

	visit_type_uint64(v, name, (uint64_t *)((uint8_t *)LAB_PF(obj) + prop->offset), errp);
}

static void number_set(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	const struct number_prop *prop = opaque;
	uint64_t value;

	if (!visit_type_size(v, name, &value, errp))
		return;
	if (prop->start_only && DEVICE(obj)->realized)
		error_setg(errp, "%s can only be set at the start", name);
	else if (prop->max && value > prop->max)
		error_setg(errp, "%s is at most %" PRIu64, name, prop->max);
	else if (value < prop->min)
		error_setg(errp, "%s is at least %" PRIu64, name, prop->min);
	else if (prop->offset == offsetof(struct lab_pf, num_vfs))
		lab_set_total_vfs(LAB_PF(obj), value, errp);
	else
		*(uint64_t *)((uint8_t *)LAB_PF(obj) + prop->offset) = value;
}

static void bool_get(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	const struct bool_prop *prop = opaque;

	visit_type_bool(v, name, (bool *)((uint8_t *)LAB_PF(obj) + prop->offset), errp);
}

static void bool_set(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	const struct bool_prop *prop = opaque;

	visit_type_bool(v, name, (bool *)((uint8_t *)LAB_PF(obj) + prop->offset), errp);
}

static bool fatal_get(Object *obj, Error **errp)
{
	return LAB_PF(obj)->fatal;
}

static void fatal_set(Object *obj, bool value, Error **errp)
{
	if (value)
		lab_firmware_dies(LAB_PF(obj));
	else
		LAB_PF(obj)->fatal = false;
}

static bool parse_version(const char *text, unsigned int *major, unsigned int *minor, unsigned int *sub)
{
	int end = 0;

	return sscanf(text, "%u.%u.%u%n", major, minor, sub, &end) == 3 && !text[end] && *major < 256 && *minor < 256 &&
	       *sub < 65536;
}

/* The three parts of the firmware version; the property's setter has checked it. */
void lab_fw_version(const struct lab_pf *pf, unsigned int *major, unsigned int *minor, unsigned int *sub)
{
	parse_version(pf->fw_version, major, minor, sub);
}

static char *fw_version_get(Object *obj, Error **errp)
{
	return g_strdup(LAB_PF(obj)->fw_version);
}

static void fw_version_set(Object *obj, const char *value, Error **errp)
{
	unsigned int major, minor, sub;

	if (!parse_version(value, &major, &minor, &sub)) {
		error_setg(errp, "fw-version: '%s' is not MAJOR.MINOR.SUB", value);
		return;
	}
	g_free(LAB_PF(obj)->fw_version);
	LAB_PF(obj)->fw_version = g_strdup(value);
}

static char *psid_get(Object *obj, Error **errp)
{
	return g_strdup(LAB_PF(obj)->psid);
}

static void psid_set(Object *obj, const char *value, Error **errp)
{
	if (strlen(value) > 16) {
		error_setg(errp, "psid: at most 16 characters");
		return;
	}
	g_free(LAB_PF(obj)->psid);
	LAB_PF(obj)->psid = g_strdup(value);
}

static char *fault_get(Object *obj, Error **errp)
{
	return g_strdup(LAB_PF(obj)->fault_text);
}

/* Setting it, to the same value too, starts counting anew. */
static void fault_set(Object *obj, const char *value, Error **errp)
{
	struct lab_pf *pf = LAB_PF(obj);
	bool good = lab_faults_parse(value, pf->faults, errp);

	g_free(pf->fault_text);
	pf->fault_text = g_strdup(good ? value : "");
	pf->fault_hits = 0;
}

static void fault_hits_get(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	visit_type_uint64(v, name, &LAB_PF(obj)->fault_hits, errp);
}

static void overlaps_get(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	visit_type_uint64(v, name, &LAB_PF(obj)->overlaps, errp);
}

static void append_line(GString *text, const struct lab_log_line *line)
{
	g_string_append_printf(text, "%" PRIu64 " fn=%u op=0x%x op_mod=0x%x vhca=0x%x status=0x%x syndrome=0x%x\n", line->number,
			       line->function, line->opcode, line->op_mod, line->vhca_id, line->status, line->syndrome);
}

/* The last commands, oldest first, one a line. */
static char *log_get(Object *obj, Error **errp)
{
	struct lab_pf *pf = LAB_PF(obj);
	GString *text = g_string_new(NULL);
	uint64_t first = pf->logged > LAB_LOG_LINES ? pf->logged - LAB_LOG_LINES : 0;

	for (uint64_t i = first; i < pf->logged; i++)
		append_line(text, &pf->log[i % LAB_LOG_LINES]);
	return g_string_free(text, false);
}

static char *last_refusal_get(Object *obj, Error **errp)
{
	GString *text = g_string_new(NULL);

	if (LAB_PF(obj)->last_refusal.status)
		append_line(text, &LAB_PF(obj)->last_refusal);
	return g_string_free(text, false);
}

static char *pending_get(Object *obj, Error **errp)
{
	return lab_cmd_pending(LAB_PF(obj));
}

/* What the PF's driver has made and not destroyed. */
static char *objects_get(Object *obj, Error **errp)
{
	struct lab_function *fn = &LAB_PF(obj)->fn;

	return g_strdup_printf("pds=%u mkeys=%u", g_hash_table_size(fn->pds), g_hash_table_size(fn->mkeys));
}

/* The same of what dirty tracking needs. */
static char *queues_get(Object *obj, Error **errp)
{
	struct lab_function *fn = &LAB_PF(obj)->fn;

	return g_strdup_printf("cqs=%u qps=%u trackers=%u", g_hash_table_size(fn->cqs), g_hash_table_size(fn->qps),
			       g_hash_table_size(fn->trackers));
}

/* What keys name behind what a LOAD or SAVE was given, added up since the start. */
static char *behind_get(Object *obj, Error **errp)
{
	const struct lab_behind *behind = &LAB_PF(obj)->behind;

	return g_strdup_printf("loads=%" PRIu64 " load_bytes=%" PRIu64 " load_nonzero=%" PRIu64 " save_bytes=%" PRIu64,
			       behind->loads, behind->load_bytes, behind->load_nonzero, behind->save_bytes);
}

/* Declares all properties on the PF's class. */
void lab_props_register(ObjectClass *oc)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		object_class_property_add(oc, numbers[i].name, "size", number_get, number_set, NULL, (void *)&numbers[i]);
		object_class_property_set_description(oc, numbers[i].name, numbers[i].description);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bools); i++)
		object_class_property_add(oc, bools[i].name, "bool", bool_get, bool_set, NULL, (void *)&bools[i]);
	object_class_property_add_bool(oc, "fw-fatal", fatal_get, fatal_set);
	object_class_property_add_str(oc, "fw-version", fw_version_get, fw_version_set);
	object_class_property_add_str(oc, "psid", psid_get, psid_set);
	object_class_property_add_str(oc, "fault", fault_get, fault_set);
	object_class_property_add(oc, "fault-hits", "uint64", fault_hits_get, NULL, NULL, NULL);
	object_class_property_add(oc, "overlaps", "uint64", overlaps_get, NULL, NULL, NULL);
	object_class_property_add_str(oc, "pending", pending_get, NULL);
	object_class_property_add_str(oc, "log", log_get, NULL);
	object_class_property_add_str(oc, "last-refusal", last_refusal_get, NULL);
	object_class_property_add_str(oc, "objects", objects_get, NULL);
	object_class_property_add_str(oc, "queues", queues_get, NULL);
	object_class_property_add_str(oc, "behind", behind_get, NULL);
}

/* The values that properties have when nobody sets them. */
void lab_props_init(struct lab_pf *pf)
{
	pf->num_vfs = 64;
	pf->state_size = 4 << 20;
	pf->evolve_us = 10000;
	pf->cmd_timeout_ms = 60000;
	pf->log_slots = LAB_LOG_SLOTS;
	pf->migration = true;
	pf->migratable = true;
	pf->hca_cap_2 = true;
	pf->multi_load = true;
	pf->tracking = true;
	pf->adv_virtualization = true;
	pf->track_ranges = 16;
	pf->track_log_page_min = 12;
	pf->track_log_page_max = 30;
	pf->track_log_message_max = 14;
	pf->track_log_space_max = 46;
	pf->report_delay_us = 100;
	pf->fw_version = g_strdup("28.41.1000");
	pf->psid = g_strdup("MT_0000000838");
	pf->fault_text = g_strdup("");
	pf->faults = g_array_new(false, false, sizeof(struct lab_fault));
}

void lab_props_free(struct lab_pf *pf)
{
	g_free(pf->fw_version);
	g_free(pf->psid);
	g_free(pf->fault_text);
	g_array_free(pf->faults, true);
}
