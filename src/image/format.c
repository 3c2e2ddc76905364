/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/format.h"

#include <string.h>

static const char *const phase_names[PHASE_COUNT] = {
	[PHASE_PRE_COPY] = "pre_copy",
	[PHASE_STOP_COPY] = "stop_copy",
};

const char *phase_name(enum phase phase)
{
	return (unsigned int)phase < PHASE_COUNT ? phase_names[phase] : "unknown";
}

const char *check_name(enum check check)
{
	static const char *const names[CHECK_COUNT] = {
		[CHECK_DIGESTS] = "digests",
		[CHECK_STRUCTURE] = "structure",
		[CHECK_TOTALS] = "totals",
		[CHECK_FRAMING] = "framing",
	};

	return names[check];
}

int image_hint_repack(struct err *err)
{
	if (err->code != ERR_DAMAGED)
		return -1;
	return err_hint(err,
			"its members may be whole: tar -xf FILE in an empty directory; cat state/* | mlxmigctl pack -d device.json -o NEW -; the xxh3_128 that pack prints must be the one in manifest.json; device.json is taken as it is, unchecked");
}

static bool is_standard_input(const char *name)
{
	return !strcmp(name, "standard input") || !strcmp(name, "stdin");
}

const char *image_operand(char buf[OPERAND_SIZE], const char *name)
{
	return is_standard_input(name) ? "FILE" : text_operand(buf, name);
}

int image_hint_filter(struct err *err, const char *lead, const char *name, bool compressed,
		      const char *filter)
{
	const char *unpack = compressed ? "zstd -dc" : "";
	char buf[OPERAND_SIZE];
	const char *file = image_operand(buf, name);

	if (is_standard_input(name))
		return err_hint(err, "%s: %s%s%s | mlxmigctl verify -", lead, unpack,
				compressed ? " | " : "", filter);
	if (compressed)
		return err_hint(err, "%s: %s %s | %s >NEW; mlxmigctl verify NEW", lead, unpack, file,
				filter);
	return err_hint(err, "%s: %s %s >NEW; mlxmigctl verify NEW", lead, filter, file);
}

void image_hint_damage(struct err *err, const char *word, uint64_t bytes, uint64_t members,
		       uint64_t part)
{
	static const char again[] =
		"copy the image anew from where it was saved, or save the state again";

	if (err->code != ERR_DAMAGED)
		return;
	if (!members && part) {
		err_hint(err, "no member of the stream in it is good; the first %" PRIu64
			 " bytes are there, unchecked: %s", part, again);
		return;
	}
	if (!members) {
		err_hint(err, "no member of the stream in it is good: %s", again);
		return;
	}
	err_hint(err, "the stream is %s up to byte %" PRIu64 " (%" PRIu64
		 " member%s), which is not enough to load it: %s",
		 word, bytes, members, members == 1 ? "" : "s", again);
}
