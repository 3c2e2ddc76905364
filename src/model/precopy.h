/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pre-copy: a device gives its state while it runs, round after round, each of
 * what has changed since. When that shall end, and what it came to.
 */
#ifndef MODEL_PRECOPY_H
#define MODEL_PRECOPY_H

#include <stdbool.h>
#include <stdint.h>

#define PRECOPY_ROUNDS_MAX 100 /* each of them is told in the document */

/* Without limits of the user's. */
#define PRECOPY_DIRTY_DEFAULT (1u << 20)
#define PRECOPY_ROUNDS_DEFAULT 10
#define PRECOPY_SECONDS_DEFAULT 30

/**
 * struct precopy_limits - the first one that is reached ends it
 * @dirty_bytes: as little may be left to be read
 * @rounds: 1 to PRECOPY_ROUNDS_MAX
 * @time_ns: of all devices together
 */
struct precopy_limits {
	uint64_t dirty_bytes;
	unsigned int rounds;
	uint64_t time_ns;
};

/**
 * struct precopy_info - what VFIO_MIG_GET_PRECOPY_INFO answers
 * @initial_bytes: of the first part, not yet read
 * @dirty_bytes: of what has changed since, not yet read
 */
struct precopy_info {
	uint64_t initial_bytes;
	uint64_t dirty_bytes;
};

/** struct precopy_round - what was to be read before it, and what was */
struct precopy_round {
	struct precopy_info before;
	uint64_t bytes;
	uint64_t duration_ns;
};

enum precopy_end {
	PRECOPY_GOES_ON,
	PRECOPY_DIRTY,  /* little enough is left */
	PRECOPY_ROUNDS, /* all rounds were used */
	PRECOPY_TIME,   /* all time was */
	PRECOPY_END_COUNT,
};

/**
 * struct precopy - of one device
 * @begun: the device was pre-copied; else all else is empty
 * @end: what ended it; PRECOPY_GOES_ON: something else did
 * @left: the last answer
 */
struct precopy {
	bool begun;
	struct precopy_limits limits;
	enum precopy_end end;
	struct precopy_round rounds[PRECOPY_ROUNDS_MAX];
	unsigned int n_rounds;
	struct precopy_info left;
	uint64_t duration_ns;
};

/** precopy_end_name - "dirty", "rounds", "time"; NULL while it goes on */
const char *precopy_end_name(enum precopy_end end);

/**
 * precopy_judge - shall there be another round?
 * @rounds: that have been
 * @elapsed_ns: since the devices are in pre-copy
 * @left: what there is to be read now
 *
 * As long as the first part is not read whole, what is left is never little
 * enough. Little enough counts before the other two: it is the good end.
 */
enum precopy_end precopy_judge(const struct precopy_limits *limits,
			       unsigned int rounds, uint64_t elapsed_ns,
			       const struct precopy_info *left)
	__attribute__((nonnull(1, 4)));

#endif
