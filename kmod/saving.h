/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_SAVING_H
#define MVF_SAVING_H

#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "buffer.h"
#include "fw.h"
#include "session.h"

struct mem_cgroup;

/**
 * enum mvf_end - the meaning of a stream of which nothing can be read now
 * @MVF_END_NOT_YET: more follows: wait
 * @MVF_END_FOR_NOW: all that has been saved so far was read
 * @MVF_END: the whole stream was read
 */
enum mvf_end {
	MVF_END_NOT_YET,
	MVF_END_FOR_NOW,
	MVF_END,
};

/**
 * enum mvf_phase - the state of the device, as far as saving is concerned
 * @MVF_PRE_COPY: the VF runs
 * @MVF_PRE_COPY_P2P: it starts no DMA
 * @MVF_STOP_COPY: it is stopped
 */
enum mvf_phase {
	MVF_PRE_COPY,
	MVF_PRE_COPY_P2P,
	MVF_STOP_COPY,
};

/**
 * struct mvf_save - a session that saves
 * @session: what all sessions have; must stay first
 * @command: the SAVE, while one is on its way (dev)
 * @flight: the buffer that it writes to; NULL when there is no SAVE. Neither is
 *	freed before the SAVE was answered (dev)
 * @phase: follows the device's state; written under the session's lock
 * @tracked: the firmware tracks changes, so increments can be saved (dev)
 * @save_size: memory of one SAVE in bytes, announced by the stream's first record
 * @next: memory in bytes that the SAVE which follows requires, 0: none follows;
 *	written under the session's lock
 * @work: runs when a SAVE was answered, or can be sent. Takes the session's lock.
 *	Queued only while the session has not ended: by the callback of a SAVE, or
 *	under @list_lock with @ended unset
 * @memcg: of the process that has begun the session: what @work allocates is
 *	charged to it
 * @list_lock: protects what is marked (list)
 * @ready: buffers to be read (list)
 * @spare: mapped buffers that are not used (list)
 * @end: the meaning of an empty @ready (list)
 * @unread: bytes in @ready that were not read (list)
 * @initial: those of them that belong to the first image of PRE_COPY, or precede
 *	it (list)
 * @pos: bytes of the first of @ready that were read (io)
 * @cursor: that position in the buffer (io)
 * @err: why the stream cannot be completed; only the session's end helps (list)
 *
 * A buffer moves from @spare to @flight, from there to @ready while it is read,
 * and to @spare again. Only the reader removes it from @ready, so that nothing is
 * saved into what is being copied. The reader also has a reference, as the
 * session's end empties all lists.
 */
struct mvf_save {
	struct mvf_session session;

	struct mvf_fw_save command;
	struct mvf_buffer *flight;
	enum mvf_phase phase;
	bool tracked;
	u32 save_size;
	u32 next;
	struct work_struct work;
	struct mem_cgroup *memcg;

	spinlock_t list_lock;
	struct list_head ready;
	struct list_head spare;
	enum mvf_end end;
	u64 unread;
	u64 initial;
	u64 pos;
	struct mvf_cursor cursor;
	int err;
};

static inline struct mvf_save *mvf_save_of(struct mvf_session *s)
{
	return container_of(s, struct mvf_save, session);
}

/* reading.c: what can be read, and the file operations that read it */
void mvf_reading_append(struct mvf_save *save, struct mvf_buffer *buf,
			enum mvf_end end, bool initial);
void mvf_reading_set_end(struct mvf_save *save, enum mvf_end end);
void mvf_reading_fail(struct mvf_save *save, int err);
ssize_t mvf_reading_read(struct file *filp, char __user *to, size_t len,
			 loff_t *pos);
__poll_t mvf_reading_poll(struct file *filp, struct poll_table_struct *table);

/* supply.c: the memory that SAVEs write to */
int mvf_supply_add(struct mvf_save *save);
struct mvf_buffer *mvf_supply_take(struct mvf_save *save, u32 required);
void mvf_supply_return(struct mvf_save *save, struct mvf_buffer *buf);
void mvf_supply_discard(struct mvf_save *save, struct mvf_buffer *buf);
bool mvf_supply_available(struct mvf_save *save);
u32 mvf_supply_plan(struct mvf_device *mvf, const struct mvf_fw_sizes *sizes,
		    bool track);

/* saving.c: SAVEs, and the session around them */
struct mvf_save *mvf_save_new(struct mvf_device *mvf, enum mvf_phase phase);
int mvf_saving_prepare(struct mvf_save *save, bool track, u32 *required);
int mvf_saving_start(struct mvf_save *save, u32 required, unsigned int how);
void mvf_saving_wait(struct mvf_save *save);
int mvf_saving_final(struct mvf_save *save, u32 required);
u64 mvf_saving_estimate(struct mvf_device *mvf,
			const struct mvf_fw_sizes *sizes);

#endif
