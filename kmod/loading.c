// SPDX-License-Identifier: GPL-2.0-only
/*
 * RESUMING: the data file takes records or a bare image, and has the firmware load
 * each image when its last byte has arrived.
 */
#include <linux/poll.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "fw.h"
#include "loading.h"
#include "session.h"

/**
 * struct mvf_load - a session that loads
 * @session: what all sessions have; must stay first
 * @buf: the image that arrives; NULL after the session's end. The pointer is
 *	protected by the session's lock, the contents by io_mutex
 * @cursor: the position in @buf to write to (io)
 * @stream: the parser of the stream (io)
 * @loads: images that the firmware has loaded (io)
 * @err: the permanent error of the stream; only a reset helps (io)
 */
struct mvf_load {
	struct mvf_session session;
	struct mvf_buffer *buf;
	struct mvf_cursor cursor;
	struct mvf_stream stream;
	unsigned int loads;
	int err;
};

static struct mvf_load *mvf_load_of(struct mvf_session *s)
{
	return container_of(s, struct mvf_load, session);
}

/*
 * A key names whole pages. What is behind the image in the last one is of an older
 * image, or of another user of the memory.
 *
 * Return: bytes of the pages that the image is in.
 */
static u64 mvf_loading_clear_rest(struct mvf_load *load)
{
	struct mvf_buffer *buf = load->buf;
	u64 end = PAGE_ALIGN(buf->used);
	size_t len = end - buf->used;

	if (len)
		memset(mvf_buffer_at(buf, &load->cursor, buf->used, &len), 0,
		       len);
	return end;
}

/*
 * Has the firmware load the image in the buffer. If there is no memory for that,
 * the image's own is freed, as by mvf_loading_grow().
 */
static int mvf_loading_load(struct mvf_load *load)
{
	int err = -ENODEV;
	int unmapped;

	mutex_lock(&load->session.lock);
	if (mvf_session_ended(&load->session))
		goto out_unlock;

	err = mvf_buffer_map(load->buf, load->session.mvf, load->session.pdn,
			     DMA_TO_DEVICE, mvf_loading_clear_rest(load));
	if (err == -ENOMEM)
		mvf_buffer_clear(load->buf);
	if (err)
		goto out_unlock;
	err = mvf_fw_load(load->session.mvf, load->buf->mkey, load->buf->used);
	unmapped = mvf_buffer_unmap(load->buf, load->session.mvf);
	if (!err)
		err = unmapped;
	if (err)
		goto out_unlock;

	load->loads++;
	load->buf->used = 0;
	load->cursor = (struct mvf_cursor){};
out_unlock:
	mutex_unlock(&load->session.lock);
	return err;
}

/*
 * Allocates memory for the bytes of this write and as many again as have arrived,
 * at least a large block, and no more than the image can still need. So memory
 * stays in proportion to the bytes that have arrived. A stream for which there is
 * none is given up, and its memory is freed, so that the process has some for what
 * follows: at the limit of its memory cgroup it would be killed.
 */
static int mvf_loading_grow(struct mvf_load *load, struct mvf_buffer *buf,
			    size_t len)
{
	u64 most = buf->used + load->stream.left;
	u64 want = buf->used + max3((u64)len, buf->used, (u64)SZ_2M);
	int err;

	err = mvf_buffer_grow(buf, buf->used + 1, min(want, most));
	if (err == -ENOMEM) {
		load->err = err;
		mvf_buffer_clear(buf);
	}
	return err;
}

static ssize_t mvf_loading_image(struct mvf_load *load, struct mvf_buffer *buf,
				 const char __user *from, size_t len)
{
	void *to;
	int err;

	len = min_t(u64, len, load->stream.left);
	if (!len) {
		load->err = -EFBIG;
		return load->err;
	}
	err = mvf_loading_grow(load, buf, len);
	if (err)
		return err;

	len = min_t(u64, len, buf->capacity - buf->used);
	to = mvf_buffer_at(buf, &load->cursor, buf->used, &len);
	len -= copy_from_user(to, from, len);
	if (!len)
		return -EFAULT;

	buf->used += len;
	mvf_stream_advance(&load->stream, len);
	if (load->stream.expect == MVF_HEAD)
		load->err = mvf_loading_load(load);
	return load->err ? load->err : len;
}

/* The first bytes of a bare image were read as a head. */
static int mvf_loading_head_to_image(struct mvf_load *load,
				     struct mvf_buffer *buf)
{
	size_t len = MVF_HEAD_LEN;
	int err;

	err = mvf_loading_grow(load, buf, len);
	if (err)
		return err;

	memcpy(mvf_buffer_at(buf, &load->cursor, 0, &len), load->stream.head, len);
	buf->used = len;
	mvf_stream_advance(&load->stream, len);
	return 0;
}

static ssize_t mvf_loading_head(struct mvf_load *load, struct mvf_buffer *buf,
				const char __user *from, size_t len)
{
	struct mvf_stream *st = &load->stream;

	len = min_t(size_t, len, MVF_HEAD_LEN - st->head_len);
	len -= copy_from_user(st->head + st->head_len, from, len);
	if (!len)
		return -EFAULT;

	st->head_len += len;
	if (st->head_len == MVF_HEAD_LEN) {
		load->err = mvf_stream_head_done(st);
		if (!load->err && st->expect == MVF_BARE)
			load->err = mvf_loading_head_to_image(load, buf);
	}
	return load->err ? load->err : len;
}

/* Consumes some of the bytes, and returns their number. */
static ssize_t mvf_loading_step(struct mvf_load *load, struct mvf_buffer *buf,
				const char __user *from, size_t len)
{
	if (mvf_session_ended(&load->session))
		return -ENODEV;
	if (load->err)
		return load->err;

	switch (load->stream.expect) {
	case MVF_HEAD:
		return mvf_loading_head(load, buf, from, len);
	case MVF_SKIP:
		len = min_t(u64, len, load->stream.left);
		mvf_stream_advance(&load->stream, len);
		return len;
	default:
		return mvf_loading_image(load, buf, from, len);
	}
}

/* Returns the buffer with a reference, as the session may end meanwhile. */
static struct mvf_buffer *mvf_loading_buffer(struct mvf_load *load)
{
	struct mvf_buffer *buf = ERR_PTR(-ENODEV);

	mutex_lock(&load->session.lock);
	if (!mvf_session_ended(&load->session))
		buf = mvf_buffer_get(load->buf);
	mutex_unlock(&load->session.lock);
	return buf;
}

/*
 * A permanent error is returned at once, even if bytes before it were consumed:
 * the next write would only return it again.
 */
static ssize_t mvf_loading_write(struct file *filp, const char __user *from,
				 size_t len, loff_t *pos)
{
	struct mvf_load *load = mvf_load_of(filp->private_data);
	struct mvf_buffer *buf;
	size_t done = 0;
	ssize_t n = 0;

	if (mutex_lock_interruptible(&load->session.io_mutex))
		return -ERESTARTSYS;
	buf = mvf_loading_buffer(load);
	if (IS_ERR(buf)) {
		n = PTR_ERR(buf);
		goto out_unlock;
	}
	while (done < len && !(done && signal_pending(current))) {
		n = mvf_loading_step(load, buf, from + done, len - done);
		if (n < 0)
			break;
		done += n;
		cond_resched();
	}
	if (load->err)
		done = 0;
	mvf_buffer_put(buf);
out_unlock:
	mutex_unlock(&load->session.io_mutex);
	return done ? done : n;
}

static __poll_t mvf_loading_poll(struct file *filp,
				 struct poll_table_struct *table)
{
	struct mvf_load *load = mvf_load_of(filp->private_data);

	poll_wait(filp, &load->session.wait, table);
	if (mvf_session_ended(&load->session))
		return EPOLLOUT | EPOLLWRNORM | EPOLLERR;
	return EPOLLOUT | EPOLLWRNORM;
}

static const struct file_operations mvf_loading_fops = {
	.owner = THIS_MODULE,
	.write = mvf_loading_write,
	.poll = mvf_loading_poll,
	.release = mvf_session_release,
};

static void mvf_loading_session_end(struct mvf_session *s)
{
	struct mvf_load *load = mvf_load_of(s);

	WRITE_ONCE(s->ended, true);
	wake_up_all(&s->wait);
	mvf_buffer_put(load->buf);
	load->buf = NULL;
}

static void mvf_loading_session_free(struct mvf_session *s)
{
	mvf_session_destroy(s);
	kfree(mvf_load_of(s));
}

static const struct mvf_session_ops mvf_loading_ops = {
	.end = mvf_loading_session_end,
	.free = mvf_loading_session_free,
};

static struct mvf_load *mvf_load_new(struct mvf_device *mvf)
{
	struct mvf_load *load = kzalloc(sizeof(*load), MVF_GFP_CHARGED);
	int err;

	if (!load)
		return ERR_PTR(-ENOMEM);
	load->buf = mvf_buffer_alloc(mvf, 0, 0);
	if (IS_ERR(load->buf)) {
		err = PTR_ERR(load->buf);
		goto out_free;
	}
	err = mvf_session_init(&load->session, mvf, &mvf_loading_ops);
	if (err)
		goto out_buffer;

	mvf_stream_init(&load->stream,
			!(mvf->can_multi_load && mvf->can_track));
	mvf_note_session_begin(mvf, MVF_WAY_LOAD);
	return load;

out_buffer:
	mvf_buffer_put(load->buf);
out_free:
	kfree(load);
	return ERR_PTR(err);
}

/**
 * mvf_loading_begin - take the arc from STOP to RESUMING
 * @mvf: the device; state_mutex is held
 * @filp: the data file
 *
 * Return: 0, -ENOMEM or an errno from the firmware.
 */
int mvf_loading_begin(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_load *load = mvf_load_new(mvf);
	int err;

	if (IS_ERR(load))
		return PTR_ERR(load);
	err = mvf_session_open(&load->session, &mvf_loading_fops, O_WRONLY,
			       filp);
	if (err)
		mvf_session_end(&load->session);
	return err;
}

/* Checks that the stream is complete. The user ends a bare image by this arc. */
static int mvf_loading_complete(struct mvf_load *load)
{
	if (load->err)
		return load->err;
	if (!mvf_stream_may_end(&load->stream))
		return -EINVAL;
	if (load->stream.expect == MVF_BARE)
		load->err = mvf_loading_load(load);
	if (load->err)
		return load->err;
	return load->loads ? 0 : -EINVAL;
}

/**
 * mvf_loading_end - take the arc from RESUMING to STOP
 * @mvf: the device; state_mutex is held
 * @filp: not used
 *
 * After a failure the session stays open: an incomplete stream can be continued,
 * and everything else requires a reset.
 *
 * Return: 0; -EINVAL for an incomplete stream, or one without an image; -EBUSY
 * during a write(); or the permanent error of the stream.
 */
int mvf_loading_end(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_load *load = mvf_load_of(mvf->session);
	int err;

	/* A write() in progress may wait for memory that state_mutex protects. */
	if (!mutex_trylock(&load->session.io_mutex))
		return -EBUSY;
	err = mvf_loading_complete(load);
	mutex_unlock(&load->session.io_mutex);
	if (err)
		return err;

	mvf_session_end_current(mvf);
	return 0;
}
