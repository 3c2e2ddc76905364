/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/precopy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/interrupt.h"
#include "vfio/migration.h"

#define ASK_AGAIN_MS 1000 /* read again although poll(2) says nothing */

static int read_failed(const struct round_reader *reader, int num, struct err *err)
{
	return err_set(err, ERR_IO, num, "reading %s before it stops", reader->name);
}

/* 0, or -1 when it is to give up. */
static int wait_for_data(struct round_reader *reader, struct err *err)
{
	struct pollfd fd = { .fd = reader->fd, .events = POLLIN };
	uint64_t now = now_ns(), left_ms;
	int ret;

	if (now >= reader->deadline_ns)
		return 0;
	left_ms = (reader->deadline_ns - now) / 1000000u + 1;
	ret = poll(&fd, 1, left_ms < ASK_AGAIN_MS ? (int)left_ms : ASK_AGAIN_MS);
	if (ret < 0 && (errno != EINTR || interrupt_wanted()))
		return read_failed(reader, errno, err);
	reader->ready = ret > 0;
	return 0;
}

/* Nothing to read just now, and @num says why. */
static int no_data(struct round_reader *reader, int num, struct err *err)
{
	switch (num) {
	case EINTR:
		return interrupt_wanted() ? read_failed(reader, num, err) : 0;
	case ENOMSG:
		if (!reader->got && !reader->ready)
			return wait_for_data(reader, err);
		reader->over = true;
		return 0;
	case EAGAIN:
		return wait_for_data(reader, err);
	default:
		return read_failed(reader, num, err);
	}
}

int round_read(struct pump_block *block, void *data, struct err *err)
{
	struct round_reader *reader = data;

	block->len = 0;
	block->phase = PHASE_PRE_COPY;
	while (!reader->over && block->len < PUMP_BLOCK) {
		ssize_t n;

		if (now_ns() >= reader->deadline_ns)
			break;
		n = read(reader->fd, block->data + block->len, PUMP_BLOCK - block->len);
		if (n > 0) {
			block->len += (size_t)n;
			reader->got = true;
		} else if (no_data(reader, n ? errno : ENOMSG, err)) {
			return -1;
		}
	}
	return block->len > 0;
}

static struct precopy *precopy_of(const struct save_file *p)
{
	return &p->dev.result->transfer.precopy;
}

/* Where a device that is left in @rest gives its state meanwhile; STOP: nowhere. */
static enum device_state state_for(enum device_state rest)
{
	switch (rest) {
	case STATE_RUNNING:
		return STATE_PRE_COPY;
	case STATE_RUNNING_P2P:
		return STATE_PRE_COPY_P2P;
	default:
		return STATE_STOP;
	}
}

int precopy_check(struct save_file *p, struct err *err)
{
	const char *name = p->dev.device->name;
	enum device_state state = state_for(p->dev.rest);

	if (!(p->dev.caps.flags & MIG_PRE_COPY)) {
		if (p->options->precopy_where_offered)
			return 0;
		err_set(err, ERR_UNSUPPORTED, 0, "%s: its driver offers no pre-copy", name);
		err_hint(err, "save it without --precopy, or with --precopy=auto");
		return err_device(err, name);
	}
	p->precopied = state != STATE_STOP;
	if (!p->precopied && !p->options->precopy_where_offered)
		transfer_result_warn(p->dev.result,
				     "it stands still, and was saved without pre-copy");
	return 0;
}

/* A session that somebody lost ends first; the data fd must not block, since time and signals count. */
static int enter_precopy(struct save_file *p, struct err *err)
{
	struct mig_device *dev = &p->dev;

	precopy_of(p)->begun = true;
	precopy_of(p)->limits = p->options->precopy_limits;
	if (interrupt_check(err) ||
	    mig_device_walk(dev, dev->rest, NULL, err) ||
	    mig_device_walk(dev, state_for(dev->rest), &p->data_fd, err))
		return -1;
	if (fcntl(p->data_fd, F_SETFL, O_RDONLY | O_NONBLOCK))
		return err_set(err, ERR_INTERNAL, errno, "fcntl");
	return 0;
}

static int ask_left(struct save_file *p, struct err *err)
{
	int ret = mig_precopy_info(p->data_fd, &precopy_of(p)->left);

	if (!ret)
		return 0;
	err_set(err, ERR_IO, -ret, "%s does not tell what is left to be read", p->dev.device->name);
	return err_device(err, p->dev.device->name);
}

static int one_round(struct save_file *p, uint64_t begun_ns, struct err *err)
{
	struct precopy *precopy = precopy_of(p);
	struct precopy_round *round = &precopy->rounds[precopy->n_rounds++];
	struct round_reader reader = {
		.fd = p->data_fd,
		.name = p->dev.device->name,
		.deadline_ns = begun_ns + precopy->limits.time_ns,
	};
	const struct progress sample = {
		.round = precopy->n_rounds,
		.initial_bytes = precopy->left.initial_bytes,
		.dirty_bytes = precopy->left.dirty_bytes,
		.total_bytes = precopy->left.initial_bytes + precopy->left.dirty_bytes,
	};
	uint64_t started = now_ns();
	int ret;

	round->before = precopy->left;
	ret = save_file_pump(p, PHASE_PRE_COPY, round_read, &reader, &sample, &round->bytes, err);
	round->duration_ns = now_ns() - started;
	return ret;
}

/* 1: it had a round; 0: it needs none just now; -1. */
static int read_one_round(struct save_file *p, uint64_t begun_ns, struct err *err)
{
	struct precopy *precopy = precopy_of(p);
	uint64_t elapsed;

	if (interrupt_check(err) || ask_left(p, err))
		return -1;
	elapsed = now_ns() - begun_ns;
	precopy->duration_ns = elapsed;
	precopy->end = precopy_judge(&precopy->limits, precopy->n_rounds, elapsed, &precopy->left);
	if (precopy->end != PRECOPY_GOES_ON)
		return 0;
	return one_round(p, begun_ns, err) ? -1 : 1;
}

/*
 * Firmware that does not track a device has nothing to give while it runs, and
 * the driver saves all of it afterwards.
 */
static void warn_if_in_vain(struct save_file *p)
{
	const struct record_parser *records = &p->dev.result->transfer.records;

	if (records->format == STREAM_RECORDS && !records->fw_bytes)
		transfer_result_warn(p->dev.result,
				     "the firmware saved nothing while it ran: all of its state was read while it stood still");
}

int precopy_run(struct save_file *saves, size_t n, struct err *err)
{
	uint64_t begun_ns = now_ns();
	bool more = true;

	for (size_t i = 0; i < n; i++)
		if (saves[i].precopied && enter_precopy(&saves[i], err))
			return -1;
	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			int ret = saves[i].precopied ? read_one_round(&saves[i], begun_ns, err) : 0;

			if (ret < 0)
				return -1;
			more |= ret > 0;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (!saves[i].precopied)
			continue;
		warn_if_in_vain(&saves[i]);
		if (fcntl(saves[i].data_fd, F_SETFL, O_RDONLY))
			return err_set(err, ERR_INTERNAL, errno, "fcntl");
	}
	return 0;
}
