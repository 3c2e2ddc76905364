/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A save or load of one device: what is asked of its pre-copy, what it took and came to, and that as JSON,
 * for the member manifest.json and for documents.
 */
#ifndef MIGRATE_TRANSFER_H
#define MIGRATE_TRANSFER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat/identity.h"
#include "host/device.h"
#include "image/format.h"
#include "image/members.h"
#include "image/record.h"
#include "lib/states.h"
#include "vfio/migration.h"
#include "vfio/walk.h"

/*
 * Pre-copy: a device gives its state while it runs, round after round, each of
 * what has changed since. When that shall end, and what it came to.
 */

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
enum precopy_end precopy_judge(const struct precopy_limits *limits, unsigned int rounds,
			       uint64_t elapsed_ns, const struct precopy_info *left)
	__attribute__((nonnull(1, 4)));

/** struct transfer - one device's state, saved or loaded */
struct transfer {
	struct walk walk;
	enum device_state origin;  /* where the device came from */
	enum device_state final;   /* where it was left */
	struct holder lender;      /* whose the device is; HOLDER_NONE: opened, and so reset, for this */
	struct phase_total phases[PHASE_COUNT];
	uint64_t bytes;            /* of the bare stream */
	uint64_t started_unix_ns;  /* CLOCK_REALTIME at the first arc */
	uint64_t duration_ns;      /* all of it */
	uint64_t stopped_ns;       /* of save: struct stopped's; of load: from the arc that left RUNNING until it was loaded, or where --then has it; 0: not to the end */
	uint64_t verify_ns;        /* of load: reading a file whole before the device is touched */
	uint64_t read_begun_ns;    /* of save, CLOCK_MONOTONIC: the first read(2) in STOP_COPY, */
	uint64_t read_ended_ns;    /* and the one that said that there is no more */
	struct precopy precopy;    /* of save */
	struct record_parser records;
	char digest[DIGEST_TEXT_SIZE];
	bool kept;                 /* of load: does somebody still hold the device? */
	bool lost;                 /* an interrupted load: the contents are gone */
};

/**
 * struct stopped - a save's time without the device, from the arc that left
 * RUNNING or PRE_COPY until all was read
 * @arcs, @n_arcs: the arcs in it, the transfer's
 * @arcs_ns, @read_ns: in these, and in reading; the rest was spent otherwise
 * @bytes: that were read in it
 */
struct stopped {
	const struct arc *arcs;
	size_t n_arcs;
	uint64_t duration_ns;
	uint64_t arcs_ns;
	uint64_t read_ns;
	uint64_t bytes;
};

/**
 * transfer_stopped - take a save's time without the device apart
 *
 * A device that came from STOP or RUNNING_P2P is counted from the first arc on.
 * False when it was not read to its end.
 */
bool transfer_stopped(const struct transfer *transfer, struct stopped *stopped)
	__attribute__((nonnull(1, 2)));

/* What became of a save or load. */

#define TRANSFER_WARNINGS_MAX 8

/**
 * struct transfer_result - of one device
 * @opened: the device was opened or borrowed: the states of @transfer say something
 * @file: where the state went or came from, as it was named; "-": a pipe
 * @read: of a walk with files: it was to be read, not written
 * @raw: a bare stream, no image around it
 * @file_bytes: size of the file, 0: not a regular file
 * @checked_with: of load: the command that accepted the file; NULL: there was none
 * @done: all that was asked for was done
 * @loaded: of load: the device holds the state, if it is still held
 * @has_fit: of load: @fit says how the source's identity fits the device
 */
struct transfer_result {
	char device[DEVICE_NAME_SIZE];
	bool opened;
	const char *file;
	bool read;
	bool raw;
	bool compressed;
	uint64_t file_bytes;
	const char *checked_with;
	bool done;
	bool loaded;
	struct transfer transfer;
	bool has_fit;
	struct identity_fit fit;
	char warnings[TRANSFER_WARNINGS_MAX][256];
	size_t n_warnings;
};

/** transfer_result_warn - add a warning; what does not fit is cut or dropped */
void transfer_result_warn(struct transfer_result *result, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1)));

/* What a transfer came to, as JSON: the member manifest.json, see mlxmigctl-image(5), and what documents have of it too. */

/** arcs_json - [{"from", "to", "at_ns", "duration_ns", "errno"}]; at_ns counts from the first one, errno is null where the arc was walked */
json_t *arcs_json(const struct arc *arcs, size_t n) __attribute__((nonnull(1)));

/**
 * precopy_json - limits, what ended it, what was left, and each round; null: there was none
 *
 * {"ended_by", "limits", "duration_ns", "initial_bytes_left",
 * "dirty_bytes_left", "rounds": [{"initial_bytes", "dirty_bytes", "bytes",
 * "duration_ns"}]}
 */
json_t *precopy_json(const struct precopy *precopy) __attribute__((nonnull(1)));

/**
 * stopped_json - the time without the device, part by part; null: it was not read to its end
 *
 * {"duration_ns", "arcs", "arcs_ns", "read_ns", "other_ns", "bytes",
 * "bytes_per_second"}
 */
json_t *stopped_json(const struct transfer *transfer) __attribute__((nonnull(1)));

/**
 * manifest_json_make - the text of manifest.json, malloc'ed; NULL: no memory
 * @totals: what the writer counted
 * @transfer: the times; its digest and counts are not used
 */
char *manifest_json_make(const struct image_totals *totals, const struct transfer *transfer)
	__attribute__((nonnull(1, 2)));

#endif
