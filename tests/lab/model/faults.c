// SPDX-License-Identifier: GPL-2.0-only
/* Parses and applies the property `fault`; its grammar is in the README beside this file. */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qapi/error.h"
#include "faults.h"
#include "track.h"

static const struct lab_fault blank = {
	.vhca = LAB_ANY, .first = 1, .count = 1, .status = LAB_ANY, .syndrome = LAB_SYND_FAULT,
	.delivery = LAB_ANY, .corrupt = LAB_ANY,
};

static const char *const lie_names[LAB_LIES] = {
	[LAB_LIE_UMEM] = "umem", [LAB_LIE_REMAINING] = "remaining", [LAB_LIE_IMAGE] = "image", [LAB_LIE_NEXT] = "next",
};

static bool set_lie(struct lab_fault *fault, const char *key, uint64_t value)
{
	for (unsigned int i = 0; i < LAB_LIES; i++) {
		if (strcmp(key, lie_names[i]))
			continue;
		fault->lying |= 1 << i;
		fault->lies[i] = value;
		return true;
	}
	return false;
}

static bool set_number(struct lab_fault *fault, const char *key, uint64_t value)
{
	if (!strcmp(key, "op"))
		fault->opcode = value;
	else if (!strcmp(key, "nth"))
		fault->first = value;
	else if (!strcmp(key, "count"))
		fault->count = value;
	else if (!strcmp(key, "vhca"))
		fault->vhca = value;
	else if (!strcmp(key, "vf"))
		fault->vhca = LAB_VHCA_BASE + 1 + value;
	else if (!strcmp(key, "status"))
		fault->status = value & 0xff;
	else if (!strcmp(key, "syndrome"))
		fault->syndrome = value;
	else if (!strcmp(key, "delivery"))
		fault->delivery = value & 0x7f;
	else if (!strcmp(key, "outlives-reset"))
		fault->outlives = value;
	else if (!strcmp(key, "corrupt"))
		fault->corrupt = value;
	else
		return set_lie(fault, key, value);
	return true;
}

static bool set_field(struct lab_fault *fault, const char *key, const char *value)
{
	uint64_t number;
	char *end;

	if (!strcmp(key, "hang")) {
		fault->hang_ns = g_ascii_strtod(value, &end) * NANOSECONDS_PER_SECOND;
		return end != value && !*end;
	}
	if (!strcmp(key, "track"))
		return lab_track_fault_named(value, &fault->track);
	return !qemu_strtou64(value, NULL, 0, &number) && set_number(fault, key, number);
}

static bool parse_one(const char *text, struct lab_fault *fault, Error **errp)
{
	g_auto(GStrv) fields = g_strsplit(text, ",", -1);

	*fault = blank;
	for (unsigned int i = 0; fields[i]; i++) {
		char *value = strchr(fields[i], '=');

		if (value)
			*value++ = '\0';
		if (!value || !set_field(fault, g_strstrip(fields[i]), g_strstrip(value))) {
			error_setg(errp, "fault: cannot read '%s' in '%s'", fields[i], text);
			return false;
		}
	}
	if (!fault->opcode || !fault->first) {
		error_setg(errp, "fault: '%s' needs op= and an nth= from 1", text);
		return false;
	}
	return true;
}

/* Fills @faults (emptied first) from @text; false with @errp and no faults at all when it cannot be read. */
bool lab_faults_parse(const char *text, GArray *faults, Error **errp)
{
	g_auto(GStrv) parts = g_strsplit(text, ";", -1);

	g_array_set_size(faults, 0);
	for (unsigned int i = 0; parts[i]; i++) {
		struct lab_fault fault;

		if (!*g_strstrip(parts[i]))
			continue;
		if (!parse_one(parts[i], &fault, errp)) {
			g_array_set_size(faults, 0);
			return false;
		}
		g_array_append_val(faults, fault);
	}
	return true;
}

/* The VHCA that a command is about: the one that a migration command names, else the sender's. */
static int subject(const struct lab_cmd *cmd)
{
	if (lab_is_migration(cmd->opcode))
		return IFC_GET(suspend_vhca_in, cmd->in, vhca_id);
	return lab_vhca_id(cmd->fn);
}

static bool hits(struct lab_fault *fault, const struct lab_cmd *cmd)
{
	if (fault->opcode != cmd->opcode || (fault->vhca != LAB_ANY && fault->vhca != subject(cmd)))
		return false;
	fault->seen++;
	return fault->seen >= fault->first && (!fault->count || fault->seen < fault->first + fault->count);
}

/* Counts the command against every fault and says what those that hit do to it. */
struct lab_verdict lab_faults_judge(struct lab_pf *pf, const struct lab_cmd *cmd)
{
	struct lab_verdict verdict = {
		.status = LAB_ANY, .delivery = LAB_ANY, .corrupt = LAB_ANY,
	};

	for (unsigned int i = 0; i < pf->faults->len; i++) {
		struct lab_fault *fault = &g_array_index(pf->faults, struct lab_fault, i);

		if (!hits(fault, cmd))
			continue;
		pf->fault_hits++;
		verdict.hang_ns += fault->hang_ns;
		verdict.outlives |= fault->outlives;
		if (fault->status != LAB_ANY) {
			verdict.status = fault->status;
			verdict.syndrome = fault->syndrome;
		}
		if (fault->delivery != LAB_ANY)
			verdict.delivery = fault->delivery;
		if (fault->corrupt != LAB_ANY)
			verdict.corrupt = fault->corrupt;
		if (fault->track)
			verdict.track = fault->track;
		verdict.lying |= fault->lying;
		for (unsigned int lie = 0; lie < LAB_LIES; lie++)
			if (fault->lying & 1 << lie)
				verdict.lies[lie] = fault->lies[lie];
	}
	return verdict;
}
