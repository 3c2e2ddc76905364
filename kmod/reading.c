// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data fd of a device that is saved: gives out what SAVEs have written, as
 * far as it is ready, and says what it means when there is nothing.
 */
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "precopy.h"
#include "saving.h"

/**
 * mvf_reading_offer - let a buffer be read, after those that already can be
 * @s: the session
 * @buf: the buffer, filled; the caller's reference goes with it
 * @end: what it means when it has been read, too
 * @initial: it counts as initial bytes of PRE_COPY
 */
void mvf_reading_offer(struct mvf_session *s, struct mvf_buffer *buf,
		       enum mvf_end end, bool initial)
{
	u64 len = buf->prefix_len + buf->used;

	spin_lock(&s->list_lock);
	list_add_tail(&buf->node, &s->ready);
	s->unread += len;
	if (initial)
		s->initial += len;
	s->end = end;
	spin_unlock(&s->list_lock);
	wake_up_all(&s->wait);
}

/** mvf_reading_set_end - say what it means when all that is ready was read */
void mvf_reading_set_end(struct mvf_session *s, enum mvf_end end)
{
	spin_lock(&s->list_lock);
	s->end = end;
	spin_unlock(&s->list_lock);
	wake_up_all(&s->wait);
}

/** mvf_reading_fail - let every read from now on fail with @err */
void mvf_reading_fail(struct mvf_session *s, int err)
{
	spin_lock(&s->list_lock);
	s->err = err;
	spin_unlock(&s->list_lock);
	wake_up_all(&s->wait);
}

/*
 * The buffer to read from, with a reference; NULL after the last one, or what
 * else it means that there is none.
 */
static struct mvf_buffer *mvf_reading_front(struct mvf_session *s)
{
	struct mvf_buffer *buf = NULL;

	spin_lock(&s->list_lock);
	if (mvf_session_ended(s))
		buf = ERR_PTR(-ENODEV);
	else if (s->err)
		buf = ERR_PTR(s->err);
	else if (!list_empty(&s->ready))
		buf = mvf_buffer_get(list_first_entry(&s->ready,
						      struct mvf_buffer, node));
	else if (s->end == MVF_END_NOT_YET)
		buf = ERR_PTR(-EAGAIN);
	else if (s->end == MVF_END_FOR_NOW)
		buf = ERR_PTR(-ENOMSG);
	spin_unlock(&s->list_lock);
	return buf;
}

/* Copies as much as lies together. */
static ssize_t mvf_reading_copy(struct mvf_session *s, struct mvf_buffer *buf,
				char __user *to, size_t len)
{
	void *from;

	if (s->pos < buf->prefix_len) {
		from = buf->prefix + s->pos;
		len = min_t(u64, len, buf->prefix_len - s->pos);
	} else {
		u64 offset = s->pos - buf->prefix_len;

		len = min_t(u64, len, buf->used - offset);
		from = mvf_buffer_at(buf, &s->cursor, offset, &len);
	}

	len -= copy_to_user(to, from, len);
	s->pos += len;
	return len ? len : -EFAULT;
}

/*
 * Accounts for @len bytes of @buf that were read. When they were its last, it
 * can be saved to again, if it has memory at all. After the session's end it is
 * in nobody's list.
 */
static void mvf_reading_took(struct mvf_session *s, struct mvf_buffer *buf,
			     size_t len)
{
	bool empty = s->pos == buf->prefix_len + buf->used;
	bool drop = false;

	spin_lock(&s->list_lock);
	s->unread -= len;
	s->initial -= min_t(u64, s->initial, len);
	if (empty && !mvf_session_ended(s)) {
		drop = !mvf_buffer_mapped(buf);
		list_del_init(&buf->node);
		if (!drop)
			list_add_tail(&buf->node, &s->spare);
		if (READ_ONCE(s->next))
			queue_work(system_unbound_wq, &s->work);
	}
	spin_unlock(&s->list_lock);

	if (drop)
		mvf_buffer_put(buf);
	if (empty) {
		s->pos = 0;
		s->cursor = (struct mvf_cursor){};
	}
}

/* Gives bytes of one buffer; 0 after the last. */
static ssize_t mvf_reading_step(struct mvf_session *s, char __user *to,
				size_t len)
{
	struct mvf_buffer *buf = mvf_reading_front(s);
	ssize_t n;

	if (IS_ERR_OR_NULL(buf))
		return PTR_ERR_OR_ZERO(buf);

	n = mvf_reading_copy(s, buf, to, len);
	if (n > 0)
		mvf_reading_took(s, buf, n);
	mvf_buffer_put(buf);
	return n;
}

/* Is there something to read, or to tell? */
static bool mvf_reading_possible(struct mvf_session *s)
{
	bool possible;

	spin_lock(&s->list_lock);
	possible = mvf_session_ended(s) || s->err || !list_empty(&s->ready) ||
		   s->end != MVF_END_NOT_YET;
	spin_unlock(&s->list_lock);
	return possible;
}

/* Waits for the first byte, and then takes what is there. */
static ssize_t mvf_reading_loop(struct mvf_session *s, char __user *to,
				size_t len, bool wait)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < len && !(done && signal_pending(current))) {
		n = mvf_reading_step(s, to + done, len - done);
		if (n > 0) {
			done += n;
			continue;
		}
		if (n != -EAGAIN || done || !wait)
			break;
		n = wait_event_interruptible(s->wait, mvf_reading_possible(s));
		if (n)
			break;
	}
	return done ? done : n;
}

static ssize_t mvf_reading_read(struct file *filp, char __user *to, size_t len,
				loff_t *pos)
{
	struct mvf_session *s = filp->private_data;
	bool wait = !(filp->f_flags & O_NONBLOCK);
	ssize_t n;

	if (!wait && !mutex_trylock(&s->io_mutex))
		return -EAGAIN;
	if (wait && mutex_lock_interruptible(&s->io_mutex))
		return -ERESTARTSYS;
	n = mvf_reading_loop(s, to, len, wait);
	mutex_unlock(&s->io_mutex);
	return n;
}

/* At a temporary end there is nothing to wake up for. */
static __poll_t mvf_reading_poll(struct file *filp,
				 struct poll_table_struct *table)
{
	struct mvf_session *s = filp->private_data;
	__poll_t events = 0;

	poll_wait(filp, &s->wait, table);
	spin_lock(&s->list_lock);
	if (mvf_session_ended(s) || s->err)
		events = EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLERR;
	else if (!list_empty(&s->ready) || s->end == MVF_END)
		events = EPOLLIN | EPOLLRDNORM;
	spin_unlock(&s->list_lock);
	return events;
}

const struct file_operations mvf_saving_fops = {
	.owner = THIS_MODULE,
	.read = mvf_reading_read,
	.poll = mvf_reading_poll,
	MVF_PRE_COPY_FOPS
	.release = mvf_session_release,
};
