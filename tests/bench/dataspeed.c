/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a driver's data fds are, and for how long a save stops a device.
 *
 *   dataspeed rates FROM INTO BYTES ROUNDS
 *	one object a round: a copy of BYTES from memory to memory (memcpy(), or
 *	a word at a time where that is faster), from a file
 *	in memory and into a new one, from FROM's data fd, and into INTO's.
 *	What arrives before the last bytes is timed apart from these, since
 *	they begin the firmware's load.
 *   dataspeed stopped DEVICE [precopy]
 *	one object: from RUNNING, or PRE_COPY, to the last byte's arrival
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "cmd/device.h"
#include "vfio/walk.h"
#include "vfio/migration.h"
#include "vfio/open.h"

#define PIECE (1u << 20) /* what QEMU reads and writes at once */
#define LAST 16          /* bytes that make an image whole */
#define SLACK (4u << 20) /* what the stream has beyond the state */
#define PRECOPY_ROUNDS 3 /* after the first image */

/* An open device, which is in RUNNING between two measurements. */
struct subject {
	struct vdev vdev;
	struct device device;
	struct mig_caps caps;
	struct walker walker;
	struct walk walk;
};

static int subject_open(struct subject *s, char *name, struct err *err)
{
	s->vdev = (struct vdev)VDEV_INIT;
	if (device_resolve(name, &s->device, err) ||
	    vdev_open(&s->vdev, &s->device, VDEV_CHANGE, err) ||
	    mig_caps_read(&s->vdev, &s->caps, err))
		return -1;
	return 0;
}

/* From where it is. Each walk is noted from its beginning: there is room for a few arcs alone. */
static int go(struct subject *s, enum device_state target, int *data,
	      struct err *err)
{
	s->walk = (struct walk){ 0 };
	if (walker_init(&s->walker, &s->vdev, s->caps.flags, &s->walk, err))
		return -1;
	return walk_to(&s->walker, target, data, err);
}

/* Reads until there is nothing, or nothing for now: bytes, or -1. */
static int64_t read_all(int fd, char *to, size_t room)
{
	size_t got = 0;
	ssize_t n;

	while ((n = read(fd, to + got, room - got < PIECE ? room - got :
							    PIECE)) > 0)
		got += (size_t)n;
	return n < 0 && errno != ENOMSG ? -1 : (int64_t)got;
}

static int write_all(int fd, const char *from, size_t left)
{
	while (left) {
		ssize_t n = write(fd, from, left < PIECE ? left : PIECE);

		if (n <= 0)
			return -1;
		from += n;
		left -= (size_t)n;
	}
	return 0;
}

/* The figures of one round, in nanoseconds. */
struct round {
	uint64_t memcpy, file_read, file_write, arc, read, write, load;
	int64_t bytes;
};

/* Words, as kernels copy: an emulated processor is much faster at these than at the vectors of memcpy(). */
static void word_copy(void *to, const void *from, size_t size)
{
	size_t at = 0;

#if defined(__x86_64__)
	for (; at + 32 <= size; at += 32)
		__asm__ volatile("movq (%1), %%r8\n\tmovq 8(%1), %%r9\n\t"
				 "movq 16(%1), %%r10\n\tmovq 24(%1), %%r11\n\t"
				 "movq %%r8, (%0)\n\tmovq %%r9, 8(%0)\n\t"
				 "movq %%r10, 16(%0)\n\tmovq %%r11, 24(%0)"
				 :
				 : "r"((char *)to + at),
				   "r"((const char *)from + at)
				 : "r8", "r9", "r10", "r11", "memory");
#endif
	memcpy((char *)to + at, (const char *)from + at, size - at);
}

static uint64_t copy_time(void (*copy)(void *, const void *, size_t), char *to,
			  const char *from, size_t size)
{
	uint64_t at = now_ns();

	copy(to, from, size);
	return now_ns() - at;
}

static void vector_copy(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
}

static int with_memory(struct round *round, char *a, char *b, size_t size)
{
	AUTO_CLOSE int file = memfd_create("dataspeed", MFD_CLOEXEC);
	uint64_t vector = copy_time(vector_copy, b, a, size);
	uint64_t words = copy_time(word_copy, b, a, size);
	uint64_t at = now_ns();

	round->memcpy = vector < words ? vector : words;
	if (file < 0 || write_all(file, a, size) || lseek(file, 0, SEEK_SET))
		return -1;
	round->file_write = now_ns() - at;
	at = now_ns();
	if (read_all(file, b, size) != (int64_t)size)
		return -1;
	round->file_read = now_ns() - at;
	return 0;
}

static int take(struct subject *s, struct round *round, char *to, size_t room,
		struct err *err)
{
	AUTO_CLOSE int data = -1;
	uint64_t at;

	if (go(s, STATE_STOP, NULL, err))
		return -1;
	at = now_ns();
	if (go(s, STATE_STOP_COPY, &data, err))
		return -1;
	round->arc = now_ns() - at;
	at = now_ns();
	round->bytes = read_all(data, to, room);
	round->read = now_ns() - at;
	if (round->bytes < LAST)
		return err_from_errno(err, errno, "read");
	return go(s, STATE_RUNNING, NULL, err);
}

static int give(struct subject *s, struct round *round, const char *from,
		struct err *err)
{
	size_t most = (size_t)round->bytes - LAST;
	AUTO_CLOSE int data = -1;
	uint64_t at;

	if (go(s, STATE_RESUMING, &data, err))
		return -1;
	at = now_ns();
	if (write_all(data, from, most))
		return err_from_errno(err, errno, "write");
	round->write = now_ns() - at;
	at = now_ns();
	if (write_all(data, from + most, LAST))
		return err_from_errno(err, errno, "write");
	round->load = now_ns() - at;
	return go(s, STATE_RUNNING, NULL, err);
}

static void print_round(const struct round *r)
{
	printf("{\"memcpy_ns\": %" PRIu64 ", \"file_read_ns\": %" PRIu64
	       ", \"file_write_ns\": %" PRIu64 ", \"arc_ns\": %" PRIu64
	       ", \"read_ns\": %" PRIu64 ", \"write_ns\": %" PRIu64
	       ", \"load_ns\": %" PRIu64 ", \"bytes\": %" PRId64 "}\n",
	       r->memcpy, r->file_read, r->file_write, r->arc, r->read,
	       r->write, r->load, r->bytes);
}

/* The first round warms up, and is not told. */
static int run_rates(char **argv, struct err *err)
{
	size_t size = strtoull(argv[2], NULL, 0), room = size + SLACK;
	long rounds = strtol(argv[3], NULL, 0);
	AUTO_FREE char *a = malloc(room), *b = malloc(room);
	struct subject from, into;

	if (!a || !b)
		return err_from_errno(err, ENOMEM, "%zu bytes", room);
	memset(a, 1, room);
	memset(b, 2, room);
	if (subject_open(&from, argv[0], err) ||
	    subject_open(&into, argv[1], err))
		return -1;
	for (long i = 0; i <= rounds; i++) {
		struct round round = { 0 };

		if (with_memory(&round, a, b, size))
			return err_from_errno(err, errno, "a file in memory");
		if (take(&from, &round, a, room, err) ||
		    give(&into, &round, a, err))
			return -1;
		if (i)
			print_round(&round);
	}
	return 0;
}

/* The first image, and what has changed a few times over: what a save does before it stops the device. */
static int while_it_runs(struct subject *s, int *data, char *buf,
			 struct err *err)
{
	struct precopy_info info;

	if (go(s, STATE_PRE_COPY, data, err))
		return -1;
	for (int i = 0; i <= PRECOPY_ROUNDS; i++) {
		if (i && mig_precopy_info(*data, &info))
			return err_from_errno(err, errno, "precopy info");
		while (true) {
			ssize_t n = read(*data, buf, PIECE);

			if (n < 0 && errno == ENOMSG)
				break;
			if (n <= 0)
				return err_from_errno(err, errno, "read");
		}
	}
	return 0;
}

static int run_stopped(char **argv, bool precopy, struct err *err)
{
	AUTO_FREE char *buf = calloc(1, PIECE);
	AUTO_CLOSE int data = -1;
	uint64_t begun, stopped;
	struct subject s;
	int64_t bytes = 0;
	ssize_t n;

	if (!buf || subject_open(&s, argv[0], err))
		return -1;
	if (precopy && while_it_runs(&s, &data, buf, err))
		return -1;
	begun = now_ns();
	if (go(&s, STATE_STOP_COPY, precopy ? NULL : &data, err))
		return -1;
	stopped = now_ns();
	while ((n = read(data, buf, PIECE)) > 0)
		bytes += n;
	if (n < 0)
		return err_from_errno(err, errno, "read");
	printf("{\"stopped_ns\": %" PRIu64 ", \"arcs_ns\": %" PRIu64
	       ", \"bytes\": %" PRId64 "}\n",
	       now_ns() - begun, stopped - begun, bytes);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int ret = 2;

	if (argc == 6 && !strcmp(argv[1], "rates"))
		ret = run_rates(argv + 2, &err);
	else if (argc == 3 && !strcmp(argv[1], "stopped"))
		ret = run_stopped(argv + 2, false, &err);
	else if (argc == 4 && !strcmp(argv[1], "stopped") &&
		 !strcmp(argv[3], "precopy"))
		ret = run_stopped(argv + 2, true, &err);
	if (ret == 2)
		fprintf(stderr, "usage: dataspeed rates FROM INTO BYTES ROUNDS | stopped DEVICE [precopy]\n");
	else if (ret)
		fprintf(stderr, "dataspeed: %s\n", err.message);
	return ret < 0 ? 1 : ret;
}
