/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/format.h"

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
			"its members may be whole: tar -xf FILE in an empty directory; cat state/* | mlxmigctl pack -d device.json -o NEW -; the xxh3_128 that pack prints must be the one in manifest.json");
}

void image_hint_damage(struct err *err, const char *word, uint64_t bytes, uint64_t members)
{
	if (err->code != ERR_DAMAGED)
		return;
	if (!members) {
		err_hint(err, "nothing of the stream in it is %s: copy the image anew from where it was saved, or save the state again",
			 word);
		return;
	}
	err_hint(err, "the stream is %s up to byte %" PRIu64 " (%" PRIu64
		 " member%s), which is not enough to load it: copy the image anew from where it was saved, or save the state again",
		 word, bytes, members, members == 1 ? "" : "s");
}
