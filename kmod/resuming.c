// SPDX-License-Identifier: GPL-2.0-only
/*
 * RESUMING: the data fd takes records or a bare image, and gives each image to
 * the firmware when its last byte is there.
 */
#include <linux/poll.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "session.h"

/*
 * Has the firmware take the image in s->buf. The session must not have ended;
 * s->lock keeps it so for the time of the command.
 */
static int mvf_resuming_load(struct mvf_session *s)
{
	int err = -ENODEV;
	int unmapped;

	mutex_lock(&s->lock);
	if (mvf_session_ended(s))
		goto out_unlock;

	err = mvf_buffer_map(s->buf, s->mvf, s->pdn, DMA_TO_DEVICE);
	if (err)
		goto out_unlock;
	err = mvf_fw_load(s->mvf, s->buf->mkey, s->buf->used);
	unmapped = mvf_buffer_unmap(s->buf, s->mvf);
	if (!err)
		err = unmapped;
	if (err)
		goto out_unlock;

	s->loads++;
	s->buf->used = 0;
	s->cursor = (struct mvf_cursor){};
out_unlock:
	mutex_unlock(&s->lock);
	return err;
}

/*
 * Makes room for what this write brings and for as much again as there is, but
 * for a large block at least, all within what the image can still need: so the
 * memory stays in proportion to the bytes that have really come.
 */
static int mvf_resuming_grow(struct mvf_session *s, struct mvf_buffer *buf,
			     size_t len)
{
	u64 most = buf->used + s->stream.left;
	u64 want = buf->used + max3((u64)len, buf->used, (u64)SZ_2M);

	return mvf_buffer_grow(buf, buf->used + 1, min(want, most));
}

static ssize_t mvf_resuming_image(struct mvf_session *s, struct mvf_buffer *buf,
				  const char __user *from, size_t len)
{
	void *to;
	int err;

	len = min_t(u64, len, s->stream.left);
	if (!len)
		return -EFBIG;
	err = mvf_resuming_grow(s, buf, len);
	if (err)
		return err;

	len = min_t(u64, len, buf->capacity - buf->used);
	to = mvf_buffer_at(buf, &s->cursor, buf->used, &len);
	len -= copy_from_user(to, from, len);
	if (!len)
		return -EFAULT;

	buf->used += len;
	mvf_stream_took(&s->stream, len);
	if (s->stream.expect == MVF_HEAD)
		s->err = mvf_resuming_load(s);
	return s->err ? s->err : len;
}

/* The first bytes of a bare image were collected as a head. */
static int mvf_resuming_head_to_image(struct mvf_session *s,
				      struct mvf_buffer *buf)
{
	size_t len = MVF_HEAD_LEN;
	int err;

	err = mvf_resuming_grow(s, buf, len);
	if (err)
		return err;

	memcpy(mvf_buffer_at(buf, &s->cursor, 0, &len), s->stream.head, len);
	buf->used = len;
	mvf_stream_took(&s->stream, len);
	return 0;
}

static ssize_t mvf_resuming_head(struct mvf_session *s, struct mvf_buffer *buf,
				 const char __user *from, size_t len)
{
	struct mvf_stream *st = &s->stream;

	len = min_t(size_t, len, MVF_HEAD_LEN - st->head_len);
	len -= copy_from_user(st->head + st->head_len, from, len);
	if (!len)
		return -EFAULT;

	st->head_len += len;
	if (st->head_len == MVF_HEAD_LEN) {
		s->err = mvf_stream_head_done(st);
		if (!s->err && st->expect == MVF_BARE)
			s->err = mvf_resuming_head_to_image(s, buf);
	}
	return s->err ? s->err : len;
}

/* Takes some of the bytes; returns how many. */
static ssize_t mvf_resuming_step(struct mvf_session *s, struct mvf_buffer *buf,
				 const char __user *from, size_t len)
{
	if (mvf_session_ended(s))
		return -ENODEV;
	if (s->err)
		return s->err;

	switch (s->stream.expect) {
	case MVF_HEAD:
		return mvf_resuming_head(s, buf, from, len);
	case MVF_SKIP:
		len = min_t(u64, len, s->stream.left);
		mvf_stream_took(&s->stream, len);
		return len;
	default:
		return mvf_resuming_image(s, buf, from, len);
	}
}

/* The buffer, with a reference that lasts when the session ends meanwhile. */
static struct mvf_buffer *mvf_resuming_buffer(struct mvf_session *s)
{
	struct mvf_buffer *buf = ERR_PTR(-ENODEV);

	mutex_lock(&s->lock);
	if (!mvf_session_ended(s))
		buf = mvf_buffer_get(s->buf);
	mutex_unlock(&s->lock);
	return buf;
}

/*
 * What has gone wrong for good is told at once, even if bytes before it were
 * taken: the next write could only say the same.
 */
static ssize_t mvf_resuming_write(struct file *filp, const char __user *from,
				  size_t len, loff_t *pos)
{
	struct mvf_session *s = filp->private_data;
	struct mvf_buffer *buf;
	size_t done = 0;
	ssize_t n = 0;

	if (mutex_lock_interruptible(&s->io_mutex))
		return -ERESTARTSYS;
	buf = mvf_resuming_buffer(s);
	if (IS_ERR(buf)) {
		n = PTR_ERR(buf);
		goto out_unlock;
	}
	while (done < len && !(done && signal_pending(current))) {
		n = mvf_resuming_step(s, buf, from + done, len - done);
		if (n < 0)
			break;
		done += n;
	}
	if (s->err)
		done = 0;
	mvf_buffer_put(buf);
out_unlock:
	mutex_unlock(&s->io_mutex);
	return done ? done : n;
}

static __poll_t mvf_resuming_poll(struct file *filp,
				  struct poll_table_struct *table)
{
	struct mvf_session *s = filp->private_data;

	poll_wait(filp, &s->wait, table);
	if (mvf_session_ended(s))
		return EPOLLOUT | EPOLLWRNORM | EPOLLERR;
	return EPOLLOUT | EPOLLWRNORM;
}

static const struct file_operations mvf_resuming_fops = {
	.owner = THIS_MODULE,
	.write = mvf_resuming_write,
	.poll = mvf_resuming_poll,
	.release = mvf_session_release,
};

/* STOP to RESUMING. */
int mvf_resuming_begin(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_session *s;
	int err;

	s = mvf_session_new(mvf);
	if (IS_ERR(s))
		return PTR_ERR(s);
	mvf_note_session_begin(mvf, MVF_WAY_LOAD);

	s->buf = mvf_buffer_alloc(mvf, 0, 0);
	if (IS_ERR(s->buf)) {
		err = PTR_ERR(s->buf);
		s->buf = NULL;
		goto out_end;
	}
	err = mvf_session_open(s, &mvf_resuming_fops, O_WRONLY, filp);
	if (err)
		goto out_end;
	return 0;

out_end:
	mvf_session_end(s);
	return err;
}

/* Is the stream complete? A bare image is complete when the user says so. */
static int mvf_resuming_complete(struct mvf_session *s)
{
	if (s->err)
		return s->err;
	if (!mvf_stream_may_end(&s->stream))
		return -EINVAL;
	if (s->stream.expect == MVF_BARE)
		s->err = mvf_resuming_load(s);
	if (s->err)
		return s->err;
	return s->loads ? 0 : -EINVAL;
}

/*
 * RESUMING to STOP. On failure the session goes on: a stream that was cut may
 * be continued, and all else needs a reset.
 */
int mvf_resuming_end(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_session *s = mvf->session;
	int err;

	/* A write() in progress may be waiting for memory that we keep. */
	if (!mutex_trylock(&s->io_mutex))
		return -EBUSY;
	err = mvf_resuming_complete(s);
	mutex_unlock(&s->io_mutex);
	if (err)
		return err;

	mvf_session_end_current(mvf);
	return 0;
}
