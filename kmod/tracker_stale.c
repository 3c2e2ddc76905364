// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tracker knows nothing of, since it was made after a reset of the
 * function: ranges of which each address is reported as dirty once.
 */
#include <linux/interval_tree.h>
#include <linux/iova_bitmap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "tracker.h"

/* 2 MiB of a bitmap of 4 KiB pages: vfio pins no more of a bitmap at a time. */
#define MVF_MARK_PIECE BIT_ULL(36)

/**
 * mvf_stale_add_all - have each range reported as dirty once
 * @t: the tracker, with its ranges
 *
 * Return: 0 or -ENOMEM.
 */
int mvf_stale_add_all(struct mvf_tracker *t)
{
	struct interval_tree_node *node;
	unsigned int i;

	for (i = 0; i < t->range_count; i++) {
		node = kzalloc(sizeof(*node), MVF_GFP_CHARGED);
		if (!node)
			return -ENOMEM;
		node->start = t->ranges[i].start;
		node->last = t->ranges[i].last;
		interval_tree_insert(node, &t->stale);
	}
	return 0;
}

/** mvf_stale_free - forget what has not been reported */
void mvf_stale_free(struct mvf_tracker *t)
{
	struct interval_tree_node *node;

	while ((node = interval_tree_iter_first(&t->stale, 0, ULONG_MAX))) {
		interval_tree_remove(node, &t->stale);
		kfree(node);
	}
}

/*
 * Removes @iova to @end from a node, of which up to two pieces stay. Without
 * memory for the second one, all of the node stays: it is reported once more.
 */
static void mvf_stale_cut(struct mvf_tracker *t,
			  struct interval_tree_node *node, u64 iova, u64 end)
{
	bool before = node->start < iova, after = node->last > end;
	struct interval_tree_node *rest = NULL;

	if (before && after) {
		rest = kzalloc(sizeof(*rest), MVF_GFP_CHARGED);
		if (!rest)
			return;
		rest->start = end + 1;
		rest->last = node->last;
	}
	interval_tree_remove(node, &t->stale);
	if (before)
		node->last = iova - 1;
	else if (after)
		node->start = end + 1;
	if (before || after)
		interval_tree_insert(node, &t->stale);
	else
		kfree(node);
	if (rest)
		interval_tree_insert(rest, &t->stale);
}

/**
 * mvf_mark_range - mark addresses in the caller's bitmap
 * @dirty: the bitmap
 * @from: first byte
 * @last: last byte, not below @from
 *
 * The bitmap is as large as its caller wants, so other processes get their turn
 * between two pieces, and a caller that is being killed ends it: the report must
 * fail then.
 */
void mvf_mark_range(struct iova_bitmap *dirty, u64 from, u64 last)
{
	u64 len;

	for (;;) {
		len = min(last - from, MVF_MARK_PIECE - 1) + 1;
		iova_bitmap_set(dirty, from, len);
		cond_resched();
		if (last - from < len || fatal_signal_pending(current))
			return;
		from += len;
	}
}

/**
 * mvf_stale_mark - mark what a reset has left unknown, once
 * @t: the tracker; report_mutex is held
 * @dirty: the caller's bitmap
 * @iova: of the first byte of the report
 * @end: of its last byte
 */
void mvf_stale_mark(struct mvf_tracker *t, struct iova_bitmap *dirty, u64 iova,
		    u64 end)
{
	struct interval_tree_node *node, *next;
	u64 from, last;

	node = interval_tree_iter_first(&t->stale, iova, end);
	for (; node; node = next) {
		next = interval_tree_iter_next(node, iova, end);
		from = max_t(u64, node->start, iova);
		last = min_t(u64, node->last, end);
		mvf_mark_range(dirty, from, last);
		if (fatal_signal_pending(current))
			return;
		mvf_stale_cut(t, node, iova, end);
	}
}
