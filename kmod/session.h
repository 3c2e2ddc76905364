/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_SESSION_H
#define MVF_SESSION_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "device.h"

struct mvf_session;

/**
 * struct mvf_session_ops - what a session that saves and one that loads differ in
 * @end: set @ended, and release all that the session has of the device. Its lock
 *	is held; may wait for the firmware
 * @free: call mvf_session_destroy(), and free the structure around the session,
 *	which has nothing of the device
 */
struct mvf_session_ops {
	void (*end)(struct mvf_session *s);
	void (*free)(struct mvf_session *s);
};

/**
 * struct mvf_session - what is common to sessions that save and that load
 * @ops: the rest of it
 * @ref: held by the file, by the device while the session is open, and by
 *	nothing else
 * @io_mutex: serialises read() and write(); protects what is marked (io)
 * @lock: between the file and the device; protects @mvf and what is marked
 *	(dev), and after the session's end the pointers to buffers. Commands are
 *	sent under it
 * @wait: readers and pollers
 * @ended: the device has left the data state; set under @lock, or by a reset
 *	under reset_lock. Never unset
 * @mvf: the device; NULL once the session's resources are released, after which
 *	the file owns nothing but memory
 * @pdn: protection domain of the session's keys
 *
 * A file may outlive its session, the device's file descriptors and the driver's
 * binding; it keeps the module loaded. While @lock is held and @ended is not set,
 * the device, its PF and the data state exist, as whatever removes one of them
 * ends the session first.
 */
struct mvf_session {
	const struct mvf_session_ops *ops;
	struct kref ref;
	struct mutex io_mutex;
	struct mutex lock;
	wait_queue_head_t wait;
	bool ended;
	struct mvf_device *mvf;
	u32 pdn;
};

int mvf_session_init(struct mvf_session *s, struct mvf_device *mvf,
		     const struct mvf_session_ops *ops);
void mvf_session_destroy(struct mvf_session *s);
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
