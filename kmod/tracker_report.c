// SPDX-License-Identifier: GPL-2.0-only
/*
 * A report: the firmware is asked, its messages are heard, and what they say is
 * marked in the caller's bitmap.
 */
#include <linux/iova_bitmap.h>
#include <linux/jiffies.h>
#include <linux/sched.h>

#include "tracker.h"

enum { MVF_TRACK_WAITS = 10 };	/* seconds without any message */

/* Marks what @from to @last has in common with @iova to @end. */
static bool mvf_mark(struct iova_bitmap *dirty, u64 iova, u64 end, u64 from,
		     u64 last)
{
	from = max(from, iova);
	last = min(last, end);
	if (from > last)
		return false;
	iova_bitmap_set(dirty, from, last - from + 1);
	return true;
}

static void mvf_mark_all(struct mvf_tracker *t, struct iova_bitmap *dirty,
			 u64 iova, u64 end)
{
	unsigned int i;

	for (i = 0; i < t->range_count; i++)
		mvf_mark(dirty, iova, end, t->ranges[i].start,
			 t->ranges[i].last);
}

/*
 * Marks a page that the firmware has reported. One that has nothing to do with
 * the question is a page that it will not report when asked about it.
 */
static void mvf_mark_page(struct mvf_tracker *t, struct iova_bitmap *dirty,
			  u64 iova, u64 end, u64 address)
{
	u64 from = address & ~(BIT_ULL(t->log_page) - 1);
	u64 last = from + (BIT_ULL(t->log_page) - 1);

	if (!mvf_mark(dirty, iova, end, from, last)) {
		mvf_tracker_break(t);
		return;
	}
	if (from >= iova && last <= end)
		return;
	if (xa_is_err(xa_store(&t->carried, from >> t->log_page,
			       xa_mk_value(1), GFP_KERNEL_ACCOUNT)))
		mvf_tracker_break(t);
}

static void mvf_mark_message(struct mvf_tracker *t, struct iova_bitmap *dirty,
			     u64 iova, u64 end, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		mvf_mark_page(t, dirty, iova, end, be64_to_cpu(t->entries[i]));
}

static void mvf_mark_carried(struct mvf_tracker *t, struct iova_bitmap *dirty,
			     u64 iova, u64 end)
{
	u64 page = BIT_ULL(t->log_page) - 1;
	unsigned long index;
	void *entry;

	xa_for_each(&t->carried, index, entry)
		mvf_mark(dirty, iova, end, (u64)index << t->log_page,
			 ((u64)index << t->log_page) | page);
}

/* Waits for an event, a second at most; -EINTR when being killed. */
static int mvf_tracker_wait(struct mvf_tracker *t)
{
	long left = wait_event_killable_timeout(t->wait,
			test_bit(MVF_TRACKER_EVENT, &t->flags) ||
			mvf_tracker_broken(t), HZ);

	return left < 0 ? -EINTR : 0;
}

/*
 * Takes the next message, or looks why there is none. @check: ask the firmware
 * whether there will be one.
 */
static int mvf_tracker_poll(struct mvf_device *mvf, struct mvf_tracker *t,
			    struct mvf_track_message *msg, bool check)
{
	int err;

	mvf_lock_state(mvf);
	clear_bit(MVF_TRACKER_EVENT, &t->flags);
	if (mvf->tracker != t || !t->alive)
		err = -EIO;
	else
		err = mvf_track_queues_poll(&t->q, t->entries, msg);
	if (err == -EAGAIN && check && mvf_object_check(mvf, t))
		err = -EIO;
	mvf_unlock_state(mvf);
	return err;
}

static int mvf_tracker_next(struct mvf_device *mvf, struct mvf_tracker *t,
			    struct mvf_track_message *msg)
{
	unsigned long end = jiffies + MVF_TRACK_WAITS * HZ;
	int err;

	err = mvf_tracker_poll(mvf, t, msg, false);
	while (err == -EAGAIN) {
		err = mvf_tracker_wait(t);
		if (err)
			return err;
		if (mvf_tracker_broken(t) || time_after(jiffies, end))
			return -EIO;
		err = mvf_tracker_poll(mvf, t, msg, true);
	}
	return err;
}

static int mvf_tracker_ask(struct mvf_device *mvf, struct mvf_tracker *t,
			   u64 iova, u64 length)
{
	int err = -EIO;

	mvf_lock_state(mvf);
	if (mvf->tracker == t && t->alive && !mvf_tracker_broken(t))
		err = mvf_object_report(mvf, t, iova, length);
	mvf_unlock_state(mvf);
	return err;
}

/* Asks and marks; an error means that not everything was heard. */
static int mvf_tracker_collect(struct mvf_device *mvf, struct mvf_tracker *t,
			       u64 iova, u64 length, struct iova_bitmap *dirty)
{
	struct mvf_track_message msg = {};
	int err;

	err = mvf_tracker_ask(mvf, t, iova, length);
	if (err)
		return err;
	do {
		err = mvf_tracker_next(mvf, t, &msg);
		if (err)
			return err;
		mvf_mark_message(t, dirty, iova, iova + length - 1, msg.count);
		cond_resched();
	} while (msg.state == MLX5_PAGE_TRACK_STATE_REPORTING);
	mvf_mark_carried(t, dirty, iova, iova + length - 1);
	return msg.state == MLX5_PAGE_TRACK_STATE_TRACKING ? 0 : -EIO;
}

static bool mvf_tracker_ended(struct mvf_device *mvf, struct mvf_tracker *t)
{
	bool ended;

	mvf_lock_state(mvf);
	ended = mvf->tracker != t;
	mvf_unlock_state(mvf);
	return ended;
}

/**
 * mvf_tracker_report - mark what is dirty
 * @mvf: the VF
 * @t: its tracker, of which the caller holds a reference and report_mutex
 * @iova: of the first byte
 * @length: in bytes
 * @dirty: where to mark
 *
 * Return: 0, also when all had to be marked; -EINVAL when the tracker was ended
 * meanwhile; -EINTR when the caller is being killed.
 */
int mvf_tracker_report(struct mvf_device *mvf, struct mvf_tracker *t, u64 iova,
		       u64 length, struct iova_bitmap *dirty)
{
	int err = mvf_tracker_collect(mvf, t, iova, length, dirty);

	/* What was heard is forgotten by the firmware, and a part is lost. */
	if (err)
		mvf_tracker_break(t);
	if (err == -EINTR)
		return err;
	if (mvf_tracker_ended(mvf, t))
		return -EINVAL;
	if (mvf_tracker_broken(t))
		mvf_mark_all(t, dirty, iova, iova + length - 1);
	return 0;
}
