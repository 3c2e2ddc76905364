// SPDX-License-Identifier: GPL-2.0-only
/* Moves bytes to and from host memory through a memory key, page by page of its translation list. */
#include "qemu/osdep.h"
#include "res.h"

static bool fail(struct lab_dma *dma, uint32_t syndrome)
{
	dma->syndrome = syndrome;
	return false;
}

/*
 * Opens @size bytes at @address of a key of function @fn, to @write into host memory or to read from it. False with
 * dma->syndrome when the key does not exist, does not reach that far, or lacks the right.
 */
bool lab_dma_open(struct lab_dma *dma, struct lab_function *fn, uint32_t key, uint64_t address, uint64_t size, bool write)
{
	struct lab_mkey *mkey = lab_mkey_find(fn, key);

	*dma = (struct lab_dma){ .fn = fn, .mkey = mkey, .size = size, .write = write, .corrupt = -1 };
	if (!mkey || !mkey->pages)
		return fail(dma, LAB_SYND_KEY_UNKNOWN);
	if (write ? !mkey->local_write : !mkey->local_read)
		return fail(dma, LAB_SYND_KEY_RIGHTS);
	if (address < mkey->start || address - mkey->start > mkey->length ||
	    size > mkey->length - (address - mkey->start))
		return fail(dma, LAB_SYND_KEY_LENGTH);
	dma->base = address - mkey->start;
	return true;
}

static bool move(struct lab_dma *dma, uint64_t offset, uint8_t *data, size_t size)
{
	const struct lab_mkey *mkey = dma->mkey;
	uint64_t page_size = 1ULL << mkey->log_page;

	if (offset > dma->size || size > dma->size - offset)
		return fail(dma, LAB_SYND_KEY_LENGTH);
	offset += dma->base;
	while (size) {
		uint64_t within = offset & (page_size - 1);
		size_t part = MIN(size, page_size - within);
		uint64_t address = mkey->pages[offset >> mkey->log_page] + within;
		MemTxResult result = dma->write ? lab_bus_write(dma->fn, address, data, part) :
						  pci_dma_read(&dma->fn->pci, address, data, part);

		if (result != MEMTX_OK)
			return fail(dma, LAB_SYND_KEY_DMA);
		data += part;
		offset += part;
		size -= part;
	}
	return true;
}

static bool damages(const struct lab_dma *dma, uint64_t offset, size_t size)
{
	return dma->corrupt >= 0 && (uint64_t)dma->corrupt >= offset && (uint64_t)dma->corrupt - offset < size;
}

/* Writes into host memory at @offset of the range. */
bool lab_dma_put(struct lab_dma *dma, uint64_t offset, const void *data, size_t size)
{
	g_autofree uint8_t *copy = NULL;

	if (damages(dma, offset, size)) {
		copy = g_memdup2(data, size);
		copy[dma->corrupt - offset] ^= 1;
		data = copy;
	}
	return move(dma, offset, (void *)data, size);
}

/* Reads from host memory at @offset of the range. */
bool lab_dma_get(struct lab_dma *dma, uint64_t offset, void *data, size_t size)
{
	if (!move(dma, offset, data, size))
		return false;
	if (damages(dma, offset, size))
		((uint8_t *)data)[dma->corrupt - offset] ^= 1;
	return true;
}

/*
 * Adds to @bytes what the key names behind the range, and to @nonzero, unless that is NULL, how many of them are not zero.
 * Bytes that cannot be read count as not zero.
 */
void lab_dma_behind(const struct lab_dma *dma, uint64_t *bytes, uint64_t *nonzero)
{
	uint64_t from = dma->base + dma->size;
	struct lab_dma rest = { .fn = dma->fn, .mkey = dma->mkey, .base = from, .size = dma->mkey->length - from, .corrupt = -1 };
	uint8_t page[4096];

	*bytes += rest.size;
	for (uint64_t at = 0; nonzero && at < rest.size; at += sizeof(page)) {
		size_t size = MIN(sizeof(page), rest.size - at);

		if (!lab_dma_get(&rest, at, page, size))
			memset(page, 0xff, size);
		for (size_t i = 0; i < size; i++)
			*nonzero += !!page[i];
	}
}
