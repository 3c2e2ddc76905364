/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Progress of long work, on stderr. */
#ifndef JSON_PROGRESS_H
#define JSON_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "migrate/transfer.h"

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
