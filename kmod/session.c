// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a data session: an arc begins it; an arc, a reset, the last close
 * or a PF that disables the VF ends it. Its file may stay open longer.
 */
#include <linux/anon_inodes.h>

#include "fw.h"
#include "session.h"

/**
 * mvf_session_init - initialise a session
 * @s: the session, zeroed
 * @mvf: the device; state_mutex is held
 * @ops: what it does at its end
 *
 * The session has one reference, the device's. mvf_session_end() drops it, also
 * after a failure of what follows.
 *
 * Return: 0, or as mvf_fw_exec(); the session then is as it was.
 */
int mvf_session_init(struct mvf_session *s, struct mvf_device *mvf,
		     const struct mvf_session_ops *ops)
{
	int err;

	err = mvf_fw_alloc_pd(mvf, &s->pdn);
	if (err)
		return err;

	s->ops = ops;
	kref_init(&s->ref);
	mutex_init(&s->io_mutex);
	mutex_init(&s->lock);
	init_waitqueue_head(&s->wait);
	s->mvf = mvf;
	return 0;
}

/** mvf_session_destroy - undo mvf_session_init() for a session that is not used */
void mvf_session_destroy(struct mvf_session *s)
{
	mutex_destroy(&s->lock);
	mutex_destroy(&s->io_mutex);
}

static void mvf_session_free(struct kref *ref)
{
	struct mvf_session *s = container_of(ref, struct mvf_session, ref);

	s->ops->free(s);
}

/**
 * mvf_session_file - make the session's file
 * @s: the session
 * @fops: what the file can do
 * @flags: O_RDONLY or O_WRONLY
 *
 * Return: the file, which has a reference to the session, or an ERR_PTR().
 */
struct file *mvf_session_file(struct mvf_session *s,
			      const struct file_operations *fops, int flags)
{
	struct file *file;

	file = anon_inode_getfile("mlx5-vfio-pci-data", fops, s, flags);
	if (IS_ERR(file))
		return file;

	kref_get(&s->ref);
	stream_open(file_inode(file), file);
	return file;
}

/** mvf_session_publish - make a session that is complete the device's */
void mvf_session_publish(struct mvf_session *s)
{
	struct mvf_device *mvf = s->mvf;

	spin_lock(&mvf->reset_lock);
	mvf->session = s;
	/* A reset during the arc found no session to end. */
	if (mvf->reset_pending)
		WRITE_ONCE(s->ended, true);
	spin_unlock(&mvf->reset_lock);
}

/**
 * mvf_session_open - make the session's file, and the session the device's
 * @s: the session, complete
 * @fops: what the file can do
 * @flags: O_RDONLY or O_WRONLY
 * @filp: the file
 *
 * Return: 0 or the errno of a file that could not be made.
 */
int mvf_session_open(struct mvf_session *s, const struct file_operations *fops,
		     int flags, struct file **filp)
{
	struct file *file = mvf_session_file(s, fops, flags);

	if (IS_ERR(file))
		return PTR_ERR(file);

	mvf_session_publish(s);
	*filp = file;
	return 0;
}

/**
 * mvf_session_end - release all that a session has of the device
 * @s: the session; the device's reference is dropped
 *
 * Called with state_mutex held and the PF attached. Waits for a LOAD that a
 * write() has begun, and for a SAVE that was sent, as the firmware may write to
 * the session's memory until it answers. From then on the file returns ENODEV.
 */
void mvf_session_end(struct mvf_session *s)
{
	mutex_lock(&s->lock);
	s->ops->end(s);
	mvf_fw_dealloc_pd(s->mvf, s->pdn);
	mvf_note_session_end(s->mvf);
	s->mvf = NULL;
	mutex_unlock(&s->lock);

	kref_put(&s->ref, mvf_session_free);
}

/** mvf_session_end_current - end the device's session, if there is one */
void mvf_session_end_current(struct mvf_device *mvf)
{
	struct mvf_session *s;

	lockdep_assert_held(&mvf->state_mutex);
	spin_lock(&mvf->reset_lock);
	s = mvf->session;
	mvf->session = NULL;
	spin_unlock(&mvf->reset_lock);
	if (s)
		mvf_session_end(s);
}

/** mvf_session_release - the file's release; the session stays open until its end */
int mvf_session_release(struct inode *inode, struct file *filp)
{
	struct mvf_session *s = filp->private_data;

	kref_put(&s->ref, mvf_session_free);
	return 0;
}
