/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "image/format.h"

unsigned int processors(void)
{
	cpu_set_t set;

	/* It fails where there are more of them than a set can hold: that many threads nobody starts. */
	if (sched_getaffinity(0, sizeof(set), &set))
		return CPU_SETSIZE;
	return (unsigned int)CPU_COUNT(&set);
}

struct parallel_run_state {
	const struct view *view;
	const struct view_extent *extents;
	const struct parallel_stage *stages;
	size_t n_stages;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t turned;
	size_t extent;        /* where the next block begins */
	uint64_t taken;       /* of that extent */
	uint64_t left;        /* of the stream, or of the range */
	uint64_t next;        /* its number */
	uint64_t turns[PARALLEL_STAGES_MAX]; /* the number of the block that each stage waits for */
	bool failed;
	struct err err;
};

struct parallel_worker {
	struct parallel_run_state *sweep;
	unsigned char *buffer;
	pthread_t thread;
};

/* The next block, without its data; false: there is none. */
static bool claim_block(struct parallel_run_state *sweep, struct parallel_block *block, uint64_t *number)
{
	const struct view_extent *extent;
	uint64_t in_extent, len;

	if (sweep->failed || !sweep->left)
		return false;
	extent = &sweep->extents[sweep->extent];
	in_extent = extent->len - sweep->taken;
	len = in_extent < PARALLEL_BLOCK ? in_extent : PARALLEL_BLOCK;
	len = sweep->left < len ? sweep->left : len;
	*block = (struct parallel_block){
		.len = (size_t)len,
		.offset = extent->offset + sweep->taken,
		.extent = sweep->extent,
		.first = !sweep->taken,
		.last = in_extent == len,
	};
	sweep->left -= len;
	sweep->taken = block->last ? 0 : sweep->taken + block->len;
	sweep->extent += block->last;
	*number = sweep->next++;
	return true;
}

static void fail_run(struct parallel_run_state *sweep, const struct err *err)
{
	pthread_mutex_lock(&sweep->lock);
	if (!sweep->failed)
		sweep->err = *err;
	sweep->failed = true;
	pthread_cond_broadcast(&sweep->turned);
	pthread_mutex_unlock(&sweep->lock);
}

static bool await_turn(struct parallel_run_state *sweep, size_t stage, uint64_t number)
{
	bool failed;

	pthread_mutex_lock(&sweep->lock);
	while (!sweep->failed && sweep->turns[stage] != number)
		pthread_cond_wait(&sweep->turned, &sweep->lock);
	failed = sweep->failed;
	pthread_mutex_unlock(&sweep->lock);
	return !failed;
}

static void pass_turn(struct parallel_run_state *sweep, size_t stage)
{
	pthread_mutex_lock(&sweep->lock);
	sweep->turns[stage]++;
	pthread_cond_broadcast(&sweep->turned);
	pthread_mutex_unlock(&sweep->lock);
}

/* A block through all stages; false: the run is over. */
static bool process_block(struct parallel_run_state *sweep, const struct parallel_block *block, uint64_t number)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sweep->n_stages; i++) {
		const struct parallel_stage *stage = &sweep->stages[i];

		if (!await_turn(sweep, i, number))
			return false;
		if (stage->take(block, stage->data, &err)) {
			fail_run(sweep, &err);
			return false;
		}
		pass_turn(sweep, i);
	}
	return true;
}

static void *run_worker(void *data)
{
	struct parallel_worker *worker = data;
	struct parallel_run_state *sweep = worker->sweep;
	struct err err = ERR_INIT;
	struct parallel_block block;
	uint64_t number;
	bool more = true;

	while (more) {
		pthread_mutex_lock(&sweep->lock);
		more = claim_block(sweep, &block, &number);
		pthread_mutex_unlock(&sweep->lock);
		if (!more)
			break;
		if (view_read(sweep->view, worker->buffer, block.len, block.offset, &err)) {
			fail_run(sweep, &err);
			break;
		}
		block.data = worker->buffer;
		more = process_block(sweep, &block, number);
	}
	return NULL;
}

/* The caller's thread is the first worker; where no more can be started, it goes on with those there are. */
static void work_all(struct parallel_worker *workers, unsigned int n)
{
	unsigned int started = 1;

	while (started < n && !pthread_create(&workers[started].thread, NULL,
					      run_worker, &workers[started]))
		started++;
	run_worker(&workers[0]);
	while (--started)
		pthread_join(workers[started].thread, NULL);
}

/* To the extent in which the range begins; where it is empty, nothing is asked for. */
static void seek_range(struct parallel_run_state *sweep, const struct parallel_range *range)
{
	sweep->left = range ? range->len : view_size(sweep->view);
	if (!range || !range->len)
		return;
	while (range->offset >= sweep->extents[sweep->extent].offset +
				sweep->extents[sweep->extent].len)
		sweep->extent++;
	sweep->taken = range->offset - sweep->extents[sweep->extent].offset;
}

int parallel_run(const struct view *view, unsigned int n_threads,
		 const struct parallel_range *range, const struct parallel_stage *stages,
		 size_t n_stages, struct err *err)
{
	struct parallel_worker workers[PARALLEL_THREADS_MAX];
	struct parallel_run_state sweep = {
		.view = view, .stages = stages, .n_stages = n_stages,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.turned = PTHREAD_COND_INITIALIZER,
	};
	unsigned int n = 0;
	size_t n_extents;

	if (range && (range->offset > view_size(view) ||
		      range->len > view_size(view) - range->offset))
		return err_set(err, ERR_INTERNAL, 0, "%s: a range that the stream has not",
			       view_name(view));
	sweep.extents = view_extents(view, &n_extents);
	seek_range(&sweep, range);
	n_threads = n_threads < 1 ? 1 : n_threads;
	for (; n < n_threads && n < PARALLEL_THREADS_MAX; n++) {
		workers[n] = (struct parallel_worker){ .sweep = &sweep };
		workers[n].buffer = malloc(PARALLEL_BLOCK);
		if (!workers[n].buffer)
			break;
	}
	if (n)
		work_all(workers, n);
	else
		image_no_memory(&sweep.err);
	while (n)
		free(workers[--n].buffer);
	if (err_is_set(&sweep.err) && !err_is_set(err))
		*err = sweep.err;
	return err_is_set(&sweep.err) ? -1 : 0;
}
