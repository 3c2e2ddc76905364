/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All of a view's stream, block by block, by several threads: they read at the
 * same time, and what must see the blocks in their order does so, one thread
 * after the other.
 */
#ifndef IMAGE_PARALLEL_H
#define IMAGE_PARALLEL_H

#include "image/view.h"
#include "lib/err.h"

/* How many threads are worth starting. */

/** processors - that this process may use, at least 1 */
unsigned int processors(void);

#define PARALLEL_BLOCK (256u << 10) /* stays in a processor's own cache for all stages */
#define PARALLEL_THREADS_MAX 8
#define PARALLEL_STAGES_MAX 4

/**
 * struct parallel_block - up to PARALLEL_BLOCK bytes of one extent
 * @offset: in the stream
 * @extent: its index among view_extents()
 * @first, @last: does the extent begin, end with it? Of a range, perhaps
 *                neither
 */
struct parallel_block {
	const unsigned char *data;
	size_t len;
	uint64_t offset;
	size_t extent;
	bool first, last;
};

/**
 * struct parallel_stage - gets every block, in order, never two at a time
 *
 * Two stages may have different blocks at the same time: they share no data
 * that change. 0, or -1 with err set, which ends the run.
 */
struct parallel_stage {
	int (*take)(const struct parallel_block *block, void *data, struct err *err);
	void *data;
};

/** struct parallel_range - bytes of the stream, which must be there */
struct parallel_range {
	uint64_t offset;
	uint64_t len;
};

/**
 * parallel_run - hand the stream, or a part of it, to each of the stages
 * @n_threads: at most so many, the caller's among them; 0 counts as 1
 * @range: NULL: all of the stream
 *
 * Takes PARALLEL_BLOCK bytes of memory a thread. 0 or -1.
 */
int parallel_run(const struct view *view, unsigned int n_threads,
		 const struct parallel_range *range, const struct parallel_stage *stages,
		 size_t n_stages, struct err *err);

#endif
