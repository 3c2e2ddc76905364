/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/compare.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "diff/align.h"
#include "diff/map.h"
#include "diff/ranges.h"
#include "image/parallel.h"
#include "lib/cleanup.h"
#include "lib/clock.h"

#define BLOCK_SIZE (128u << 10)  /* of each side: both stay in a processor's own cache */
#define BLOCKS_A_THREAD 32u      /* less is not worth a thread */
#define THREADS_MAX 4u
#define NOT_BUSY UINT64_MAX

/* struct block - bytes of two pieces that stand at the same place in them */
struct block {
	uint64_t number;
	size_t pair;
	uint64_t place;  /* in the pair: the headers, then the payloads */
	uint64_t header; /* bytes of the headers that have a partner */
	uint64_t at[DIFF_SIDES];
	size_t len;
};

/*
 * What the threads share. Each takes the next block, reads and compares it; who
 * finds a difference waits until all the blocks before have been dealt with, so
 * that ranges are collected in order, by one thread at a time.
 */
struct compare_work {
	struct diff *diff;
	const struct compare *how;
	struct range_collector collector;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint64_t next;               /* number of the next block */
	size_t pair;                 /* where it begins */
	uint64_t place;
	uint64_t busy[THREADS_MAX];  /* with which block each thread is */
	uint64_t started_ns;
	uint64_t done;               /* bytes of each side */
	bool stop;
	struct err err;
};

/* struct compare_worker - a thread; @done: by all of them, when it took its block */
struct compare_worker {
	struct compare_work *work;
	unsigned int number;
	uint64_t done;
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Where in the stream that place of a piece is: what has no partner of its header is passed over. */
static uint64_t place_in(const struct piece *piece, uint64_t header, uint64_t place)
{
	uint64_t more = place < header ? 0 : piece->header - header;

	return piece->record.offset + more + place;
}

static void fill_block(struct block *block, const struct compare_work *work,
		       const struct common *common)
{
	uint64_t end = common->header + common->payload;
	bool together = common->pieces[0]->header == common->header &&
			common->pieces[1]->header == common->header;

	if (!together && work->place < common->header)
		end = common->header;
	*block = (struct block){
		.number = work->next,
		.pair = work->pair,
		.place = work->place,
		.header = common->header,
		.len = (size_t)least(end - work->place, BLOCK_SIZE),
	};
	for (int side = 0; side < DIFF_SIDES; side++)
		block->at[side] = place_in(common->pieces[side], common->header, work->place);
}

/* With the lock held: the next block; false: there is none. */
static bool take_block(struct compare_work *work, struct block *block)
{
	while (!work->stop && work->pair < work->diff->n_pairs) {
		struct common common = align_common(work->diff, &work->diff->pairs[work->pair]);

		if (work->place < common.header + common.payload) {
			fill_block(block, work, &common);
			work->place += block->len;
			work->next++;
			return true;
		}
		work->pair++;
		work->place = 0;
	}
	return false;
}

static bool next_block(struct compare_worker *worker, struct block *block)
{
	struct compare_work *work = worker->work;
	bool taken;

	pthread_mutex_lock(&work->lock);
	taken = take_block(work, block);
	work->busy[worker->number] = taken ? block->number : NOT_BUSY;
	worker->done = work->done;
	work->done += taken ? block->len : 0;
	pthread_cond_broadcast(&work->moved);
	pthread_mutex_unlock(&work->lock);
	return taken;
}

static bool is_first(const struct compare_work *work, uint64_t number)
{
	for (unsigned int i = 0; i < THREADS_MAX; i++)
		if (work->busy[i] < number)
			return false;
	return true;
}

/* Until no block before this one is at work; false: something failed. */
static bool wait_for_turn(struct compare_work *work, uint64_t number)
{
	bool go;

	pthread_mutex_lock(&work->lock);
	while (!work->stop && !is_first(work, number))
		pthread_cond_wait(&work->moved, &work->lock);
	go = !work->stop;
	pthread_mutex_unlock(&work->lock);
	return go;
}

static void fail_work(struct compare_work *work, const struct err *err)
{
	pthread_mutex_lock(&work->lock);
	if (!work->stop)
		work->err = *err;
	work->stop = true;
	pthread_cond_broadcast(&work->moved);
	pthread_mutex_unlock(&work->lock);
}

/* Bytes of the block from @from up to @to, which are all of the header, or none. */
static int collect_part(struct compare_work *work, const struct block *block,
			unsigned char *const data[DIFF_SIDES], size_t from, size_t to)
{
	uint64_t place = block->place + from;
	bool in_header = place < block->header;
	uint64_t offset = place - (in_header ? 0 : block->header);
	const struct diff_place where = {
		.pair = block->pair,
		.in_header = in_header,
		.offset = offset,
		.at = { block->at[0] + from, block->at[1] + from },
		.in_map = diff_map_place(work->diff, &work->diff->pairs[block->pair], in_header,
					 offset),
	};

	return ranges_feed(&work->collector, &where, data[0] + from, data[1] + from, to - from);
}

static int collect_ranges(struct compare_work *work, const struct block *block,
			  unsigned char *const data[DIFF_SIDES], struct err *err)
{
	struct range_collector *collector = &work->collector;
	struct diff_pair *pair = &work->diff->pairs[block->pair];
	uint64_t changed = collector->changed;
	uint64_t ranges = collector->all_ranges + collector->open;
	size_t header = 0;

	if (block->place < block->header)
		header = (size_t)least(block->header - block->place, block->len);
	if (collect_part(work, block, data, 0, header) ||
	    collect_part(work, block, data, header, block->len))
		return err_set(err, ERR_NO_MEMORY, 0, "the list of ranges");
	pair->changed += collector->changed - changed;
	pair->ranges += collector->all_ranges + collector->open - ranges;
	return 0;
}

static int compare_block(struct compare_work *work, const struct block *block,
			 unsigned char *const data[DIFF_SIDES], struct err *err)
{
	for (int side = 0; side < DIFF_SIDES; side++)
		if (view_read(work->how->views[side], data[side], block->len, block->at[side], err))
			return -1;
	if (!memcmp(data[0], data[1], block->len))
		return 0;
	return wait_for_turn(work, block->number) ? collect_ranges(work, block, data, err) : 0;
}

static void show_progress(const struct compare_work *work, uint64_t done, bool last)
{
	struct progress sample = {
		.device = work->diff->sides[0].path,
		.phase = "compare",
		.bytes = done,
		.total_bytes = work->diff->compared,
		.elapsed_ns = now_ns() - work->started_ns,
		.last = last,
	};

	if (work->how->progress)
		work->how->progress(&sample, work->how->progress_data);
}

static void *work_thread(void *data)
{
	struct compare_worker *worker = data;
	struct err err = ERR_INIT;
	AUTO_FREE unsigned char *a = malloc(BLOCK_SIZE);
	AUTO_FREE unsigned char *b = malloc(BLOCK_SIZE);
	unsigned char *const sides[] = { a, b };
	struct block block;

	if (!a || !b) {
		err_set(&err, ERR_NO_MEMORY, 0, "memory for two blocks");
		fail_work(worker->work, &err);
	}
	while (next_block(worker, &block)) {
		if (compare_block(worker->work, &block, sides, &err))
			fail_work(worker->work, &err);
		if (!worker->number)
			show_progress(worker->work, worker->done, false);
	}
	return NULL;
}

static unsigned int threads_for(uint64_t bytes)
{
	uint64_t wanted = 1 + bytes / BLOCK_SIZE / BLOCKS_A_THREAD;

	if (wanted > THREADS_MAX)
		wanted = THREADS_MAX;
	return (unsigned int)least(wanted, processors());
}

/* This thread is the first of them; without the others it takes longer. */
static void run_threads(struct compare_work *work)
{
	unsigned int n = threads_for(work->diff->compared), started = 1;
	struct compare_worker workers[THREADS_MAX];
	pthread_t threads[THREADS_MAX];

	for (unsigned int i = 0; i < THREADS_MAX; i++) {
		workers[i] = (struct compare_worker){ .work = work, .number = i };
		work->busy[i] = NOT_BUSY;
	}
	while (started < n && !pthread_create(&threads[started], NULL,
					      work_thread, &workers[started]))
		started++;
	work_thread(&workers[0]);
	while (--started)
		pthread_join(threads[started], NULL);
	show_progress(work, work->done, true);
}

static void count_bytes(struct diff *diff)
{
	for (size_t i = 0; i < diff->n_pairs; i++) {
		struct common common = align_common(diff, &diff->pairs[i]);

		diff->compared += common.header + common.payload;
	}
	for (int side = 0; side < DIFF_SIDES; side++)
		diff->only[side] = diff->sides[side].bytes - diff->compared;
}

/* The first bytes of each range that is listed. */
static int show_ranges(struct compare_work *work, struct err *err)
{
	for (size_t i = 0; i < work->diff->n_ranges; i++) {
		struct diff_range *range = &work->diff->ranges[i];

		for (int side = 0; side < DIFF_SIDES; side++)
			if (view_read(work->how->views[side], range->shown[side],
				      (size_t)least(range->bytes, DIFF_SHOWN),
				      range->at[side], err))
				return -1;
	}
	return 0;
}

/* The threads have ended: what they collected is the diff's. */
static int take_changes(struct compare_work *work, struct err *err)
{
	struct diff *diff = work->diff;
	int ret = ranges_end(&work->collector);

	diff->ranges = work->collector.ranges;
	diff->n_ranges = work->collector.n_ranges;
	diff->all_ranges = work->collector.all_ranges;
	diff->changed = work->collector.changed;
	if (work->stop) {
		*err = work->err;
		return -1;
	}
	if (ret)
		return err_set(err, ERR_NO_MEMORY, 0, "the list of ranges");
	return show_ranges(work, err);
}

int compare_run(struct diff *diff, const struct compare *how, struct err *err)
{
	struct compare_work work = {
		.diff = diff,
		.how = how,
		.collector = { .gap = diff->gap, .limit = diff->limit,
			     .map = diff->map },
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.moved = PTHREAD_COND_INITIALIZER,
		.started_ns = now_ns(),
		.err = ERR_INIT,
	};

	count_bytes(diff);
	run_threads(&work);
	return take_changes(&work, err);
}
