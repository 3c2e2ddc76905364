/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conform/data.h"
#include "conform/harness.h"
#include "lib/cleanup.h"
#include "lib/io.h"
#include "vfio/migration.h"

#define NEAR 4          /* times too much or too little: no estimate any more */
#define SLACK (64u << 10) /* of a state that is small anyway */

/* Loads @bytes of @file: 0, or what refused them, the write or the arc to STOP. */
static int load_state(struct harness *t, int file, uint64_t bytes, size_t piece, bool *entered)
{
	AUTO_CLOSE int fd = -1;
	int ret;

	*entered = harness_enter(t, STATE_RESUMING, &fd);
	if (!*entered)
		return 0;
	ret = data_feed(t, fd, file, bytes, piece);
	return ret ? ret : harness_set(t, STATE_STOP);
}

static bool load_well(struct harness *t, int file, uint64_t bytes, size_t piece)
{
	bool entered;
	int ret = load_state(t, file, bytes, piece, &entered);

	return entered && harness_want(t, !ret, "a state that it gave itself was refused with %s",
				       harness_errno(ret));
}

static bool is_near(uint64_t estimate, uint64_t bytes)
{
	return estimate / NEAR <= bytes + SLACK && bytes / NEAR <= estimate + SLACK;
}

static void check_size(struct harness *t)
{
	static const enum device_state states[] = { STATE_RUNNING, STATE_STOP };
	uint64_t estimate;
	int ret;

	if (!data_spool(t))
		return;
	for (size_t i = 0; i < 2; i++) {
		if (!harness_return(t, states[i]))
			return;
		ret = mig_data_size(t->vdev, &estimate);
		if (ret == -ENOTTY) {
			harness_skip(t, "the kernel has no MIG_DATA_SIZE");
			return;
		}
		if (!harness_want(t, !ret, "MIG_DATA_SIZE: %s", harness_errno(ret)))
			return;
		harness_want(t, is_near(estimate, t->spool_bytes),
			     "in %s %llu bytes were estimated, and it was %llu",
			     state_name(states[i]), (unsigned long long)estimate,
			     (unsigned long long)t->spool_bytes);
	}
}

/* Does it give the same bytes each time, when nothing has changed? */
static bool is_repeatable(struct harness *t, int first, uint64_t bytes)
{
	uint64_t more;
	AUTO_CLOSE int again = data_save_stopped(t, &more);

	return again >= 0 && data_first_difference(first, bytes, again, more) < 0;
}

static void check_round(struct harness *t)
{
	AUTO_CLOSE int first = -1;
	AUTO_CLOSE int second = -1;
	uint64_t bytes, more;
	struct err untold = ERR_INIT;
	bool repeatable;
	int64_t at;

	first = data_save(t, &bytes);
	if (first < 0)
		return;
	repeatable = is_repeatable(t, first, bytes);
	/* So that what is in it afterwards is not what was in it anyway. */
	mig_reset(t->vdev, &untold);
	if (!load_well(t, first, bytes, 0))
		return;
	second = data_save_stopped(t, &more);
	if (second < 0)
		return;
	at = data_first_difference(first, bytes, second, more);
	if (!repeatable)
		harness_skip(t, "it gives other bytes each time, also of what did not change");
	else
		harness_want(t, at < 0, "%llu bytes went in, %llu come out, and byte %lld is the first to differ",
			     (unsigned long long)bytes, (unsigned long long)more,
			     (long long)at);
}

static void check_pieces(struct harness *t)
{
	if (data_spool(t) && load_well(t, t->spool, t->spool_bytes, 1))
		harness_want(t, !harness_set(t, STATE_RUNNING), "it does not run with it");
}

/* What is no state must not become one, and a reset must be all it takes then. */
static void check_spoilt(struct harness *t, int file, uint64_t bytes, const char *what)
{
	bool entered;
	int ret = load_state(t, file, bytes, 0, &entered);

	enum device_state now;

	if (!entered || err_is_set(t->err) ||
	    !harness_want(t, ret, "%s was taken for a state, and left for STOP", what))
		return;
	now = harness_state(t);
	harness_want(t, now == STATE_RESUMING || now == STATE_ERROR,
		     "it is in %s after %s was refused", state_name(now), what);
}

static void check_empty(struct harness *t)
{
	if (data_spool(t))
		check_spoilt(t, t->spool, 0, "nothing");
}

static void check_cut(struct harness *t)
{
	if (data_spool(t))
		check_spoilt(t, t->spool, t->spool_bytes - 1, "all but the last byte");
}

static void check_half(struct harness *t)
{
	if (data_spool(t))
		check_spoilt(t, t->spool, t->spool_bytes / 2, "one half");
}

static void check_garbage(struct harness *t)
{
	AUTO_CLOSE int file = tempfile_open(t->err);
	unsigned char bytes[4096];
	int ret;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(0xa5 ^ i * 7);
	if (file < 0)
		return;
	ret = write_all(file, bytes, sizeof(bytes));
	if (ret)
		err_from_errno(t->err, -ret, "a temporary file");
	else
		check_spoilt(t, file, sizeof(bytes), "garbage");
}

static const struct transfer_check {
	const char *name, *asks;
	void (*run)(struct harness *t);
} checks[] = {
	{ "transfer/size", "MIG_DATA_SIZE estimates what STOP_COPY gives", check_size },
	{ "transfer/round", "what was saved can be loaded, and is saved as the same again", check_round },
	{ "transfer/pieces", "a state can be written in pieces of any size", check_pieces },
	{ "transfer/empty", "RESUMING is not left for STOP without a state", check_empty },
	{ "transfer/cut", "RESUMING is not left for STOP with a state that lacks its end", check_cut },
	{ "transfer/half", "RESUMING is not left for STOP with one half of a state", check_half },
	{ "transfer/garbage", "RESUMING is not left for STOP with what is no state", check_garbage },
};

void conform_transfer(struct harness *t)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		if (!harness_begin(t, checks[i].asks, "%s", checks[i].name))
			continue;
		checks[i].run(t);
		harness_end(t);
	}
}
