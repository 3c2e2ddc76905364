/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came out of conform: filled by engine, printed by report. */
#ifndef MODEL_CONFORM_H
#define MODEL_CONFORM_H

#include <stddef.h>
#include <stdint.h>

#include "model/visit.h"

enum conform_verdict { CONFORM_PASS, CONFORM_FAIL, CONFORM_SKIP, CONFORM_COUNT };

/**
 * struct conform_check - one thing that a driver must do, and whether it did
 * @name: "GROUP/WHAT": stays what it is, for --check and for scripts
 * @asks: what the interface asks of a driver here; a constant
 * @detail: what was seen: of a failure what should not have been, of a skipped
 *          one why; else a note, or empty
 */
struct conform_check {
	char name[64];
	const char *asks;
	enum conform_verdict verdict;
	char detail[192];
	uint64_t duration_ns;
};

/**
 * struct conform_result - all checks of a device, in order
 * @visit: @visit.state is where the device was left
 * @flags: its migration flags
 */
struct conform_result {
	struct visit visit;
	uint64_t flags;
	struct conform_check *checks;
	size_t n;
	size_t counts[CONFORM_COUNT];
	uint64_t duration_ns;
};

/** conform_verdict_name - "pass", "fail" or "skip" */
const char *conform_verdict_name(enum conform_verdict verdict);

/** conform_add - one more check, passed so far; NULL without memory. What was returned before may have moved. */
struct conform_check *conform_add(struct conform_result *result)
	__attribute__((nonnull(1)));

/** conform_free - the checks */
void conform_free(struct conform_result *result) __attribute__((nonnull(1)));

#endif
