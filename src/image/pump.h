/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The byte pump: one thread reads, one writes, and the caller watches over
 * both, so that what the writer does with the bytes (digests, compression)
 * goes on while the device is read.
 */
#ifndef IMAGE_PUMP_H
#define IMAGE_PUMP_H

#include <stddef.h>
#include <stdint.h>

#include "image/format.h"
#include "json/progress.h"
#include "lib/err.h"

#define PUMP_BLOCK (4u << 20) /* an image's member: passed on whole, it is not copied again */
#define PUMP_BLOCKS 4         /* read ahead of the writer: bounds the memory */

/** struct pump_block - the next bytes; @phase, and @digest if the sink wants it, are the source's to set */
struct pump_block {
	unsigned char *data;
	size_t len;
	enum phase phase;
	char digest[DIGEST_TEXT_SIZE];
};

/**
 * pump_source_fn - fill @block: at most PUMP_BLOCK bytes at @block->data
 *
 * 1 with a block of at least one byte; 0 at the end; -1. A call that blocks
 * must give up on EINTR when interrupt_wanted().
 */
typedef int (*pump_source_fn)(struct pump_block *block, void *data, struct err *err);

/** pump_sink_fn - take all of @block; 0 or -1; blocks as a source does */
typedef int (*pump_sink_fn)(const struct pump_block *block, void *data, struct err *err);

/**
 * struct pump - from where to where
 * @progress: may be NULL; called by the thread that runs the pump, with
 *            @sample completed by bytes and time
 */
struct pump {
	pump_source_fn source;
	void *source_data;
	pump_sink_fn sink;
	void *sink_data;
	progress_fn progress;
	void *progress_data;
	struct progress sample; /* device, phase, total_bytes */
};

/**
 * pump_run - until the source ends and the sink has taken everything
 * @bytes: what the sink has taken, also on failure; may be NULL
 *
 * 0, or -1 with whatever failed first: the source, the sink, or a signal
 * (ERR_INTERRUPTED, between interrupt_begin() and interrupt_end()). Both
 * threads have ended when it returns.
 */
int pump_run(const struct pump *pump, uint64_t *bytes, struct err *err)
	__attribute__((nonnull(1, 3)));

/** pump_source_fd - a pump_source_fn that reads a file, until a block is full; @data is a struct pump_fd */
int pump_source_fd(struct pump_block *block, void *data, struct err *err);

/** pump_sink_fd - a pump_sink_fn that writes a file; @data is a struct pump_fd */
int pump_sink_fd(const struct pump_block *block, void *data, struct err *err);

/** struct pump_fd - a file and what to call it in messages; @phase is given to every block read */
struct pump_fd {
	int fd;
	const char *name;
	enum phase phase;
};

#endif
