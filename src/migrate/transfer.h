/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What walking and transferring took, and what an image holds: filled by
 * engine and image, printed by report.
 */
#ifndef MIGRATE_TRANSFER_H
#define MIGRATE_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/device.h"
#include "image/record.h"
#include "lib/states.h"
#include "model/precopy.h"

#define ARCS_MAX 32
#define DIGEST_TEXT_SIZE 33 /* 32 lower-case hex digits of an XXH3-128 */

struct arc {
	enum device_state from, to;
	uint64_t duration_ns;
	int num;           /* errno with which the kernel refused it, or 0 */
	uint64_t begun_ns; /* CLOCK_MONOTONIC */
};

/** struct walk - the arcs walked, in order; a refused one is the last */
struct walk {
	struct arc arcs[ARCS_MAX];
	size_t n_arcs;
};

/* The phases of a stream: bytes belong to the phase in which read() gave them. */
enum phase { PHASE_PRE_COPY, PHASE_STOP_COPY, PHASE_COUNT };

/** phase_name - "pre_copy", "stop_copy": as in members' names and JSON keys */
const char *phase_name(enum phase phase);

struct phase_total {
	uint64_t bytes;
	uint64_t members; /* of the image */
	uint64_t duration_ns;
};

/** struct image_totals - what an image's manifest promises and its members hold */
struct image_totals {
	struct phase_total phases[PHASE_COUNT]; /* bytes and members */
	uint64_t bytes;                         /* of the bare stream */
	uint64_t members;                       /* of the stream; 0 when it is bare */
	char digest[DIGEST_TEXT_SIZE];          /* XXH3-128 of the bare stream */
};

/** struct image_origin - by what and when an image was written */
struct image_origin {
	char kernel[80];       /* release, as uname -r tells it */
	char tool[32];         /* version of mlxmigctl */
	uint64_t saved_unix_ns; /* CLOCK_REALTIME when the save began */
};

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

/**
 * struct progress - a sample while a transfer goes on
 * @device: or the file that is read
 * @round: of pre-copy, from 1; 0: it is something else
 * @info: what there was to be read before this round
 */
struct progress {
	const char *device;
	const char *phase;   /* "verify", "stop_copy", "load" … */
	uint64_t bytes;
	uint64_t total_bytes; /* 0: unknown */
	uint64_t elapsed_ns;
	bool last;           /* of this phase */
	unsigned int round;
	struct precopy_info info;
};

typedef void (*progress_fn)(const struct progress *progress, void *data);

#endif
