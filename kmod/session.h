/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_SESSION_H
#define MVF_SESSION_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "buffer.h"
#include "device.h"
#include "fw.h"
#include "stream.h"

/**
 * struct mvf_session - what is behind a migration data fd
 * @ref: held by the file, by the device while the session lasts, and by
 *	nobody else
 * @io_mutex: serialises read() and write(); protects what is marked (io)
 * @lock: between the fd and the device; protects @mvf and, from the session's
 *	end on, the pointers to buffers
 * @wait: pollers
 * @ended: the device has left the data state; set under @lock, or by a reset
 *	under reset_lock. Never unset
 * @mvf: the device; NULL once the session's resources are released, and from
 *	then on the fd owns nothing but memory
 * @pdn: protection domain for the session's keys
 * @save: the SAVE, while there is one (saving)
 * @ready: buffers to be read (saving)
 * @pos: bytes of the first of @ready that were read (saving, io)
 * @cursor: the place in that buffer, or the place to write to (io)
 * @buf: collects an image until it is loaded (resuming)
 * @stream: how the bytes are understood (resuming, io)
 * @loads: images that the firmware has taken (resuming, io)
 * @err: what went wrong for good; only a reset helps (resuming, io)
 *
 * An fd may outlive its session, the device's fds and the driver's binding;
 * the file keeps the module. While @lock is held and @ended is not set the
 * device, its PF and the data state are there, since whatever takes one of
 * them away ends the session first.
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
	struct list_head ready;
	u64 pos;
	struct mvf_cursor cursor;

	struct mvf_buffer *buf;
	struct mvf_stream stream;
	unsigned int loads;
	int err;
};

struct mvf_session *mvf_session_new(struct mvf_device *mvf);
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
