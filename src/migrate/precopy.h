/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saving while the device runs. Private to this room. */
#ifndef MIGRATE_PRECOPY_H
#define MIGRATE_PRECOPY_H

#include "migrate/save_file.h"

/**
 * precopy_check - may this device be pre-copied, and is there anything to it?
 *
 * A device that stands still has nothing that changes: it is saved without,
 * and the result gets a warning. ERR_UNSUPPORTED when it has no PRE_COPY and
 * options->precopy_where_offered is not set. 0 or -1; sets p->precopied.
 */
int precopy_check(struct save_file *p, struct err *err) __attribute__((nonnull(1, 2)));

/**
 * precopy_run - pre-copy all devices that are to be
 *
 * All begin before any is read, and then have their rounds in turn, so that
 * none gets old while another is read. They are in PRE_COPY afterwards
 * (PRE_COPY_P2P, those that came from RUNNING_P2P), their data fds in the
 * save_files. 0, or -1 after a failure or a signal: they are where they are then.
 */
int precopy_run(struct save_file *saves, size_t n, struct err *err) __attribute__((nonnull(1, 3)));

/**
 * struct round_reader - reads one round; fd, name and deadline are the caller's
 * @fd: a data fd in PRE_COPY, with O_NONBLOCK
 * @name: for messages
 * @deadline_ns: CLOCK_MONOTONIC
 * @got: something was read in this round
 * @ready: poll(2) said that there is something
 *
 * What ends a round is ENOMSG by the interface, and 0 by some drivers. Either
 * may come at once too, while the firmware still saves what is to be read: then
 * poll(2) tells when, if the driver has it.
 */
struct round_reader {
	int fd;
	const char *name;
	uint64_t deadline_ns;
	bool got;
	bool ready;
	bool over;
};

/** round_read - a pump_source_fn; @data is a struct round_reader */
int round_read(struct pump_block *block, void *data, struct err *err);

#endif
