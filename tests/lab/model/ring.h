/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of a queue, as a driver lists it: pages of one size, in order. */
#ifndef MLX5_LAB_RING_H
#define MLX5_LAB_RING_H

#include "cmd.h"

struct lab_ring {
	unsigned int log_page;
	size_t count;
	uint64_t *pages;
};

enum { LAB_RING_LOG_PAGE_MAX = 31 };

/*
 * Takes the @bytes of a queue from the page list that begins @offset bytes into the command's input. False when the
 * list is too short, or a page larger than any. Of a queue without bytes nobody looks at the list.
 */
static inline bool lab_ring_take(struct lab_ring *ring, const struct lab_cmd *cmd, size_t offset, uint64_t bytes,
				 unsigned int log_page)
{
	if (!bytes)
		return true;
	if (log_page > LAB_RING_LOG_PAGE_MAX)
		return false;
	ring->log_page = log_page;
	ring->count = DIV_ROUND_UP(bytes, 1ULL << log_page);
	if (cmd->in_size < offset || (cmd->in_size - offset) / 8 < ring->count)
		return false;
	ring->pages = g_new(uint64_t, ring->count);
	for (size_t i = 0; i < ring->count; i++)
		ring->pages[i] = ldq_be_p(cmd->in + offset + 8 * i);
	return true;
}

/* The bus address of the byte that is @offset bytes into the queue. */
static inline uint64_t lab_ring_at(const struct lab_ring *ring, uint64_t offset)
{
	return ring->pages[offset >> ring->log_page] + (offset & ((1ULL << ring->log_page) - 1));
}

#endif
