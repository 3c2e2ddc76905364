/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Progress of long work, on stderr. */
#ifndef JSON_PROGRESS_H
#define JSON_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct progress - a sample while a transfer goes on
 * @device: or the file that is read
 * @round: of pre-copy, from 1; 0: it is something else
 * @initial_bytes, @dirty_bytes: what there was to be read before this round
 */
struct progress {
	const char *device;
	const char *phase;   /* "verify", "stop_copy", "load" … */
	uint64_t bytes;
	uint64_t total_bytes; /* 0: unknown */
	uint64_t elapsed_ns;
	bool last;           /* of this phase */
	unsigned int round;
	uint64_t initial_bytes, dirty_bytes;
};

typedef void (*progress_fn)(const struct progress *progress, void *data);

/** struct progress_view - how progress is shown, and what was shown last */
struct progress_view {
	bool text; /* one line, rewritten in place */
	bool json; /* a compact document a line */
	bool open_line;
	bool going; /* the last of a phase was not shown yet */
	uint64_t shown_ns;
};

/** progress_show - a progress_fn; @data is a struct progress_view; shows the first and the last of a phase, and ten a second between */
void progress_show(const struct progress *progress, void *data);

/** progress_end - leave the line that is rewritten in place */
void progress_end(struct progress_view *view) __attribute__((nonnull(1)));

#endif
