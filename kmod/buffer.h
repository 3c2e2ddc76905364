/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_BUFFER_H
#define MVF_BUFFER_H

#include <linux/dma-mapping.h>
#include <linux/kref.h>
#include <linux/list.h>

#include "stream.h"

struct mvf_device;

/**
 * struct mvf_block - physically contiguous pages
 * @node: in the buffer's list
 * @page: the first page, of order @order
 * @order: of the page allocator
 * @dma: the PF's address of it, while the buffer is mapped
 */
struct mvf_block {
	struct list_head node;
	struct page *page;
	unsigned int order;
	dma_addr_t dma;
};

/**
 * struct mvf_buffer - memory for one image
 * @ref: a buffer may outlive its session and the binding; each function that
 *	copies to or from it holds a reference
 * @node: in one of its session's lists, or in none
 * @blocks: the memory, in order
 * @capacity: bytes in @blocks
 * @save_size: bytes that a SAVE may write, at most @capacity
 * @used: bytes of the image, from the first on
 * @prefix: what precedes the image in the stream
 * @prefix_len: bytes of @prefix
 * @gfp: additional allocation flags
 * @order: of the largest block to allocate; reduced when the host has none
 * @dir: direction of the mapping
 * @pf_dev: the PF's device, while mapped, else NULL
 * @mkey: the firmware's key of the memory, while mapped
 *
 * While a buffer is mapped, the PF's device may access the memory, and the CPU
 * only between mvf_buffer_to_cpu() and mvf_buffer_to_device(). Whatever maps a
 * buffer unmaps it before the session ends, so that a reader which still has a
 * reference holds nothing of the PF. If the firmware keeps the key, the buffer
 * stays mapped and is never freed.
 */
struct mvf_buffer {
	struct kref ref;
	struct list_head node;
	struct list_head blocks;
	u64 capacity;
	u32 save_size;
	u64 used;
	u8 prefix[MVF_PREFIX_MAX];
	u8 prefix_len;
	gfp_t gfp;
	unsigned int order;

	enum dma_data_direction dir;
	struct device *pf_dev;
	u32 mkey;
};

/**
 * struct mvf_cursor - a position in a buffer, for sequential access
 * @block: the block, NULL before the first use
 * @start: the block's offset in the buffer
 */
struct mvf_cursor {
	struct mvf_block *block;
	u64 start;
};

unsigned int mvf_buffer_order(struct device *pf_dev);
struct mvf_buffer *mvf_buffer_alloc(struct mvf_device *mvf, u64 size,
				    gfp_t gfp);
int mvf_buffer_grow(struct mvf_buffer *buf, u64 size, u64 want);
void mvf_buffer_clear(struct mvf_buffer *buf);
struct mvf_buffer *mvf_buffer_get(struct mvf_buffer *buf);
void mvf_buffer_put(struct mvf_buffer *buf);
void *mvf_buffer_at(struct mvf_buffer *buf, struct mvf_cursor *cur, u64 offset,
		    size_t *len);

int mvf_buffer_map(struct mvf_buffer *buf, struct mvf_device *mvf, u32 pdn,
		   enum dma_data_direction dir, u64 len);
int mvf_buffer_unmap(struct mvf_buffer *buf, struct mvf_device *mvf);
void mvf_buffer_to_cpu(struct mvf_buffer *buf);
void mvf_buffer_to_device(struct mvf_buffer *buf);

/* Constant while the buffer is in a list, or a command uses it. */
static inline bool mvf_buffer_mapped(struct mvf_buffer *buf)
{
	return buf->pf_dev;
}

#endif
