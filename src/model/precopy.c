/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/precopy.h"

#include <stddef.h>

static const char *const end_names[PRECOPY_END_COUNT] = {
	[PRECOPY_DIRTY] = "dirty",
	[PRECOPY_ROUNDS] = "rounds",
	[PRECOPY_TIME] = "time",
};

const char *precopy_end_name(enum precopy_end end)
{
	return (unsigned int)end < PRECOPY_END_COUNT ? end_names[end] : NULL;
}

enum precopy_end precopy_judge(const struct precopy_limits *limits,
			       unsigned int rounds, uint64_t elapsed_ns,
			       const struct precopy_info *left)
{
	if (!left->initial_bytes && left->dirty_bytes <= limits->dirty_bytes)
		return PRECOPY_DIRTY;
	if (rounds >= limits->rounds)
		return PRECOPY_ROUNDS;
	return elapsed_ns >= limits->time_ns ? PRECOPY_TIME : PRECOPY_GOES_ON;
}
