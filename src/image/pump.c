/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/pump.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"

#define TICK_MS 100 /* between samples of progress */
#define KICK_MS 5   /* between kicks of a thread that is to end */

/* A ring between the two threads; @lock guards all but the blocks' contents. */
struct ring {
	const struct pump *pump;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct pump_block blocks[PUMP_BLOCKS];
	unsigned int head, tail; /* blocks filled and taken, ever */
	uint64_t bytes;          /* taken by the sink */
	bool ended;              /* the source has no more */
	bool stop;               /* something failed */
	unsigned int running;    /* threads */
	int done;                /* an eventfd: a thread has ended */
	struct err err;
};

int pump_source_fd(struct pump_block *block, void *data, struct err *err)
{
	const struct pump_fd *from = data;
	ssize_t n = 1;

	block->len = 0;
	block->phase = from->phase;
	while (n && block->len < PUMP_BLOCK) {
		n = read(from->fd, block->data + block->len, PUMP_BLOCK - block->len);
		if (n < 0 && (errno != EINTR || interrupt_wanted()))
			return err_set(err, ERR_IO, errno, "reading %s", from->name);
		block->len += n > 0 ? (size_t)n : 0;
	}
	return block->len > 0;
}

int pump_sink_fd(const struct pump_block *block, void *data, struct err *err)
{
	const struct pump_fd *to = data;
	size_t done = 0;

	while (done < block->len) {
		ssize_t n = write(to->fd, block->data + done, block->len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR || interrupt_wanted())
			return err_set(err, ERR_IO, n ? errno : EIO, "writing %s", to->name);
	}
	return 0;
}

static void ring_fail(struct ring *ring, const struct err *err)
{
	pthread_mutex_lock(&ring->lock);
	if (!ring->stop) {
		ring->stop = true;
		ring->err = *err;
	}
	pthread_cond_broadcast(&ring->moved);
	pthread_mutex_unlock(&ring->lock);
}

static void thread_ends(struct ring *ring, bool source)
{
	pthread_mutex_lock(&ring->lock);
	ring->running--;
	if (source)
		ring->ended = true;
	pthread_cond_broadcast(&ring->moved);
	pthread_mutex_unlock(&ring->lock);
	eventfd_write(ring->done, 1);
}

/* The next free block, or NULL when the pump stops. */
static struct pump_block *ring_free_block(struct ring *ring)
{
	struct pump_block *block = NULL;

	pthread_mutex_lock(&ring->lock);
	while (!ring->stop && ring->head - ring->tail == PUMP_BLOCKS)
		pthread_cond_wait(&ring->moved, &ring->lock);
	if (!ring->stop)
		block = &ring->blocks[ring->head % PUMP_BLOCKS];
	pthread_mutex_unlock(&ring->lock);
	return block;
}

/* The next full block, or NULL at the end or when the pump stops. */
static struct pump_block *ring_full_block(struct ring *ring)
{
	struct pump_block *block = NULL;

	pthread_mutex_lock(&ring->lock);
	while (!ring->stop && !ring->ended && ring->head == ring->tail)
		pthread_cond_wait(&ring->moved, &ring->lock);
	if (!ring->stop && ring->head != ring->tail)
		block = &ring->blocks[ring->tail % PUMP_BLOCKS];
	pthread_mutex_unlock(&ring->lock);
	return block;
}

static void ring_advance(struct ring *ring, unsigned int *which, size_t taken)
{
	pthread_mutex_lock(&ring->lock);
	(*which)++;
	ring->bytes += taken;
	pthread_cond_broadcast(&ring->moved);
	pthread_mutex_unlock(&ring->lock);
}

static void *source_thread(void *data)
{
	struct ring *ring = data;
	struct err err = ERR_INIT;
	struct pump_block *block;
	int ret = 0;

	while ((block = ring_free_block(ring))) {
		ret = ring->pump->source(block, ring->pump->source_data, &err);
		if (ret <= 0)
			break;
		ring_advance(ring, &ring->head, 0);
	}
	if (ret < 0)
		ring_fail(ring, &err);
	thread_ends(ring, true);
	return NULL;
}

static void *sink_thread(void *data)
{
	struct ring *ring = data;
	struct err err = ERR_INIT;
	struct pump_block *block;

	while ((block = ring_full_block(ring))) {
		if (ring->pump->sink(block, ring->pump->sink_data, &err)) {
			ring_fail(ring, &err);
			break;
		}
		ring_advance(ring, &ring->tail, block->len);
	}
	thread_ends(ring, false);
	return NULL;
}

static void show_progress(struct ring *ring, uint64_t started, bool last)
{
	struct progress sample = ring->pump->sample;

	if (!ring->pump->progress)
		return;
	pthread_mutex_lock(&ring->lock);
	sample.bytes = ring->bytes;
	pthread_mutex_unlock(&ring->lock);
	sample.elapsed_ns = now_ns() - started;
	sample.last = last;
	ring->pump->progress(&sample, ring->pump->progress_data);
}

static bool ring_state(struct ring *ring, unsigned int *running)
{
	bool stop;

	pthread_mutex_lock(&ring->lock);
	stop = ring->stop;
	*running = ring->running;
	pthread_mutex_unlock(&ring->lock);
	return stop;
}

/* Until both threads have ended: a signal or a failure of one ends the other. */
static void watch_threads(struct ring *ring, const pthread_t threads[2])
{
	uint64_t started = now_ns();
	unsigned int running;
	bool stop;

	while (stop = ring_state(ring, &running), running) {
		struct pollfd fds[] = {
			{ .fd = ring->done, .events = POLLIN },
			{ .fd = stop ? -1 : interrupt_fd(), .events = POLLIN },
		};
		struct err err = ERR_INIT;
		eventfd_t count;

		if (stop) {
			interrupt_break(true);
			interrupt_kick(threads[0]);
			interrupt_kick(threads[1]);
		}
		if (poll(fds, 2, stop ? KICK_MS : TICK_MS) > 0 && fds[0].revents)
			eventfd_read(ring->done, &count);
		if (!stop && interrupt_check(&err))
			ring_fail(ring, &err);
		show_progress(ring, started, false);
	}
	interrupt_break(false);
	show_progress(ring, started, true);
}

/* Starts both threads and joins what was started; 0 or an errno. */
static int run_threads(struct ring *ring)
{
	pthread_t threads[2];
	struct err err = ERR_INIT;
	int num;

	num = pthread_create(&threads[0], NULL, source_thread, ring);
	if (num)
		return num;
	num = pthread_create(&threads[1], NULL, sink_thread, ring);
	if (num) {
		err_set(&err, ERR_NO_MEMORY, num, "starting a thread");
		ring_fail(ring, &err);
		pthread_mutex_lock(&ring->lock);
		ring->running--;
		pthread_mutex_unlock(&ring->lock);
		threads[1] = threads[0];
	}
	watch_threads(ring, threads);
	pthread_join(threads[0], NULL);
	if (!num)
		pthread_join(threads[1], NULL);
	return 0;
}

/*
 * Has the kernel provide the pages that will be used. Near the limit of a
 * memory cgroup the driver is refused memory, but a page fault of this process
 * would call the OOM killer.
 */
static void populate_memory(unsigned char *memory, uint64_t total_bytes)
{
	size_t size = (size_t)PUMP_BLOCKS * PUMP_BLOCK;

	if (total_bytes && total_bytes < size)
		size = (total_bytes + 4095) & ~(size_t)4095;
	/* Kernels before 5.14 do not have it: they fault page by page. */
	madvise(memory, size, MADV_POPULATE_WRITE);
}

int pump_run(const struct pump *pump, uint64_t *bytes, struct err *err)
{
	struct ring ring = {
		.pump = pump,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.moved = PTHREAD_COND_INITIALIZER,
		.running = 2,
		.err = ERR_INIT,
	};
	AUTO_FREE unsigned char *memory = NULL;
	AUTO_CLOSE int done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int num;

	if (bytes)
		*bytes = 0;
	if (done < 0)
		return err_set(err, ERR_INTERNAL, errno, "eventfd");
	memory = aligned_alloc(4096, (size_t)PUMP_BLOCKS * PUMP_BLOCK);
	if (!memory)
		return err_set(err, ERR_NO_MEMORY, 0, "buffers of %u MiB",
			       PUMP_BLOCKS * PUMP_BLOCK >> 20);
	populate_memory(memory, pump->sample.total_bytes);
	for (unsigned int i = 0; i < PUMP_BLOCKS; i++)
		ring.blocks[i].data = memory + (size_t)i * PUMP_BLOCK;
	ring.done = done;
	num = run_threads(&ring);
	if (num)
		return err_set(err, ERR_NO_MEMORY, num, "starting a thread");
	if (bytes)
		*bytes = ring.bytes;
	if (!ring.stop)
		return 0;
	*err = err_is_set(err) ? *err : ring.err;
	return -1;
}
