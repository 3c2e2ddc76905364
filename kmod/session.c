// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a data session: begun by an arc, ended by an arc, a reset, the
 * last close or the PF's going, and outlived by its file as long as somebody
 * keeps that open.
 */
#include <linux/anon_inodes.h>
#include <linux/slab.h>

#include "saving.h"

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
	spin_lock_init(&s->list_lock);
	INIT_LIST_HEAD(&s->ready);
	INIT_LIST_HEAD(&s->spare);
	mvf_saving_init(s);
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
 * mvf_session_file - make the session's file
 * @s: the session
 * @fops: what the file can do
 * @flags: O_RDONLY or O_WRONLY
 *
 * Return: the file, which holds a reference of its own to the session, or an
 * ERR_PTR().
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

/* From here on nobody reads what is in the lists, or queues the work. */
static void mvf_session_take_all(struct mvf_session *s, struct list_head *all)
{
	spin_lock(&s->list_lock);
	WRITE_ONCE(s->ended, true);
	list_splice_tail_init(&s->ready, all);
	list_splice_tail_init(&s->spare, all);
	spin_unlock(&s->list_lock);
	wake_up_all(&s->wait);
}

/* A reader that is at work on one of them has a reference, and no more. */
static void mvf_session_drop_buffers(struct mvf_session *s,
				     struct list_head *all)
{
	struct mvf_buffer *buf, *next;

	list_for_each_entry_safe(buf, next, all, node) {
		list_del_init(&buf->node);
		if (mvf_buffer_mapped(buf))
			mvf_buffer_unmap(buf, s->mvf);
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
 * write() has begun, and for the SAVE that is on its way, which may write to
 * the session's memory until the firmware answers. From then on the fd answers
 * ENODEV.
 */
void mvf_session_end(struct mvf_session *s)
{
	LIST_HEAD(all);

	mutex_lock(&s->lock);
	mvf_session_take_all(s, &all);
	mvf_saving_abandon(s);
	mvf_session_drop_buffers(s, &all);
	mvf_fw_dealloc_pd(s->mvf, s->pdn);
	mvf_note_session_end(s->mvf);
	s->mvf = NULL;
	mutex_unlock(&s->lock);

	cancel_work_sync(&s->work);
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
