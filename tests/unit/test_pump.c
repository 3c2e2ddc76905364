/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/interrupt.h"
#include "image/pump.h"
#include "image/writer.h"
#include "tests/unit/check.h"

/* A source that counts: blocks of odd sizes, then the end or a failure. */
struct counter {
	uint64_t left;
	uint64_t at;
	unsigned int failing; /* an errno at the end */
	_Atomic uint64_t taken; /* by the sink */
	uint64_t ahead;       /* the most that was given and not yet taken */
	uint64_t sink_limit;  /* the sink fails after as many bytes; 0: never */
	enum phase phase;
	bool whole; /* every block full, but the last */
	bool wrong;
};

static int count(struct pump_block *block, void *data, struct err *err)
{
	struct counter *c = data;
	size_t len = c->whole || c->at % 7 == 0 ? PUMP_BLOCK : 4097;

	if (!c->left && c->failing)
		return err_set(err, ERR_IO, (int)c->failing, "the source");
	len = len < c->left ? len : c->left;
	for (size_t i = 0; i < len; i++)
		block->data[i] = (unsigned char)((c->at + i) * 131 >> 7);
	block->len = len;
	block->phase = c->phase;
	c->at += len;
	c->left -= len;
	if (c->at - c->taken > c->ahead)
		c->ahead = c->at - c->taken;
	return len > 0;
}

static int uncount(const struct pump_block *block, void *data, struct err *err)
{
	struct counter *c = data;

	for (size_t i = 0; i < block->len; i++)
		c->wrong |= block->data[i] !=
			    (unsigned char)((c->taken + i) * 131 >> 7);
	c->wrong |= block->phase != c->phase;
	c->taken += block->len;
	if (c->sink_limit && c->taken >= c->sink_limit)
		return err_set(err, ERR_NO_SPACE, ENOSPC, "the sink");
	return 0;
}

static struct pump counting(struct counter *c)
{
	return (struct pump){ .source = count, .source_data = c,
			      .sink = uncount, .sink_data = c };
}

static void everything_arrives_in_order(void)
{
	struct counter c = { .left = 12 * PUMP_BLOCK + 13,
			     .phase = PHASE_STOP_COPY };
	struct pump pump = counting(&c);
	struct err err = ERR_INIT;
	uint64_t bytes;

	CHECK_INT(pump_run(&pump, &bytes, &err), 0);
	CHECK_INT(bytes, 12 * PUMP_BLOCK + 13);
	CHECK(!c.wrong);
	CHECK(c.ahead <= (uint64_t)(PUMP_BLOCKS + 1) * PUMP_BLOCK);
}

static void nothing_is_fine_too(void)
{
	struct counter c = { .left = 0 };
	struct pump pump = counting(&c);
	struct err err = ERR_INIT;
	uint64_t bytes = 1;

	CHECK_INT(pump_run(&pump, &bytes, &err), 0);
	CHECK_INT(bytes, 0);
}

static void a_failing_source_is_told(void)
{
	struct counter c = { .left = PUMP_BLOCK, .failing = ENODEV };
	struct pump pump = counting(&c);
	struct err err = ERR_INIT;

	CHECK_INT(pump_run(&pump, NULL, &err), -1);
	CHECK_INT(err.code, ERR_IO);
	CHECK_INT(err.num, ENODEV);
}

static void a_failing_sink_ends_the_source(void)
{
	struct counter c = { .left = UINT64_MAX, .sink_limit = 3 * PUMP_BLOCK };
	struct pump pump = counting(&c);
	struct err err = ERR_INIT;

	CHECK_INT(pump_run(&pump, NULL, &err), -1);
	CHECK_INT(err.code, ERR_NO_SPACE);
}

/* The source sits in read(2) for ever; the sink's failure must get it out. */
struct stuck {
	struct pump_fd from, to;
	bool given;
};

static int one_block_then_stuck(struct pump_block *block, void *data, struct err *err)
{
	struct stuck *stuck = data;

	if (stuck->given)
		return pump_source_fd(block, &stuck->from, err);
	stuck->given = true;
	memset(block->data, 1, PUMP_BLOCK);
	block->len = PUMP_BLOCK;
	return 1;
}

static void a_broken_pipe_gets_the_reader_out(void)
{
	int in[2], out[2], begun;
	struct stuck stuck = { .from = { .name = "in" } };
	struct pump pump = { .source = one_block_then_stuck,
			     .source_data = &stuck,
			     .sink = pump_sink_fd,
			     .sink_data = &stuck.to };
	struct err err = ERR_INIT;

	CHECK_INT(pipe(in), 0);
	CHECK_INT(pipe(out), 0);
	close(out[0]);
	stuck.from.fd = in[0];
	stuck.to = (struct pump_fd){ .fd = out[1], .name = "out" };
	begun = interrupt_begin(&err);
	CHECK_INT(begun, 0);
	CHECK_INT(pump_run(&pump, NULL, &err), -1);
	CHECK_INT(err.num, EPIPE);
	interrupt_end();
	close(in[0]);
	close(in[1]);
	close(out[1]);
}

static void *later_sigterm(void *data)
{
	(void)data;
	usleep(50000);
	kill(getpid(), SIGTERM);
	return NULL;
}

/* Both sit in the kernel: nothing comes in, and nobody takes what goes out. */
static void a_signal_gets_both_out(void)
{
	int in[2], out[2];
	pthread_t thread;
	struct stuck stuck = { .from = { .name = "in" } };
	struct pump pump = { .source = one_block_then_stuck,
			     .source_data = &stuck,
			     .sink = pump_sink_fd,
			     .sink_data = &stuck.to };
	struct err err = ERR_INIT;

	CHECK_INT(pipe(in), 0);
	CHECK_INT(pipe(out), 0);
	stuck.from.fd = in[0];
	stuck.to = (struct pump_fd){ .fd = out[1], .name = "out" };
	CHECK_INT(interrupt_begin(&err), 0);
	CHECK_INT(pthread_create(&thread, NULL, later_sigterm, NULL), 0);
	CHECK_INT(pump_run(&pump, NULL, &err), -1);
	CHECK_INT(err.code, ERR_INTERRUPTED);
	CHECK_INT(err_exit_status(&err), 128 + SIGTERM);
	CHECK(!interrupt_wanted());
	pthread_join(thread, NULL);
	interrupt_end();
	for (int i = 0; i < 2; i++) {
		close(in[i]);
		close(out[i]);
	}
}

static void a_signal_before_the_start_counts(void)
{
	struct counter c = { .left = UINT64_MAX };
	struct pump pump = counting(&c);
	struct err err = ERR_INIT;

	signal(SIGINT, SIG_DFL); /* a shell's background job ignores it */
	CHECK_INT(interrupt_begin(&err), 0);
	kill(getpid(), SIGINT);
	CHECK_INT(pump_run(&pump, NULL, &err), -1);
	CHECK_INT(err_exit_status(&err), 128 + SIGINT);
	interrupt_end();
}

static void an_ignored_signal_stays_ignored(void)
{
	struct err err = ERR_INIT;

	signal(SIGHUP, SIG_IGN);
	CHECK_INT(interrupt_begin(&err), 0);
	kill(getpid(), SIGHUP);
	CHECK_INT(interrupt_signal(), 0);
	interrupt_end();
	signal(SIGHUP, SIG_DFL);
}

static void seen(const struct progress *progress, void *data)
{
	CHECK_STR(progress->phase, "test");
	*(uint64_t *)data = progress->bytes;
}

static void the_last_sample_is_whole(void)
{
	struct counter c = { .left = 5 * PUMP_BLOCK };
	struct pump pump = counting(&c);
	struct err err = ERR_INIT;
	uint64_t last = 0;

	pump.progress = seen;
	pump.progress_data = &last;
	pump.sample = (struct progress){ .device = "x", .phase = "test" };
	CHECK_INT(pump_run(&pump, NULL, &err), 0);
	CHECK_INT(last, 5 * PUMP_BLOCK);
}

/* As save works: one thread reads and digests a member, the other writes it. */
struct saving {
	struct counter counter;
	struct image_writer *writer;
};

static int read_member(struct pump_block *block, void *data, struct err *err)
{
	struct saving *saving = data;
	int ret = count(block, &saving->counter, err);

	if (ret > 0)
		image_writer_digest(saving->writer, block->phase, block->data,
				    block->len, block->digest);
	return ret;
}

static int write_member(const struct pump_block *block, void *data, struct err *err)
{
	struct saving *saving = data;

	return image_writer_member(saving->writer, block->phase, block->data,
				   block->len, block->digest, err);
}

static int write_bytes(const struct pump_block *block, void *data, struct err *err)
{
	struct saving *saving = data;

	return image_writer_data(saving->writer, block->phase, block->data, block->len, err);
}

/* An image of 3 members and a little, made in one of the two ways; its size. */
static size_t make_image(int fd, bool apart, bool raw, char *buf, size_t size)
{
	const struct image_options options = { .raw = raw };
	struct saving saving = {
		.counter = { .left = 3 * PUMP_BLOCK + 5, .whole = true,
			     .phase = PHASE_STOP_COPY },
	};
	struct pump pump = { .source = apart ? read_member : count,
			     .source_data = &saving,
			     .sink = apart ? write_member : write_bytes,
			     .sink_data = &saving };
	struct image_totals totals = {};
	struct err err = ERR_INIT;
	ssize_t n;

	CHECK_INT(image_writer_open(&saving.writer, fd, &options, "{}", 2, &err),
		  0);
	CHECK_INT(pump_run(&pump, NULL, &err), 0);
	CHECK_INT(image_writer_flush(saving.writer, &totals, &err), 0);
	CHECK_INT(totals.bytes, 3 * PUMP_BLOCK + 5);
	CHECK_INT(strlen(totals.digest), DIGEST_TEXT_SIZE - 1);
	CHECK_INT(image_writer_finish(saving.writer, totals.digest,
				      sizeof(totals.digest) - 1, &err), 0);
	image_writer_free(saving.writer);
	n = pread(fd, buf, size, 0);
	CHECK(n > 3 * (ssize_t)PUMP_BLOCK - 1);
	return n < 0 ? 0 : (size_t)n;
}

static void digested_apart_it_is_the_same_image(void)
{
	size_t size = 4 * PUMP_BLOCK;
	AUTO_FREE char *one = malloc(size);
	AUTO_FREE char *two = malloc(size);

	for (int raw = 0; raw < 2; raw++) {
		AUTO_CLOSE int fd = memfd_create("one", MFD_CLOEXEC);
		AUTO_CLOSE int fd2 = memfd_create("two", MFD_CLOEXEC);
		size_t n = make_image(fd, false, raw, one, size);

		CHECK_INT(make_image(fd2, true, raw, two, size), n);
		CHECK(!memcmp(one, two, n));
	}
}

int main(void)
{
	alarm(60);
	CASE(everything_arrives_in_order);
	CASE(nothing_is_fine_too);
	CASE(a_failing_source_is_told);
	CASE(a_failing_sink_ends_the_source);
	CASE(a_broken_pipe_gets_the_reader_out);
	CASE(a_signal_gets_both_out);
	CASE(a_signal_before_the_start_counts);
	CASE(an_ignored_signal_stays_ignored);
	CASE(the_last_sample_is_whole);
	CASE(digested_apart_it_is_the_same_image);
	return CHECK_DONE();
}
