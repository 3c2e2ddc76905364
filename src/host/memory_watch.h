/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why the kernel had no memory for a driver: the limit of a memory cgroup, or
 * the host itself. ENOMEM does not say which.
 */
#ifndef HOST_MEMORY_WATCH_H
#define HOST_MEMORY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

#define MEMORY_LEVELS 16 /* of cgroups above each other */

/**
 * struct memory_watch - the state of memory before a step
 * @available_bytes: MemAvailable of the host
 * @n_levels: cgroups of this process, from its own up to the root
 * @max_events: for each, how often its memory.max was reached
 */
struct memory_watch {
	uint64_t available_bytes;
	unsigned int n_levels;
	uint64_t max_events[MEMORY_LEVELS];
};

/**
 * struct memory_need - what a step needed
 * @bytes: of memory; 0: not known
 * @at_most: it may have been less
 * @instead: what needs less, in words behind "or"; NULL: nothing
 */
struct memory_need {
	uint64_t bytes;
	bool at_most;
	const char *instead;
};

/** memory_watch_begin - record the state of memory */
void memory_watch_begin(struct memory_watch *watch) __attribute__((nonnull(1)));

/**
 * memory_watch_explain - add to a failure with ENOMEM which memory was short
 * @watch: from before the step
 * @need: what the step needed
 * @err: the failure; with another errno it stays as it is
 *
 * The message gets the cgroup and its limit, or the host and what it has
 * available, and the hint what to do. Returns -1.
 */
int memory_watch_explain(const struct memory_watch *watch,
			 const struct memory_need *need, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

#endif
