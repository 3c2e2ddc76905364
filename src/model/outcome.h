/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a save or load: filled by engine, printed by report. */
#ifndef MODEL_OUTCOME_H
#define MODEL_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "compat/identity.h"
#include "migrate/transfer.h"

#define OUTCOME_WARNINGS_MAX 8

/**
 * struct outcome - of one device
 * @opened: the device was opened or borrowed: the states of @transfer say something
 * @file: where the state went or came from, as it was named; "-": a pipe
 * @read: of a walk with files: it was to be read, not written
 * @raw: a bare stream, no image around it
 * @file_bytes: size of the file, 0: not a regular file
 * @done: all that was asked for was done
 * @loaded: of load: the device holds the state, if it is still held
 * @has_fit: of load: @fit says how the source's identity fits the device
 */
struct outcome {
	char device[DEVICE_NAME_SIZE];
	bool opened;
	const char *file;
	bool read;
	bool raw;
	bool compressed;
	uint64_t file_bytes;
	bool done;
	bool loaded;
	struct transfer transfer;
	bool has_fit;
	struct identity_fit fit;
	char warnings[OUTCOME_WARNINGS_MAX][256];
	size_t n_warnings;
};

/** outcome_warn - add a warning; what does not fit is cut or dropped */
void outcome_warn(struct outcome *outcome, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1)));

#endif
