/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the pump and an image cost on this machine, without a device: bytes
 * from a pipe into a file, by a bare loop, by the pump, and by the pump with
 * the writer of images behind it.
 *
 *   pumpcost bare|pump|image BYTES FILE
 *
 * Prints {"bytes", "duration_ns", "cpu_ns"}; the CPU time is this process's
 * alone, not that of the one that fills the pipe.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "image/pump.h"
#include "image/writer.h"

#define BLOCK (1u << 20)

/* The child: different bytes in every block, and no time spent on them. */
static void fill_pipe(int fd, uint64_t bytes)
{
	AUTO_FREE uint64_t *buf = malloc(BLOCK);

	for (size_t i = 0; i < BLOCK / sizeof(*buf); i++)
		buf[i] = i * 0x9e3779b97f4a7c15u;
	while (bytes) {
		ssize_t n;

		buf[0] = bytes;
		n = write(fd, buf, bytes < BLOCK ? bytes : BLOCK);
		if (n <= 0)
			_exit(1);
		bytes -= (uint64_t)n;
	}
}

static int bare(int from, int to)
{
	AUTO_FREE char *buf = malloc(BLOCK);
	ssize_t n;

	while ((n = read(from, buf, BLOCK)) > 0)
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(to, buf + done, (size_t)(n - done));
			if (w < 0)
				return -1;
		}
	return n < 0 ? -1 : 0;
}

struct reading {
	struct pump_fd from;
	struct image_writer *writer;
};

/* As save does: digests are the reading thread's work. */
static int read_and_digest(struct pump_block *block, void *data,
			   struct err *err)
{
	struct reading *reading = data;
	int ret = pump_source_fd(block, &reading->from, err);

	if (ret > 0 && reading->writer)
		image_writer_digest(reading->writer, block->phase, block->data,
				    block->len, block->digest);
	return ret;
}

static int to_image(const struct pump_block *block, void *data,
		    struct err *err)
{
	return image_writer_member(data, block->phase, block->data,
				   block->len, block->digest, err);
}

static int pumped(int from, int to, struct image_writer *writer,
		  struct err *err)
{
	struct reading in = { .from = { .fd = from, .name = "the pipe" },
			      .writer = writer };
	struct pump_fd out = { .fd = to, .name = "the file" };
	struct pump pump = {
		.source = read_and_digest, .source_data = &in,
		.sink = writer ? to_image : pump_sink_fd,
		.sink_data = writer ? (void *)writer : &out,
	};

	return pump_run(&pump, NULL, err);
}

static int imaged(int from, int to, struct err *err)
{
	const struct image_options options = {};
	struct image_writer *writer = NULL;
	struct image_totals totals;
	int ret;

	if (image_writer_open(&writer, to, &options, "{}", 2, err))
		return -1;
	ret = pumped(from, to, writer, err) ||
	      image_writer_flush(writer, &totals, err) ||
	      image_writer_finish(writer, "{}", 2, err);
	image_writer_free(writer);
	return ret ? -1 : 0;
}

static uint64_t cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
		       1000000000u +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) *
		       1000u;
}

static int run(const char *how, uint64_t bytes, int from, int to)
{
	uint64_t cpu = cpu_ns(), started = now_ns();
	struct err err = ERR_INIT;
	int ret;

	if (!strcmp(how, "bare"))
		ret = bare(from, to);
	else if (!strcmp(how, "pump"))
		ret = pumped(from, to, NULL, &err);
	else
		ret = imaged(from, to, &err);
	if (ret) {
		fprintf(stderr, "pumpcost: %s\n", err.message);
		return 1;
	}
	printf("{\"bytes\": %" PRIu64 ", \"duration_ns\": %" PRIu64
	       ", \"cpu_ns\": %" PRIu64 "}\n",
	       bytes, now_ns() - started, cpu_ns() - cpu);
	return 0;
}

int main(int argc, char **argv)
{
	AUTO_CLOSE int to = -1;
	uint64_t bytes;
	int pipes[2], ret;
	pid_t child;

	if (argc != 4) {
		fprintf(stderr, "usage: pumpcost bare|pump|image BYTES FILE\n");
		return 2;
	}
	bytes = strtoull(argv[2], NULL, 10);
	to = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (to < 0 || pipe(pipes))
		return 1;
	fcntl(pipes[0], F_SETPIPE_SZ, BLOCK);
	child = fork();
	if (child < 0)
		return 1;
	if (!child) {
		close(pipes[0]);
		fill_pipe(pipes[1], bytes);
		_exit(0);
	}
	close(pipes[1]);
	ret = run(argv[1], bytes, pipes[0], to);
	close(pipes[0]);
	waitpid(child, NULL, 0);
	return ret;
}
