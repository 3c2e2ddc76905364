// SPDX-License-Identifier: GPL-2.0-only
/* Address ranges, made fewer: vfio's own function came with Linux 6.6. */
#include <linux/interval_tree.h>
#include <linux/limits.h>

#include "compat/compat.h"

#ifndef MVF_HAVE_COMBINE_RANGES

/* The range before the smallest gap. There are two ranges at least. */
static struct interval_tree_node *mvf_before_gap(struct rb_root_cached *root)
{
	struct interval_tree_node *node, *next, *best = NULL;
	unsigned long smallest = ULONG_MAX;

	node = interval_tree_iter_first(root, 0, ULONG_MAX);
	while ((next = interval_tree_iter_next(node, 0, ULONG_MAX))) {
		if (!best || next->start - node->last < smallest) {
			best = node;
			smallest = next->start - node->last;
		}
		node = next;
	}
	return best;
}

/**
 * mvf_combine_iova_ranges - cover ranges with fewer ones
 * @root: an interval tree of ranges that do not overlap; its nodes stay the
 *	caller's, and those that leave the tree are not freed
 * @nodes: their number
 * @want: the number wished for, at least 1
 *
 * Each step joins the two that are nearest to each other.
 */
void mvf_combine_iova_ranges(struct rb_root_cached *root, u32 nodes, u32 want)
{
	struct interval_tree_node *node, *next;

	for (; nodes > want; nodes--) {
		node = mvf_before_gap(root);
		next = interval_tree_iter_next(node, 0, ULONG_MAX);
		interval_tree_remove(node, root);
		interval_tree_remove(next, root);
		node->last = next->last;
		interval_tree_insert(node, root);
	}
}

#endif
