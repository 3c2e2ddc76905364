// SPDX-License-Identifier: GPL-2.0-only
/* The memory that SAVEs write to: its size, its allocation, and its reuse. */
#include <linux/sizes.h>

#include "saving.h"

/* A SAVE's size field has 32 bits, and its memory is whole pages. */
#define MVF_SAVE_MAX ((u64)U32_MAX + 1 - PAGE_SIZE)
/* In chunk mode, unless the firmware wants more for one SAVE. */
#define MVF_CHUNK SZ_8M

/** mvf_supply_discard - release a buffer that is too small, or may be written to */
void mvf_supply_discard(struct mvf_save *save, struct mvf_buffer *buf)
{
	mvf_buffer_unmap(buf, save->session.mvf);
	mvf_buffer_put(buf);
}

/** mvf_supply_return - keep a buffer for a later SAVE */
void mvf_supply_return(struct mvf_save *save, struct mvf_buffer *buf)
{
	spin_lock(&save->list_lock);
	list_add(&buf->node, &save->spare);
	spin_unlock(&save->list_lock);
}

static u32 mvf_supply_round(u64 size)
{
	return min(PAGE_ALIGN(max_t(u64, size, 1)), MVF_SAVE_MAX);
}

/* The user reads as much as the firmware claims to have written. */
static struct mvf_buffer *mvf_supply_buffer(struct mvf_save *save, u32 size)
{
	struct mvf_buffer *buf;
	int err;

	buf = mvf_buffer_alloc(save->session.mvf, size, __GFP_ZERO);
	if (IS_ERR(buf))
		return buf;

	buf->save_size = size;
	err = mvf_buffer_map(buf, save->session.mvf, save->session.pdn,
			     DMA_FROM_DEVICE, size);
	if (err) {
		mvf_buffer_put(buf);
		return ERR_PTR(err);
	}
	return buf;
}

/**
 * mvf_supply_add - allocate memory for one SAVE
 * @save: the session; its lock is held
 *
 * Return: 0, -ENOMEM or an errno from the firmware.
 */
int mvf_supply_add(struct mvf_save *save)
{
	struct mvf_buffer *buf = mvf_supply_buffer(save, save->save_size);

	if (IS_ERR(buf))
		return PTR_ERR(buf);
	mvf_supply_return(save, buf);
	return 0;
}

static struct mvf_buffer *mvf_supply_spare(struct mvf_save *save)
{
	struct mvf_buffer *buf;

	spin_lock(&save->list_lock);
	buf = list_first_entry_or_null(&save->spare, struct mvf_buffer, node);
	if (buf)
		list_del_init(&buf->node);
	spin_unlock(&save->list_lock);
	return buf;
}

/**
 * mvf_supply_take - return memory for a SAVE
 * @save: the session; its lock is held
 * @required: bytes
 *
 * Memory is allocated here only for a state that has grown beyond what
 * mvf_supply_plan() has foreseen.
 *
 * Return: a mapped buffer, or an ERR_PTR().
 */
struct mvf_buffer *mvf_supply_take(struct mvf_save *save, u32 required)
{
	struct mvf_buffer *buf = mvf_supply_spare(save);

	if (buf && buf->save_size >= required)
		return buf;
	if (buf)
		mvf_supply_discard(save, buf);
	return mvf_supply_buffer(save, mvf_supply_round(max(required, save->save_size)));
}

/** mvf_supply_available - is there memory that is allocated and not in use? */
bool mvf_supply_available(struct mvf_save *save)
{
	bool available;

	spin_lock(&save->list_lock);
	available = !list_empty(&save->spare);
	spin_unlock(&save->list_lock);
	return available;
}

/**
 * mvf_supply_plan - decide how much memory one SAVE gets
 * @mvf: the VF
 * @sizes: what can be saved
 * @track: the VF runs, and its state may grow until it is stopped
 *
 * Return: bytes, for the whole state and, with @track, a tenth more; or for one
 * chunk.
 */
u32 mvf_supply_plan(struct mvf_device *mvf, const struct mvf_fw_sizes *sizes,
		    bool track)
{
	u64 size = sizes->required;

	if (mvf->chunks)
		size = max(size, min_t(u64, sizes->total, MVF_CHUNK));
	else if (track)
		size += size / 10;
	return mvf_supply_round(size);
}
