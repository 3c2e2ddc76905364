/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/processors.h"

#include <sched.h>

unsigned int processors(void)
{
	cpu_set_t set;

	/* It fails where there are more of them than a set can hold: that many threads nobody starts. */
	if (sched_getaffinity(0, sizeof(set), &set))
		return CPU_SETSIZE;
	return (unsigned int)CPU_COUNT(&set);
}
