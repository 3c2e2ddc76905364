// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream of a save: the buffers that SAVEs have filled, in order, and the file
 * operations that read them.
 */
#include <linux/uaccess.h>

#include "saving.h"

/**
 * mvf_reading_append - append a buffer to what can be read
 * @save: the session
 * @buf: the buffer, filled; the caller's reference goes with it
 * @end: the meaning of the stream when this buffer was read, too
 * @initial: it counts as initial bytes of PRE_COPY
 */
void mvf_reading_append(struct mvf_save *save, struct mvf_buffer *buf,
			enum mvf_end end, bool initial)
{
	u64 len = buf->prefix_len + buf->used;

	spin_lock(&save->list_lock);
	list_add_tail(&buf->node, &save->ready);
	save->unread += len;
	if (initial)
		save->initial += len;
	save->end = end;
	spin_unlock(&save->list_lock);
	wake_up_all(&save->session.wait);
}

/** mvf_reading_set_end - set the meaning of the stream when all was read */
void mvf_reading_set_end(struct mvf_save *save, enum mvf_end end)
{
	spin_lock(&save->list_lock);
	save->end = end;
	spin_unlock(&save->list_lock);
	wake_up_all(&save->session.wait);
}

/** mvf_reading_fail - let every later read fail with @err */
void mvf_reading_fail(struct mvf_save *save, int err)
{
	spin_lock(&save->list_lock);
	save->err = err;
	spin_unlock(&save->list_lock);
	wake_up_all(&save->session.wait);
}

/*
 * Returns the buffer to read from, with a reference; NULL at the end of the
 * stream, or an ERR_PTR() for any other reason why there is none.
 */
static struct mvf_buffer *mvf_reading_front(struct mvf_save *save)
{
	struct mvf_buffer *buf = NULL;

	spin_lock(&save->list_lock);
	if (mvf_session_ended(&save->session))
		buf = ERR_PTR(-ENODEV);
	else if (save->err)
		buf = ERR_PTR(save->err);
	else if (!list_empty(&save->ready))
		buf = mvf_buffer_get(list_first_entry(&save->ready,
						      struct mvf_buffer, node));
	else if (save->end == MVF_END_NOT_YET)
		buf = ERR_PTR(-EAGAIN);
	else if (save->end == MVF_END_FOR_NOW)
		buf = ERR_PTR(-ENOMSG);
	spin_unlock(&save->list_lock);
	return buf;
}

/* Copies the bytes that are contiguous. */
static ssize_t mvf_reading_copy(struct mvf_save *save, struct mvf_buffer *buf,
				char __user *to, size_t len)
{
	void *from;

	if (save->pos < buf->prefix_len) {
		from = buf->prefix + save->pos;
		len = min_t(u64, len, buf->prefix_len - save->pos);
	} else {
		u64 offset = save->pos - buf->prefix_len;

		len = min_t(u64, len, buf->used - offset);
		from = mvf_buffer_at(buf, &save->cursor, offset, &len);
	}

	len -= copy_to_user(to, from, len);
	save->pos += len;
	return len ? len : -EFAULT;
}

/*
 * Accounts for @len bytes of @buf that were read. After the last of them, a buffer
 * that has memory can be saved to again. After the session's end it is in no list.
 */
static void mvf_reading_consume(struct mvf_save *save, struct mvf_buffer *buf,
				size_t len)
{
	bool empty = save->pos == buf->prefix_len + buf->used;
	bool drop = false;

	spin_lock(&save->list_lock);
	save->unread -= len;
	save->initial -= min_t(u64, save->initial, len);
	if (empty && !mvf_session_ended(&save->session)) {
		drop = !mvf_buffer_mapped(buf);
		list_del_init(&buf->node);
		if (!drop)
			list_add_tail(&buf->node, &save->spare);
		if (READ_ONCE(save->next))
			queue_work(mvf_workqueue, &save->work);
	}
	spin_unlock(&save->list_lock);

	if (drop)
		mvf_buffer_put(buf);
	if (empty) {
		save->pos = 0;
		save->cursor = (struct mvf_cursor){};
	}
}

/* Reads from one buffer; 0 at the end of the stream. */
static ssize_t mvf_reading_step(struct mvf_save *save, char __user *to,
				size_t len)
{
	struct mvf_buffer *buf = mvf_reading_front(save);
	ssize_t n;

	if (IS_ERR_OR_NULL(buf))
		return PTR_ERR_OR_ZERO(buf);

	n = mvf_reading_copy(save, buf, to, len);
	if (n > 0)
		mvf_reading_consume(save, buf, n);
	mvf_buffer_put(buf);
	return n;
}

/* Would a read return? */
static bool mvf_reading_would_return(struct mvf_save *save)
{
	bool possible;

	spin_lock(&save->list_lock);
	possible = mvf_session_ended(&save->session) || save->err || !list_empty(&save->ready) ||
		   save->end != MVF_END_NOT_YET;
	spin_unlock(&save->list_lock);
	return possible;
}

/* Waits for the first byte only. */
static ssize_t mvf_reading_loop(struct mvf_save *save, char __user *to,
				size_t len, bool wait)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < len && !(done && signal_pending(current))) {
		n = mvf_reading_step(save, to + done, len - done);
		if (n > 0) {
			done += n;
			cond_resched();
			continue;
		}
		if (n != -EAGAIN || done || !wait)
			break;
		n = wait_event_interruptible(save->session.wait, mvf_reading_would_return(save));
		if (n)
			break;
	}
	return done ? done : n;
}

/**
 * mvf_reading_read - read() of a data file
 * @filp: the file
 * @to: user memory
 * @len: its length in bytes
 * @pos: not used: the file is a stream
 *
 * Return: bytes read; 0 at the end of the stream; -ENOMSG when all that has been
 * saved so far was read; -EAGAIN with O_NONBLOCK; -ENODEV when the session has
 * ended; -EIO when a SAVE has failed, -ENOMEM when it was for lack of memory;
 * -EFAULT or -ERESTARTSYS.
 */
ssize_t mvf_reading_read(struct file *filp, char __user *to, size_t len,
			 loff_t *pos)
{
	struct mvf_save *save = mvf_save_of(filp->private_data);
	bool wait = !(filp->f_flags & O_NONBLOCK);
	ssize_t n;

	if (!wait && !mutex_trylock(&save->session.io_mutex))
		return -EAGAIN;
	if (wait && mutex_lock_interruptible(&save->session.io_mutex))
		return -ERESTARTSYS;
	n = mvf_reading_loop(save, to, len, wait);
	mutex_unlock(&save->session.io_mutex);
	return n;
}

/** mvf_reading_poll - poll() of a data file; a temporary end is no event */
__poll_t mvf_reading_poll(struct file *filp, struct poll_table_struct *table)
{
	struct mvf_save *save = mvf_save_of(filp->private_data);
	__poll_t events = 0;

	poll_wait(filp, &save->session.wait, table);
	spin_lock(&save->list_lock);
	if (mvf_session_ended(&save->session) || save->err)
		events = EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLERR;
	else if (!list_empty(&save->ready) || save->end == MVF_END)
		events = EPOLLIN | EPOLLRDNORM;
	spin_unlock(&save->list_lock);
	return events;
}
