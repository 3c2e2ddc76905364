/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When pre-copy ends, how a round is read, and the time without the device taken apart. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/interrupt.h"
#include "migrate/precopy.h"
#include "migrate/transfer.h"
#include "tests/unit/check.h"

static const struct precopy_limits limits = {
	.dirty_bytes = 100, .rounds = 3, .time_ns = 1000,
};

static enum precopy_end judge(unsigned int rounds, uint64_t elapsed,
			      uint64_t initial, uint64_t dirty)
{
	struct precopy_info left = { initial, dirty };

	return precopy_judge(&limits, rounds, elapsed, &left);
}

static void it_goes_on_while_much_is_left(void)
{
	CHECK_INT(judge(0, 0, 4000, 0), PRECOPY_GOES_ON);
	CHECK_INT(judge(2, 999, 0, 101), PRECOPY_GOES_ON);
}

static void little_enough_is_the_good_end(void)
{
	CHECK_INT(judge(1, 5, 0, 100), PRECOPY_DIRTY);
	CHECK_INT(judge(1, 5, 0, 0), PRECOPY_DIRTY);
	/* also when the others are reached at the same time */
	CHECK_INT(judge(3, 1000, 0, 100), PRECOPY_DIRTY);
	/* not before the first part is read, be it ever so small */
	CHECK_INT(judge(0, 0, 1, 0), PRECOPY_GOES_ON);
}

static void rounds_and_time_end_it_in_any_case(void)
{
	CHECK_INT(judge(3, 0, 0, 101), PRECOPY_ROUNDS);
	CHECK_INT(judge(3, 0, 1, 0), PRECOPY_ROUNDS);
	CHECK_INT(judge(0, 1000, 4000, 0), PRECOPY_TIME);
	CHECK_INT(judge(2, 1000, 0, 101), PRECOPY_TIME);
}

static void no_bytes_at_all_is_a_limit_too(void)
{
	const struct precopy_limits none = { 0, 3, 1000 };
	struct precopy_info left = { 0, 1 };

	CHECK_INT(precopy_judge(&none, 1, 0, &left), PRECOPY_GOES_ON);
	left.dirty_bytes = 0;
	CHECK_INT(precopy_judge(&none, 1, 0, &left), PRECOPY_DIRTY);
}

static void ends_have_names(void)
{
	CHECK(!precopy_end_name(PRECOPY_GOES_ON));
	CHECK_STR(precopy_end_name(PRECOPY_DIRTY), "dirty");
	CHECK_STR(precopy_end_name(PRECOPY_ROUNDS), "rounds");
	CHECK_STR(precopy_end_name(PRECOPY_TIME), "time");
	CHECK(!precopy_end_name(PRECOPY_END_COUNT));
}

static void walk(struct transfer *transfer, enum device_state from,
		 enum device_state to, uint64_t begun, uint64_t duration)
{
	transfer->walk.arcs[transfer->walk.n_arcs++] = (struct arc){
		.from = from, .to = to, .begun_ns = begun,
		.duration_ns = duration,
	};
}

static void stopped_time_begins_where_pre_copy_is_left(void)
{
	struct transfer transfer = { .read_begun_ns = 700, .read_ended_ns = 900 };
	struct stopped stopped;

	transfer.phases[PHASE_PRE_COPY].bytes = 5000;
	transfer.phases[PHASE_STOP_COPY].bytes = 60;
	walk(&transfer, STATE_RUNNING, STATE_PRE_COPY, 100, 30);
	walk(&transfer, STATE_PRE_COPY, STATE_PRE_COPY_P2P, 500, 10);
	walk(&transfer, STATE_PRE_COPY_P2P, STATE_STOP_COPY, 550, 100);
	walk(&transfer, STATE_STOP_COPY, STATE_STOP, 1000, 7);
	walk(&transfer, STATE_STOP, STATE_RUNNING_P2P, 1010, 7);
	CHECK(transfer_stopped(&transfer, &stopped));
	CHECK_INT(stopped.n_arcs, 2);
	CHECK_INT(stopped.arcs[0].from, STATE_PRE_COPY);
	CHECK_INT(stopped.arcs_ns, 110);
	CHECK_INT(stopped.read_ns, 200);
	CHECK_INT(stopped.duration_ns, 400);
	CHECK_INT(stopped.bytes, 60);
}

static void stopped_time_begins_where_running_is_left(void)
{
	struct transfer transfer = { .read_begun_ns = 40, .read_ended_ns = 90 };
	struct stopped stopped;

	walk(&transfer, STATE_RUNNING, STATE_RUNNING_P2P, 10, 5);
	walk(&transfer, STATE_RUNNING_P2P, STATE_STOP, 15, 5);
	walk(&transfer, STATE_STOP, STATE_STOP_COPY, 20, 20);
	CHECK(transfer_stopped(&transfer, &stopped));
	CHECK_INT(stopped.n_arcs, 3);
	CHECK_INT(stopped.duration_ns, 80);
	CHECK_INT(stopped.arcs_ns, 30);
}

/* It stood before anybody came: what the save took is all that can be told. */
static void a_stopped_device_is_counted_from_the_first_arc(void)
{
	struct transfer transfer = { .read_begun_ns = 40, .read_ended_ns = 90 };
	struct stopped stopped;

	walk(&transfer, STATE_STOP, STATE_STOP_COPY, 20, 20);
	CHECK(transfer_stopped(&transfer, &stopped));
	CHECK_INT(stopped.n_arcs, 1);
	CHECK_INT(stopped.duration_ns, 70);
}

static void without_an_end_there_is_no_stopped_time(void)
{
	struct transfer transfer = { .read_begun_ns = 40 };
	struct stopped stopped;

	CHECK(!transfer_stopped(&transfer, &stopped));
	walk(&transfer, STATE_STOP, STATE_STOP_COPY, 20, 20);
	CHECK(!transfer_stopped(&transfer, &stopped));
	transfer.read_ended_ns = 90;
	transfer.walk.arcs[0].num = 5;
	CHECK(!transfer_stopped(&transfer, &stopped));
}

/* A pipe in place of a data fd: EAGAIN while it is empty, and 0 when the writer has gone, as some drivers end a round. */
struct line {
	int in, out;
	struct round_reader reader;
	unsigned char data[PUMP_BLOCK];
	struct pump_block block;
	struct err err;
};

static struct line line;

static void line_open(uint64_t ms)
{
	int fds[2];

	CHECK_INT(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	line.in = fds[1];
	line.out = fds[0];
	line.reader = (struct round_reader){
		.fd = fds[0], .name = "x",
		.deadline_ns = now_ns() + ms * 1000000u,
	};
	line.block = (struct pump_block){ .data = line.data };
	line.err = (struct err)ERR_INIT;
}

static void line_send(size_t len)
{
	static const char bytes[4096];

	CHECK_INT(write(line.in, bytes, len), len);
}

static void line_end(void)
{
	close(line.in);
	line.in = -1;
}

static int line_read(void)
{
	return round_read(&line.block, &line.reader, &line.err);
}

static void line_close(void)
{
	close(line.out);
	if (line.in >= 0)
		close(line.in);
}

static void a_round_ends_where_nothing_follows(void)
{
	line_open(60000);
	line_send(4096);
	line_send(10);
	line_end();
	CHECK_INT(line_read(), 1);
	CHECK_INT(line.block.len, 4106);
	CHECK_INT(line.block.phase, PHASE_PRE_COPY);
	CHECK_INT(line_read(), 0);
	line_close();
}

static void a_round_of_nothing_ends_too(void)
{
	line_open(60000);
	line_end();
	CHECK_INT(line_read(), 0);
	CHECK_INT(line_read(), 0);
	line_close();
}

static void *later(void *data)
{
	(void)data;
	usleep(50000);
	line_send(7);
	line_end();
	return NULL;
}

static void what_is_not_there_yet_is_waited_for(void)
{
	pthread_t thread;

	line_open(60000);
	CHECK_INT(pthread_create(&thread, NULL, later, NULL), 0);
	CHECK_INT(line_read(), 1);
	CHECK_INT(line.block.len, 7);
	pthread_join(thread, NULL);
	CHECK_INT(line_read(), 0);
	line_close();
}

static void time_ends_a_round_in_the_middle(void)
{
	line_open(100);
	line_send(5);
	CHECK_INT(line_read(), 1);
	CHECK_INT(line.block.len, 5);
	CHECK(now_ns() >= line.reader.deadline_ns);
	line_send(5);
	CHECK_INT(line_read(), 0);
	line_close();
}

static void a_round_that_fails_is_told(void)
{
	line_open(60000);
	line.reader.fd = -1;
	CHECK_INT(line_read(), -1);
	CHECK_INT(line.err.num, EBADF);
	line_close();
}

static void *kicker(void *data)
{
	pthread_t *reading = data;

	usleep(50000);
	interrupt_break(true);
	for (int i = 0; i < 20; i++) {
		interrupt_kick(*reading);
		usleep(5000);
	}
	return NULL;
}

static void a_kick_gets_the_reader_out_of_its_wait(void)
{
	pthread_t self = pthread_self(), thread;
	struct err err = ERR_INIT;

	line_open(60000);
	CHECK_INT(interrupt_begin(&err), 0);
	CHECK_INT(pthread_create(&thread, NULL, kicker, &self), 0);
	CHECK_INT(line_read(), -1);
	CHECK_INT(line.err.num, EINTR);
	pthread_join(thread, NULL);
	interrupt_break(false);
	interrupt_end();
	line_close();
}

int main(void)
{
	alarm(30);
	CASE(it_goes_on_while_much_is_left);
	CASE(little_enough_is_the_good_end);
	CASE(rounds_and_time_end_it_in_any_case);
	CASE(no_bytes_at_all_is_a_limit_too);
	CASE(ends_have_names);
	CASE(a_round_ends_where_nothing_follows);
	CASE(a_round_of_nothing_ends_too);
	CASE(what_is_not_there_yet_is_waited_for);
	CASE(time_ends_a_round_in_the_middle);
	CASE(a_round_that_fails_is_told);
	CASE(a_kick_gets_the_reader_out_of_its_wait);
	CASE(stopped_time_begins_where_pre_copy_is_left);
	CASE(stopped_time_begins_where_running_is_left);
	CASE(a_stopped_device_is_counted_from_the_first_arc);
	CASE(without_an_end_there_is_no_stopped_time);
	return CHECK_DONE();
}
