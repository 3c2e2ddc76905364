// SPDX-License-Identifier: GPL-2.0-only
/*
 * A report: the firmware sends the addresses of dirty pages in messages, and they
 * are marked in the caller's bitmap.
 */
#include <linux/iova_bitmap.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>

#include "tracker.h"

enum { MVF_TRACK_WAITS = 10 };	/* seconds without any message */

/* Marks the common part of @from to @last and @iova to @end. */
static bool mvf_mark(struct iova_bitmap *dirty, u64 iova, u64 end, u64 from,
		     u64 last)
{
	from = max(from, iova);
	last = min(last, end);
	if (from > last)
		return false;
	mvf_mark_range(dirty, from, last);
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
 * What is asked about and is not tracked is dirty, as nothing is known of it. An
 * error would end the VMM's migration, and a clean page would be lost.
 */
static void mvf_mark_untracked(struct mvf_tracker *t, struct iova_bitmap *dirty,
			       u64 iova, u64 end)
{
	struct mvf_track_range *range = t->ranges;
	u64 from = iova;

	for (; range < t->ranges + t->range_count; range++) {
		if (range->last < from)
			continue;
		if (range->start > end)
			break;
		if (range->start > from)
			mvf_mark(dirty, iova, end, from, range->start - 1);
		if (range->last >= end)
			return;
		from = range->last + 1;
	}
	mvf_mark(dirty, iova, end, from, end);
}

/*
 * Marks a page that the firmware has reported. If it has nothing in common with
 * the range asked about, the report of its own range will lack it.
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
			       xa_mk_value(1), MVF_GFP_CHARGED)))
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

	xa_for_each_range(&t->carried, index, entry, iova >> t->log_page,
			  end >> t->log_page)
		mvf_mark(dirty, iova, end, (u64)index << t->log_page,
			 ((u64)index << t->log_page) | page);
}

/* Waits for an event, at most a second; -EINTR when the caller is being killed. */
static int mvf_tracker_wait(struct mvf_tracker *t)
{
	wait_event_killable_timeout(t->wait,
				    test_bit(MVF_TRACKER_EVENT, &t->flags) ||
				    mvf_tracker_broken(t), HZ);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/*
 * Takes the next message. If there is none and @check is set, queries whether the
 * tracker still works.
 */
static int mvf_tracker_poll(struct mvf_device *mvf, struct mvf_tracker *t,
			    struct mvf_track_message *msg, bool check)
{
	int err;

	mvf_state_lock(mvf);
	clear_bit(MVF_TRACKER_EVENT, &t->flags);
	if (mvf->tracker != t || !t->alive)
		err = -EIO;
	else
		err = mvf_track_queues_poll(&t->q, t->entries, msg);
	if (err == -EAGAIN && check && mvf_object_check(mvf, t))
		err = -EIO;
	mvf_state_unlock(mvf);
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

	mvf_state_lock(mvf);
	if (mvf->tracker == t && t->alive && !mvf_tracker_broken(t))
		err = mvf_object_report(mvf, t, iova, length);
	mvf_state_unlock(mvf);
	return err;
}

/* Has one tracked range reported; an error means that not all was received. */
static int mvf_tracker_collect(struct mvf_device *mvf, struct mvf_tracker *t,
			       struct iova_bitmap *dirty, u64 iova, u64 end)
{
	struct mvf_track_message msg = {};
	int err;

	err = mvf_tracker_ask(mvf, t, iova, end - iova + 1);
	if (err)
		return err;
	do {
		err = mvf_tracker_next(mvf, t, &msg);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		if (err)
			return err;
		mvf_mark_message(t, dirty, iova, end, msg.count);
	} while (msg.state == MLX5_PAGE_TRACK_STATE_REPORTING);
	return msg.state == MLX5_PAGE_TRACK_STATE_TRACKING ? 0 : -EIO;
}

/* The firmware knows nothing of what is between the ranges, and is not asked. */
static int mvf_tracker_collect_ranges(struct mvf_device *mvf,
				      struct mvf_tracker *t,
				      struct iova_bitmap *dirty, u64 iova,
				      u64 end)
{
	struct mvf_track_range *range = t->ranges;
	int err;

	for (; range < t->ranges + t->range_count; range++) {
		if (range->last < iova || range->start > end)
			continue;
		err = mvf_tracker_collect(mvf, t, dirty,
					  max(range->start, iova),
					  min(range->last, end));
		if (err)
			return err;
	}
	return 0;
}

/**
 * mvf_tracker_report - mark what is dirty
 * @mvf: the VF
 * @t: its tracker; the caller has a reference and report_mutex
 * @iova: of the first byte
 * @length: in bytes
 * @dirty: the caller's bitmap
 *
 * Return: 0, also when all had to be marked; -EINVAL when tracking was stopped
 * meanwhile; -EINTR when the caller is being killed.
 */
int mvf_tracker_report(struct mvf_device *mvf, struct mvf_tracker *t, u64 iova,
		       u64 length, struct iova_bitmap *dirty)
{
	u64 end = iova + length - 1;
	int err;

	err = mvf_tracker_collect_ranges(mvf, t, dirty, iova, end);
	/* The firmware has forgotten what it sent, and a part may be lost. */
	if (err)
		mvf_tracker_break(t);
	if (err == -EINTR)
		return err;
	if (test_bit(MVF_TRACKER_STOPPED, &t->flags))
		return -EINVAL;
	mvf_mark_untracked(t, dirty, iova, end);
	mvf_mark_carried(t, dirty, iova, end);
	mvf_stale_mark(t, dirty, iova, end);
	if (mvf_tracker_broken(t))
		mvf_mark_all(t, dirty, iova, end);
	/* Not all may be marked, and the firmware has forgotten what it sent. */
	if (fatal_signal_pending(current)) {
		mvf_tracker_break(t);
		return -EINTR;
	}
	return 0;
}
