// SPDX-License-Identifier: GPL-2.0-only
/* The memory that SAVEs write to: how much, found in time, and used again. */
#include <linux/sizes.h>

#include "saving.h"

/* SAVE's size field has 32 bits, and the memory is whole pages. */
#define MVF_SAVE_MAX ((u64)U32_MAX + 1 - PAGE_SIZE)
/* In chunk mode, unless the firmware wants more for one SAVE. */
#define MVF_CHUNK SZ_8M

/* Takes back a buffer that is no longer needed, or can no longer be trusted. */
void mvf_supply_discard(struct mvf_session *s, struct mvf_buffer *buf)
{
	mvf_buffer_unmap(buf, s->mvf);
	mvf_buffer_put(buf);
}

/** mvf_supply_give - keep a buffer for a later SAVE */
void mvf_supply_give(struct mvf_session *s, struct mvf_buffer *buf)
{
	spin_lock(&s->list_lock);
	list_add(&buf->node, &s->spare);
	spin_unlock(&s->list_lock);
}

static u32 mvf_supply_room(u64 size)
{
	return min(PAGE_ALIGN(max_t(u64, size, 1)), MVF_SAVE_MAX);
}

/* The pages will be read by the user, filled or not. */
static struct mvf_buffer *mvf_supply_buffer(struct mvf_session *s, u32 room)
{
	struct mvf_buffer *buf;
	int err;

	buf = mvf_buffer_alloc(s->mvf, room, __GFP_ZERO);
	if (IS_ERR(buf))
		return buf;

	buf->room = room;
	err = mvf_buffer_map(buf, s->mvf, s->pdn, DMA_FROM_DEVICE);
	if (err) {
		mvf_buffer_put(buf);
		return ERR_PTR(err);
	}
	return buf;
}

/**
 * mvf_supply_add - find memory for a SAVE of the session's size
 * @s: the session; its lock is held
 *
 * Return: 0, -ENOMEM or an errno from the firmware.
 */
int mvf_supply_add(struct mvf_session *s)
{
	struct mvf_buffer *buf = mvf_supply_buffer(s, s->room);

	if (IS_ERR(buf))
		return PTR_ERR(buf);
	mvf_supply_give(s, buf);
	return 0;
}

static struct mvf_buffer *mvf_supply_spare(struct mvf_session *s)
{
	struct mvf_buffer *buf;

	spin_lock(&s->list_lock);
	buf = list_first_entry_or_null(&s->spare, struct mvf_buffer, node);
	if (buf)
		list_del_init(&buf->node);
	spin_unlock(&s->list_lock);
	return buf;
}

/**
 * mvf_supply_take - find memory for a SAVE
 * @s: the session; its lock is held
 * @need: bytes
 *
 * What was prepared is enough, but for a state that has grown beyond the reserve,
 * or a firmware that has changed its mind.
 *
 * Return: a mapped buffer, or an ERR_PTR().
 */
struct mvf_buffer *mvf_supply_take(struct mvf_session *s, u32 need)
{
	struct mvf_buffer *buf = mvf_supply_spare(s);

	if (buf && buf->room >= need)
		return buf;
	if (buf)
		mvf_supply_discard(s, buf);
	return mvf_supply_buffer(s, mvf_supply_room(max(need, s->room)));
}

/** mvf_supply_ready - is there memory that was prepared, and is not in use? */
bool mvf_supply_ready(struct mvf_session *s)
{
	bool ready;

	spin_lock(&s->list_lock);
	ready = !list_empty(&s->spare);
	spin_unlock(&s->list_lock);
	return ready;
}

/**
 * mvf_supply_plan - how much memory one SAVE gets
 * @mvf: the VF
 * @sizes: what there is to save
 * @track: the VF runs on, and its state may grow until it is stopped
 *
 * Return: bytes: for all that there is and, with @track, a tenth more; or for a
 * chunk.
 */
u32 mvf_supply_plan(struct mvf_device *mvf, const struct mvf_fw_sizes *sizes,
		    bool track)
{
	u64 size = sizes->room;

	if (mvf->chunks)
		size = max(size, min_t(u64, sizes->total, MVF_CHUNK));
	else if (track)
		size += size / 10;
	return mvf_supply_room(size);
}
