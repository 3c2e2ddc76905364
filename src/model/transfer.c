/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/transfer.h"

static const char *const phase_names[PHASE_COUNT] = {
	[PHASE_PRE_COPY] = "pre_copy",
	[PHASE_STOP_COPY] = "stop_copy",
};

const char *phase_name(enum phase phase)
{
	return (unsigned int)phase < PHASE_COUNT ? phase_names[phase]
						 : "unknown";
}
