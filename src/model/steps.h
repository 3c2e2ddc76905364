/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A walk as it is said: DEVICE, and states, some of them with a file. */
#ifndef MODEL_STEPS_H
#define MODEL_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"
#include "model/visit.h"

/**
 * steps_parse - DEVICE and @n operands STATE or STATE=FILE
 * @steps: room for ARCS_MAX; their files point into the operands' text
 *
 * ERR_USAGE for what is no state, for a file where no data is, for sessions
 * that are not ended, and for files that are named twice. The same state twice
 * is no arc, but may be said. 0 or -1.
 */
int steps_parse(char *const *operands, size_t n, struct step_target *steps,
		struct err *err) __attribute__((nonnull(1, 3, 4)));

/** steps_count_files - how many have a file */
size_t steps_count_files(const struct step_target *steps, size_t n)
	__attribute__((nonnull(1)));

/** steps_write_stdout - is one of the files that are written standard output ("-")? */
bool steps_write_stdout(const struct step_target *steps, size_t n)
	__attribute__((nonnull(1)));

#endif
