// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for images: blocks as large as the host has them, mapped for the PF and
 * named by a memory key while a command uses them.
 */
#include <linux/gfp.h>
#include <linux/kmemleak.h>
#include <linux/mlx5/driver.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "buffer.h"
#include "fw.h"

/* Memory that a host keeps, whatever is saved or loaded. */
#define MVF_RESERVE SZ_32M

/*
 * The size of an image comes from the firmware, or from a stream, and may be
 * wrong. An allocation that the host cannot satisfy is refused before it begins,
 * since its first pages would already push out other processes' memory. No share
 * of the host's RAM is kept free beyond that: on a hypervisor nearly all of it
 * belongs to guests.
 */
static bool mvf_memory_is_short(u64 bytes)
{
	long pages = si_mem_available() + get_nr_swap_pages() -
		     (MVF_RESERVE >> PAGE_SHIFT);

	return pages < 0 || bytes >> PAGE_SHIFT > pages;
}

/**
 * mvf_buffer_order - how large a block may be
 * @pf_dev: the PF's device; behind bounce buffers it maps only small pieces
 *
 * Return: an order of the page allocator.
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

	block = kmalloc(sizeof(*block), MVF_GFP_CHARGED);
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
 * mvf_buffer_grow - raise the capacity of a buffer
 * @buf: the buffer; it is not mapped, and only the caller grows it
 * @size: capacity in bytes that it must have afterwards
 * @want: capacity in bytes that it should have, if one more block gives it
 *
 * More than one block's size is rounded up to whole blocks, so that the firmware
 * gets large pages (mvf_page_shift()). The memory is charged to the caller's
 * memory cgroup; no allocation waits for the OOM killer.
 *
 * Return: 0, -ENOMEM, or -EINTR when the caller is being killed. After a
 * failure the buffer has at least the capacity that it had.
 */
int mvf_buffer_grow(struct mvf_buffer *buf, u64 size, u64 want)
{
	u64 block = PAGE_SIZE << buf->order;
	u64 least = PAGE_ALIGN(size);
	int err;

	if (least <= buf->capacity)
		return 0;
	if (mvf_memory_is_short(least - buf->capacity))
		return -ENOMEM;

	want = max(PAGE_ALIGN(want), least);
	if (want > block)
		want = round_up(want, block);
	while (buf->capacity < least) {
		err = mvf_buffer_add(buf, want - buf->capacity);
		if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/** mvf_buffer_clear - free the memory of a buffer that is not mapped */
void mvf_buffer_clear(struct mvf_buffer *buf)
{
	struct mvf_block *block, *next;

	list_for_each_entry_safe(block, next, &buf->blocks, node) {
		list_del(&block->node);
		__free_pages(block->page, block->order);
		kfree(block);
		cond_resched();
	}
	buf->capacity = 0;
	buf->used = 0;
}

/**
 * mvf_buffer_alloc - make a buffer
 * @mvf: the VF whose PF it will be mapped for
 * @size: its first capacity in bytes, may be 0
 * @gfp: additional allocation flags, such as __GFP_ZERO
 *
 * Return: the buffer with one reference, or an ERR_PTR().
 */
struct mvf_buffer *mvf_buffer_alloc(struct mvf_device *mvf, u64 size,
				    gfp_t gfp)
{
	struct mvf_buffer *buf;
	int err;

	buf = kzalloc(sizeof(*buf), MVF_GFP_CHARGED);
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

	WARN_ON_ONCE(buf->pf_dev);
	mvf_buffer_clear(buf);
	kfree(buf);
}

/** mvf_buffer_put - drop a reference; the last one frees the buffer, which is unmapped */
void mvf_buffer_put(struct mvf_buffer *buf)
{
	kref_put(&buf->ref, mvf_buffer_free);
}

/**
 * mvf_buffer_at - translate an offset in the buffer
 * @buf: the buffer
 * @cur: the position of the last call; a zeroed one is the first block. Offsets
 *	may only grow from call to call
 * @offset: in bytes, below the buffer's capacity
 * @len: bytes wanted, reduced to those that are contiguous
 *
 * Return: the address, valid while the caller has its reference.
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
		cond_resched();
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
		cond_resched();
	}
	return 0;
}

/**
 * mvf_buffer_map - map a buffer for the PF
 * @buf: the buffer, not empty, not mapped
 * @mvf: the VF whose command will use it
 * @pdn: protection domain of the key
 * @dir: direction of the data
 * @len: bytes from the start that the command may access: whole pages, at most
 *	the capacity
 *
 * Return: 0, -ENOMEM when it cannot be mapped, or an errno from the firmware.
 */
int mvf_buffer_map(struct mvf_buffer *buf, struct mvf_device *mvf, u32 pdn,
		   enum dma_data_direction dir, u64 len)
{
	struct device *dev = mvf->pf->device;
	int err;

	buf->dir = dir;
	err = mvf_map_blocks(buf, dev);
	if (err)
		return err;

	err = mvf_mkey_create(mvf, buf, len, pdn, &buf->mkey);
	if (err) {
		mvf_unmap_before(buf, dev, NULL);
		return err;
	}
	buf->pf_dev = dev;
	return 0;
}

/**
 * mvf_buffer_unmap - undo mvf_buffer_map()
 * @buf: the buffer, mapped
 * @mvf: the VF that it was mapped for
 *
 * The firmware may still write to the memory, after a command that mlx5_core
 * stopped waiting for. It then refuses to destroy the key, and the buffer is
 * leaked in its mapping, so that no other user of the memory is overwritten.
 * (For a dead PF mlx5_core itself reports that the key is destroyed.)
 *
 * Return: 0, or the errno of the firmware's refusal: the caller may only put
 * the buffer.
 */
int mvf_buffer_unmap(struct mvf_buffer *buf, struct mvf_device *mvf)
{
	int err = mvf_mkey_destroy(mvf, buf->mkey);

	if (err) {
		pci_err(mvf->core.pdev,
			"leaking %llu bytes of memory that the firmware does not release: %d\n",
			buf->capacity, err);
		mvf_buffer_get(buf);
		kmemleak_not_leak(buf);
		return err;
	}
	mvf_unmap_before(buf, buf->pf_dev, NULL);
	buf->pf_dev = NULL;
	return 0;
}

/** mvf_buffer_to_cpu - pass the memory of @buf, which is mapped, to the CPU */
void mvf_buffer_to_cpu(struct mvf_buffer *buf)
{
	struct mvf_block *block;

	list_for_each_entry(block, &buf->blocks, node)
		dma_sync_single_for_cpu(buf->pf_dev, block->dma,
					PAGE_SIZE << block->order, buf->dir);
}

/** mvf_buffer_to_device - pass the memory of @buf, which is mapped, to the device */
void mvf_buffer_to_device(struct mvf_buffer *buf)
{
	struct mvf_block *block;

	list_for_each_entry(block, &buf->blocks, node)
		dma_sync_single_for_device(buf->pf_dev, block->dma,
					   PAGE_SIZE << block->order, buf->dir);
}
