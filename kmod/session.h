/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_SESSION_H
#define MVF_SESSION_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "buffer.h"
#include "device.h"
#include "fw.h"
#include "stream.h"

/**
 * enum mvf_end - what it means that nothing is ready to be read
 * @MVF_END_NOT_YET: more is on its way: wait
 * @MVF_END_FOR_NOW: all that was saved up to now has been read
 * @MVF_END: all that there will ever be has been read
 */
enum mvf_end {
	MVF_END_NOT_YET,
	MVF_END_FOR_NOW,
	MVF_END,
};

/**
 * enum mvf_phase - which of the states that save the device is in
 * @MVF_PRE_COPY: the VF runs
 * @MVF_PRE_COPY_P2P: it starts no DMA
 * @MVF_STOP_COPY: it stands still
 */
enum mvf_phase {
	MVF_PRE_COPY,
	MVF_PRE_COPY_P2P,
	MVF_STOP_COPY,
};

/**
 * struct mvf_session - what is behind a migration data fd
 * @ref: held by the file, by the device while the session lasts, and by
 *	nobody else
 * @io_mutex: serialises read() and write(); protects what is marked (io)
 * @lock: between the fd and the device; protects @mvf and what is marked
 *	(dev), and from the session's end on the pointers to buffers. Commands
 *	are given under it
 * @wait: readers and pollers
 * @ended: the device has left the data state; set under @lock and @list_lock,
 *	or by a reset under reset_lock. Never unset
 * @mvf: the device; NULL once the session's resources are released, and from
 *	then on the fd owns nothing but memory
 * @pdn: protection domain for the session's keys
 * @save: the SAVE, while there is one (saving, dev)
 * @flight: what it writes to; NULL when there is no SAVE. Neither is freed
 *	before the SAVE was answered (saving, dev)
 * @how: the MVF_SAVE_* of that SAVE (saving, dev)
 * @phase: follows the device's state (saving; written under @lock)
 * @tracked: the firmware tracks changes, so increments can be had (saving, dev)
 * @room: memory for one SAVE, as the stream's first record tells (saving)
 * @next: memory that the SAVE which is still to be given needs, 0: none is
 *	(saving; written under @lock)
 * @work: runs when a SAVE was answered, or can be given. Takes @lock. Queued by
 *	whoever knows that the session has not ended: the callback of a SAVE, or
 *	the holder of @list_lock who finds @ended unset; the end waits for it
 * @list_lock: protects what is marked (list)
 * @ready: buffers to be read (saving, list)
 * @spare: mapped buffers that nobody uses (saving, list)
 * @end: what an empty @ready means (saving, list)
 * @unread: bytes in @ready that were not read yet (saving, list)
 * @initial: how many of them are of the first image of PRE_COPY, or before it
 *	(saving, list)
 * @pos: bytes of the first of @ready that were read (saving, io)
 * @cursor: the place in that buffer, or the place to write to (io)
 * @buf: collects an image until it is loaded (resuming)
 * @stream: how the bytes are understood (resuming, io)
 * @loads: images that the firmware has taken (resuming, io)
 * @err: what went wrong for good; only a reset helps, or, when saving, the end
 *	of the session (resuming: io; saving: list)
 *
 * An fd may outlive its session, the device's fds and the driver's binding;
 * the file keeps the module. While @lock is held and @ended is not set the
 * device, its PF and the data state are there, since whatever takes one of
 * them away ends the session first.
 *
 * A buffer is, one after the other, in @spare, in @flight, in @ready while it is
 * read, and in @spare again. Only the reader takes it out of @ready, so that
 * nothing is saved into what is being copied; it holds a reference besides,
 * since the session's end empties all lists.
 */
struct mvf_session {
	struct kref ref;
	struct mutex io_mutex;
	struct mutex lock;
	wait_queue_head_t wait;
	bool ended;
	struct mvf_device *mvf;
	u32 pdn;

	struct mvf_fw_save save;
	struct mvf_buffer *flight;
	unsigned int how;
	enum mvf_phase phase;
	bool tracked;
	u32 room;
	u32 next;
	struct work_struct work;

	spinlock_t list_lock;
	struct list_head ready;
	struct list_head spare;
	enum mvf_end end;
	u64 unread;
	u64 initial;
	u64 pos;
	struct mvf_cursor cursor;

	struct mvf_buffer *buf;
	struct mvf_stream stream;
	unsigned int loads;
	int err;
};

struct mvf_session *mvf_session_new(struct mvf_device *mvf);
struct file *mvf_session_file(struct mvf_session *s,
			      const struct file_operations *fops, int flags);
void mvf_session_publish(struct mvf_session *s);
int mvf_session_open(struct mvf_session *s, const struct file_operations *fops,
		     int flags, struct file **filp);
void mvf_session_end(struct mvf_session *s);
void mvf_session_end_current(struct mvf_device *mvf);
int mvf_session_release(struct inode *inode, struct file *filp);

static inline bool mvf_session_ended(struct mvf_session *s)
{
	return READ_ONCE(s->ended);
}

#endif
