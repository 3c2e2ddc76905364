// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a data session: begun by an arc, ended by an arc, a reset, the
 * last close or the PF's going, and outlived by its file as long as somebody
 * keeps that open.
 */
#include <linux/anon_inodes.h>
#include <linux/slab.h>

#include "session.h"

/**
 * mvf_session_new - make a session
 * @mvf: the device; state_mutex is held
 *
 * Return: a session with one reference, the device's, or an ERR_PTR().
 * mvf_session_end() is how it goes away, on the failure paths too.
 */
struct mvf_session *mvf_session_new(struct mvf_device *mvf)
{
	struct mvf_session *s;
	int err;

	s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return ERR_PTR(-ENOMEM);

	err = mvf_fw_alloc_pd(mvf, &s->pdn);
	if (err) {
		kfree(s);
		return ERR_PTR(err);
	}
	kref_init(&s->ref);
	mutex_init(&s->io_mutex);
	mutex_init(&s->lock);
	init_waitqueue_head(&s->wait);
	INIT_LIST_HEAD(&s->ready);
	mvf_stream_init(&s->stream);
	s->mvf = mvf;
	return s;
}

static void mvf_session_free(struct kref *ref)
{
	struct mvf_session *s = container_of(ref, struct mvf_session, ref);

	mutex_destroy(&s->lock);
	mutex_destroy(&s->io_mutex);
	kfree(s);
}

/**
 * mvf_session_open - make the session's file, and the session the device's
 * @s: the session, complete
 * @fops: what the file can do
 * @flags: O_RDONLY or O_WRONLY
 * @filp: the file, which holds a reference of its own to the session
 *
 * Return: 0 or the errno of a file that could not be made.
 */
int mvf_session_open(struct mvf_session *s, const struct file_operations *fops,
		     int flags, struct file **filp)
{
	struct mvf_device *mvf = s->mvf;
	struct file *file;

	file = anon_inode_getfile("mlx5-vfio-pci-data", fops, s, flags);
	if (IS_ERR(file))
		return PTR_ERR(file);

	kref_get(&s->ref);
	stream_open(file_inode(file), file);
	*filp = file;

	spin_lock(&mvf->reset_lock);
	mvf->session = s;
	/* A reset during the arc found no session to end. */
	if (mvf->reset_pending)
		WRITE_ONCE(s->ended, true);
	spin_unlock(&mvf->reset_lock);
	return 0;
}

static void mvf_session_drop_buffers(struct mvf_session *s)
{
	struct mvf_buffer *buf, *next;

	list_for_each_entry_safe(buf, next, &s->ready, node) {
		list_del_init(&buf->node);
		mvf_buffer_put(buf);
	}
	if (s->buf)
		mvf_buffer_put(s->buf);
	s->buf = NULL;
}

/**
 * mvf_session_end - release all that a session has of the device
 * @s: the session; the device's reference goes with it
 *
 * Called with state_mutex held and the PF attached. Waits for a LOAD that a
 * write() has begun; from then on the fd answers ENODEV.
 */
void mvf_session_end(struct mvf_session *s)
{
	mutex_lock(&s->lock);
	WRITE_ONCE(s->ended, true);
	mvf_session_drop_buffers(s);
	mvf_fw_dealloc_pd(s->mvf, s->pdn);
	s->mvf = NULL;
	mutex_unlock(&s->lock);

	wake_up_all(&s->wait);
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

/* The file's release: the session itself may go on until the device ends it. */
int mvf_session_release(struct inode *inode, struct file *filp)
{
	struct mvf_session *s = filp->private_data;

	kref_put(&s->ref, mvf_session_free);
	return 0;
}
