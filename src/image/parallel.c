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

struct parallel_work {
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
	struct parallel_work *run;
	unsigned char *buffer;
	pthread_t thread;
};

/* The next block, without its data; false: there is none. */
static bool claim_block(struct parallel_work *run, struct parallel_block *block, uint64_t *number)
{
	const struct view_extent *extent;
	uint64_t in_extent, len;

	if (run->failed || !run->left)
		return false;
	extent = &run->extents[run->extent];
	in_extent = extent->len - run->taken;
	len = in_extent < PARALLEL_BLOCK ? in_extent : PARALLEL_BLOCK;
	len = run->left < len ? run->left : len;
	*block = (struct parallel_block){
		.len = (size_t)len,
		.offset = extent->offset + run->taken,
		.extent = run->extent,
		.first = !run->taken,
		.last = in_extent == len,
	};
	run->left -= len;
	run->taken = block->last ? 0 : run->taken + block->len;
	run->extent += block->last;
	*number = run->next++;
	return true;
}

static void fail_run(struct parallel_work *run, const struct err *err)
{
	pthread_mutex_lock(&run->lock);
	if (!run->failed)
		run->err = *err;
	run->failed = true;
	pthread_cond_broadcast(&run->turned);
	pthread_mutex_unlock(&run->lock);
}

static bool await_turn(struct parallel_work *run, size_t stage, uint64_t number)
{
	bool failed;

	pthread_mutex_lock(&run->lock);
	while (!run->failed && run->turns[stage] != number)
		pthread_cond_wait(&run->turned, &run->lock);
	failed = run->failed;
	pthread_mutex_unlock(&run->lock);
	return !failed;
}

static void pass_turn(struct parallel_work *run, size_t stage)
{
	pthread_mutex_lock(&run->lock);
	run->turns[stage]++;
	pthread_cond_broadcast(&run->turned);
	pthread_mutex_unlock(&run->lock);
}

/* A block through all stages; false: the run is over. */
static bool process_block(struct parallel_work *run, const struct parallel_block *block,
			  uint64_t number)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < run->n_stages; i++) {
		const struct parallel_stage *stage = &run->stages[i];

		if (!await_turn(run, i, number))
			return false;
		if (stage->take(block, stage->data, &err)) {
			fail_run(run, &err);
			return false;
		}
		pass_turn(run, i);
	}
	return true;
}

static void *run_worker(void *data)
{
	struct parallel_worker *worker = data;
	struct parallel_work *run = worker->run;
	struct err err = ERR_INIT;
	struct parallel_block block;
	uint64_t number;
	bool more = true;

	while (more) {
		pthread_mutex_lock(&run->lock);
		more = claim_block(run, &block, &number);
		pthread_mutex_unlock(&run->lock);
		if (!more)
			break;
		if (view_read(run->view, worker->buffer, block.len, block.offset, &err)) {
			fail_run(run, &err);
			break;
		}
		block.data = worker->buffer;
		more = process_block(run, &block, number);
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
static void seek_range(struct parallel_work *run, const struct parallel_range *range)
{
	run->left = range ? range->len : view_size(run->view);
	if (!range || !range->len)
		return;
	while (range->offset >= run->extents[run->extent].offset +
				run->extents[run->extent].len)
		run->extent++;
	run->taken = range->offset - run->extents[run->extent].offset;
}

int parallel_run(const struct view *view, unsigned int n_threads,
		 const struct parallel_range *range, const struct parallel_stage *stages,
		 size_t n_stages, struct err *err)
{
	struct parallel_worker workers[PARALLEL_THREADS_MAX];
	struct parallel_work run = {
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
	run.extents = view_extents(view, &n_extents);
	seek_range(&run, range);
	n_threads = n_threads < 1 ? 1 : n_threads;
	for (; n < n_threads && n < PARALLEL_THREADS_MAX; n++) {
		workers[n] = (struct parallel_worker){ .run = &run };
		workers[n].buffer = malloc(PARALLEL_BLOCK);
		if (!workers[n].buffer)
			break;
	}
	if (n)
		work_all(workers, n);
	else
		image_no_memory(&run.err);
	while (n)
		free(workers[--n].buffer);
	if (err_is_set(&run.err) && !err_is_set(err))
		*err = run.err;
	return err_is_set(&run.err) ? -1 : 0;
}
