// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for images: blocks as large as can be had, mapped for the PF and
 * named by a memory key while a command works on them.
 */
#include <linux/gfp.h>
#include <linux/kmemleak.h>
#include <linux/mlx5/driver.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "buffer.h"
#include "fw.h"

/*
 * An image's size is somebody else's word: the firmware's, or a stream's. So
 * a buffer never takes the last sixteenth of the host's memory, and gives up
 * where others would call the OOM killer.
 */
static bool mvf_memory_is_short(u64 bytes)
{
	long spare = si_mem_available() - totalram_pages() / 16;

	return spare < 0 || bytes >> PAGE_SHIFT > spare;
}

/**
 * mvf_buffer_order - how large a block may be
 * @pf_dev: the PF's device; where it is behind bounce buffers, little can be
 *	mapped in one piece
 *
 * Return: an order, as the page allocator has it.
 */
unsigned int mvf_buffer_order(struct device *pf_dev)
{
	size_t max = min_t(size_t, SZ_2M, dma_max_mapping_size(pf_dev));

	return ilog2(max(max, PAGE_SIZE) >> PAGE_SHIFT);
}

/* Adds one block of at most @want bytes; one page is the least. */
static int mvf_buffer_add(struct mvf_buffer *buf, u64 want)
{
	gfp_t gfp = buf->gfp | GFP_KERNEL_ACCOUNT | __GFP_NOWARN;
	struct mvf_block *block;

	block = kmalloc(sizeof(*block), MVF_GFP_MAYFAIL);
	if (!block)
		return -ENOMEM;

	want = clamp_t(u64, want, PAGE_SIZE, PAGE_SIZE << buf->order);
	block->page = NULL;
	block->order = ilog2(want >> PAGE_SHIFT);
	while (block->order && !block->page) {
		block->page = alloc_pages(gfp | __GFP_COMP | __GFP_NORETRY,
					  block->order);
		if (!block->page)
			buf->order = --block->order;
	}
	if (!block->page)
		block->page = alloc_pages(gfp | __GFP_RETRY_MAYFAIL, 0);
	if (!block->page) {
		kfree(block);
		return -ENOMEM;
	}

	list_add_tail(&block->node, &buf->blocks);
	buf->capacity += PAGE_SIZE << block->order;
	return 0;
}

/**
 * mvf_buffer_grow - make room
 * @buf: the buffer; it is not mapped, and nobody else grows it
 * @size: bytes that there must be room for
 * @want: bytes that there should be room for, if one block gives them
 *
 * More than one block's size is made up to whole blocks, so that the firmware
 * can be told of large pages (mvf_page_shift()).
 *
 * Return: 0, -ENOMEM, or -EINTR when the caller is being killed. After a
 * failure what room there was is still there.
 */
int mvf_buffer_grow(struct mvf_buffer *buf, u64 size, u64 want)
{
	u64 block = PAGE_SIZE << buf->order;
	u64 need = PAGE_ALIGN(size);
	int err;

	if (need <= buf->capacity)
		return 0;
	if (mvf_memory_is_short(need - buf->capacity))
		return -ENOMEM;

	want = max(PAGE_ALIGN(want), need);
	if (want > block)
		want = round_up(want, block);
	while (buf->capacity < need) {
		err = mvf_buffer_add(buf, want - buf->capacity);
		if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/**
 * mvf_buffer_alloc - make a buffer
 * @mvf: the VF whose PF it will be mapped for
 * @size: bytes to begin with, may be 0
 * @gfp: flags beyond the usual ones, say __GFP_ZERO
 *
 * Return: the buffer with one reference, or an ERR_PTR().
 */
struct mvf_buffer *mvf_buffer_alloc(struct mvf_device *mvf, u64 size,
				    gfp_t gfp)
{
	struct mvf_buffer *buf;
	int err;

	buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);

	kref_init(&buf->ref);
	INIT_LIST_HEAD(&buf->node);
	INIT_LIST_HEAD(&buf->blocks);
	buf->gfp = gfp;
	buf->order = mvf->block_order;
	err = mvf_buffer_grow(buf, size, size);
	if (err) {
		mvf_buffer_put(buf);
		return ERR_PTR(err);
	}
	return buf;
}

/** mvf_buffer_get - one more reference; returns @buf */
struct mvf_buffer *mvf_buffer_get(struct mvf_buffer *buf)
{
	kref_get(&buf->ref);
	return buf;
}

static void mvf_buffer_free(struct kref *ref)
{
	struct mvf_buffer *buf = container_of(ref, struct mvf_buffer, ref);
	struct mvf_block *block, *next;

	WARN_ON_ONCE(buf->pf_dev);
	list_for_each_entry_safe(block, next, &buf->blocks, node) {
		__free_pages(block->page, block->order);
		kfree(block);
	}
	kfree(buf);
}

/** mvf_buffer_put - drop a reference; with the last one, unmapped, it is freed */
void mvf_buffer_put(struct mvf_buffer *buf)
{
	kref_put(&buf->ref, mvf_buffer_free);
}

/**
 * mvf_buffer_at - find a place in the buffer
 * @buf: the buffer
 * @cur: where the last call ended up; a zeroed one begins at the first block.
 *	Offsets may only grow from call to call
 * @offset: the place, below the buffer's capacity
 * @len: bytes wanted, cut to those that lie together
 *
 * Return: the place's address, valid while the caller's reference is.
 */
void *mvf_buffer_at(struct mvf_buffer *buf, struct mvf_cursor *cur, u64 offset,
		    size_t *len)
{
	size_t size;

	if (!cur->block)
		cur->block = list_first_entry(&buf->blocks, struct mvf_block,
					      node);
	for (;;) {
		size = PAGE_SIZE << cur->block->order;
		if (offset - cur->start < size)
			break;
		cur->start += size;
		cur->block = list_next_entry(cur->block, node);
	}
	*len = min_t(u64, *len, cur->start + size - offset);
	return page_address(cur->block->page) + (offset - cur->start);
}

static void mvf_unmap_before(struct mvf_buffer *buf, struct device *dev,
			     struct mvf_block *end)
{
	struct mvf_block *block;

	list_for_each_entry(block, &buf->blocks, node) {
		if (block == end)
			break;
		dma_unmap_page(dev, block->dma, PAGE_SIZE << block->order,
			       buf->dir);
	}
}

static int mvf_map_blocks(struct mvf_buffer *buf, struct device *dev)
{
	struct mvf_block *block;

	list_for_each_entry(block, &buf->blocks, node) {
		block->dma = dma_map_page(dev, block->page, 0,
					  PAGE_SIZE << block->order, buf->dir);
		if (dma_mapping_error(dev, block->dma)) {
			mvf_unmap_before(buf, dev, block);
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * The largest page size that every block begins at and, the last one excepted,
 * ends at. Of a buffer above 2 MiB all blocks are 2 MiB, and so are the pages,
 * unless the host had no such blocks: then the smallest block decides, and with
 * it the number of translation entries.
 */
static unsigned int mvf_page_shift(struct mvf_buffer *buf)
{
	u64 bits = SZ_2M;
	struct mvf_block *block;

	list_for_each_entry(block, &buf->blocks, node) {
		bits |= block->dma;
		if (!list_is_last(&block->node, &buf->blocks))
			bits |= PAGE_SIZE << block->order;
	}
	return __ffs64(bits);
}

static void mvf_fill_translation(void *memory, unsigned int shift,
				 __be64 *entry)
{
	struct mvf_buffer *buf = memory;
	struct mvf_block *block;
	u64 offset;

	list_for_each_entry(block, &buf->blocks, node)
		for (offset = 0; offset < PAGE_SIZE << block->order;
		     offset += BIT_ULL(shift))
			*entry++ = cpu_to_be64(block->dma + offset);
}

static int mvf_make_mkey(struct mvf_buffer *buf, struct mvf_device *mvf,
			 u32 pdn)
{
	const struct mvf_mkey key = {
		.pdn = pdn,
		.len = buf->capacity,
		.shift = mvf_page_shift(buf),
		.remote = true,
		.fill = mvf_fill_translation,
		.memory = buf,
	};

	return mvf_mkey_create(mvf, &key, &buf->mkey);
}

/**
 * mvf_buffer_map - hand a buffer to the PF
 * @buf: the buffer, not empty, not mapped
 * @mvf: the VF whose command will use it
 * @pdn: protection domain of the key
 * @dir: which way the data will go
 *
 * Return: 0, -ENOMEM when it cannot be mapped, or an errno from the firmware.
 */
int mvf_buffer_map(struct mvf_buffer *buf, struct mvf_device *mvf, u32 pdn,
		   enum dma_data_direction dir)
{
	struct device *dev = mvf->pf->device;
	int err;

	buf->dir = dir;
	err = mvf_map_blocks(buf, dev);
	if (err)
		return err;

	err = mvf_make_mkey(buf, mvf, pdn);
	if (err) {
		mvf_unmap_before(buf, dev, NULL);
		return err;
	}
	buf->pf_dev = dev;
	return 0;
}

/**
 * mvf_buffer_unmap - take a buffer back from the PF
 * @buf: the buffer, mapped
 * @mvf: the VF that it was mapped for
 *
 * The firmware may be at work on the memory still, after a command that mlx5
 * gave up waiting for. Then it does not give the key back, and the buffer is
 * leaked, mapped as it is, rather than written to in another's hands. (When the
 * PF is dead mlx5 answers in its place that the key is destroyed.)
 *
 * Return: 0, or the errno of the firmware's refusal: the buffer must not be
 * used any more, only put.
 */
int mvf_buffer_unmap(struct mvf_buffer *buf, struct mvf_device *mvf)
{
	int err = mvf_mkey_destroy(mvf, buf->mkey);

	if (err) {
		pci_err(mvf->core.pdev,
			"leaking %llu bytes of memory that the firmware does not give back: %d\n",
			buf->capacity, err);
		mvf_buffer_get(buf);
		kmemleak_not_leak(buf);
		return err;
	}
	mvf_unmap_before(buf, buf->pf_dev, NULL);
	buf->pf_dev = NULL;
	return 0;
}

/** mvf_buffer_to_cpu - let the CPU see what the device wrote; @buf is mapped */
void mvf_buffer_to_cpu(struct mvf_buffer *buf)
{
	struct mvf_block *block;

	list_for_each_entry(block, &buf->blocks, node)
		dma_sync_single_for_cpu(buf->pf_dev, block->dma,
					PAGE_SIZE << block->order, buf->dir);
}

/** mvf_buffer_to_device - give the memory to the device again; @buf is mapped */
void mvf_buffer_to_device(struct mvf_buffer *buf)
{
	struct mvf_block *block;

	list_for_each_entry(block, &buf->blocks, node)
		dma_sync_single_for_device(buf->pf_dev, block->dma,
					   PAGE_SIZE << block->order, buf->dir);
}
