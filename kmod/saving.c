// SPDX-License-Identifier: GPL-2.0-only
/*
 * STOP_COPY: the firmware writes the VF's state to memory, and the data fd
 * gives it out as records.
 */
#include <linux/moduleparam.h>
#include <linux/poll.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "session.h"

/* SAVE's size field has 32 bits, and the memory is whole pages. */
#define MVF_SAVE_MAX ((u64)U32_MAX + 1 - PAGE_SIZE)

enum mvf_stream_format {
	MVF_RECORDS,
	MVF_BARE_IMAGE,
};

static const char * const mvf_format_names[] = {
	[MVF_RECORDS] = "records",
	[MVF_BARE_IMAGE] = "bare",
};

static int mvf_stream_format = MVF_RECORDS;

static int mvf_format_set(const char *val, const struct kernel_param *kp)
{
	int format = sysfs_match_string(mvf_format_names, val);

	if (format < 0)
		return format;
	WRITE_ONCE(mvf_stream_format, format);
	return 0;
}

static int mvf_format_get(char *to, const struct kernel_param *kp)
{
	return scnprintf(to, PAGE_SIZE, "%s\n",
			 mvf_format_names[READ_ONCE(mvf_stream_format)]);
}

static const struct kernel_param_ops mvf_format_ops = {
	.set = mvf_format_set,
	.get = mvf_format_get,
};
module_param_cb(stream_format, &mvf_format_ops, NULL, 0644);
MODULE_PARM_DESC(stream_format,
		 "what a save gives: records (default), or bare, an image as Linux 6.1 reads it");

/**
 * mvf_saving_prefix_len - what a save puts before the image, as of now
 *
 * Return: bytes.
 */
unsigned int mvf_saving_prefix_len(void)
{
	return READ_ONCE(mvf_stream_format) == MVF_RECORDS ? MVF_PREFIX_MAX : 0;
}

/* The buffer to read from, with a reference, or NULL after the last one. */
static struct mvf_buffer *mvf_saving_front(struct mvf_session *s)
{
	struct mvf_buffer *buf;

	mutex_lock(&s->lock);
	if (mvf_session_ended(s)) {
		buf = ERR_PTR(-ENODEV);
	} else {
		buf = list_first_entry_or_null(&s->ready, struct mvf_buffer,
					       node);
		if (buf)
			mvf_buffer_get(buf);
	}
	mutex_unlock(&s->lock);
	return buf;
}

/* Lets go of a buffer that was read to its end. */
static void mvf_saving_pop(struct mvf_session *s, struct mvf_buffer *buf)
{
	mutex_lock(&s->lock);
	if (!list_empty(&buf->node)) {
		list_del_init(&buf->node);
		mvf_buffer_put(buf);
	}
	mutex_unlock(&s->lock);
	s->pos = 0;
	s->cursor = (struct mvf_cursor){};
}

/* Copies as much as lies together. */
static ssize_t mvf_saving_copy(struct mvf_session *s, struct mvf_buffer *buf,
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

/* Gives bytes of one buffer; 0 after the last. */
static ssize_t mvf_saving_step(struct mvf_session *s, char __user *to,
			       size_t len)
{
	struct mvf_buffer *buf = mvf_saving_front(s);
	ssize_t n;

	if (IS_ERR_OR_NULL(buf))
		return PTR_ERR_OR_ZERO(buf);

	n = mvf_saving_copy(s, buf, to, len);
	if (s->pos == buf->prefix_len + buf->used)
		mvf_saving_pop(s, buf);
	mvf_buffer_put(buf);
	return n;
}

static ssize_t mvf_saving_read(struct file *filp, char __user *to, size_t len,
			       loff_t *pos)
{
	struct mvf_session *s = filp->private_data;
	size_t done = 0;
	ssize_t n = 0;

	if (mutex_lock_interruptible(&s->io_mutex))
		return -ERESTARTSYS;
	while (done < len && !(done && signal_pending(current))) {
		n = mvf_saving_step(s, to + done, len - done);
		if (n <= 0)
			break;
		done += n;
	}
	mutex_unlock(&s->io_mutex);
	return done ? done : n;
}

static __poll_t mvf_saving_poll(struct file *filp,
				struct poll_table_struct *table)
{
	struct mvf_session *s = filp->private_data;

	poll_wait(filp, &s->wait, table);
	if (mvf_session_ended(s))
		return EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLERR;
	return EPOLLIN | EPOLLRDNORM;
}

static const struct file_operations mvf_saving_fops = {
	.owner = THIS_MODULE,
	.read = mvf_saving_read,
	.poll = mvf_saving_poll,
	.release = mvf_session_release,
};

/*
 * Has the firmware fill @room bytes of @buf. The wait cannot be interrupted:
 * until the answer comes the firmware may write to the memory.
 */
static int mvf_saving_fill(struct mvf_session *s, struct mvf_buffer *buf,
			   u32 room)
{
	struct mvf_device *mvf = s->mvf;
	u32 size = 0;
	int unmapped;
	int err;

	err = mvf_buffer_map(buf, mvf, s->pdn, DMA_FROM_DEVICE);
	if (err)
		return err;
	err = mvf_fw_save_start(mvf, &s->save, buf->mkey, room);
	if (!err)
		err = mvf_fw_save_finish(mvf, &s->save, &size);
	unmapped = mvf_buffer_unmap(buf, mvf);
	if (!err)
		err = unmapped;
	if (err)
		return err;

	if (!size || size > room) {
		pci_err(mvf->core.pdev,
			"firmware claims to have saved %u bytes to %u bytes of memory\n",
			size, room);
		return -EIO;
	}
	buf->used = size;
	return 0;
}

/* Puts what the stream has before the image. */
static void mvf_saving_frame(struct mvf_buffer *buf, u32 room)
{
	if (!mvf_saving_prefix_len())
		return;
	buf->prefix_len = mvf_stream_put_size(buf->prefix, room);
	buf->prefix_len += mvf_stream_put_image_head(buf->prefix +
						     buf->prefix_len,
						     buf->used);
}

/*
 * Saves the whole state into one buffer. It may be larger than what was asked
 * for, so it is not the buffer's size that the firmware and the stream get.
 */
static int mvf_saving_whole(struct mvf_session *s)
{
	struct mvf_buffer *buf;
	u32 size = 0;
	u32 room;
	int err;

	err = mvf_fw_query_size(s->mvf, &size);
	if (err)
		return err;
	room = min(PAGE_ALIGN((u64)max(size, 1)), MVF_SAVE_MAX);

	/* The pages will be read by the user, filled or not. */
	buf = mvf_buffer_alloc(s->mvf, room, __GFP_ZERO);
	if (IS_ERR(buf))
		return PTR_ERR(buf);

	err = mvf_saving_fill(s, buf, room);
	if (err) {
		mvf_buffer_put(buf);
		return err;
	}
	mvf_saving_frame(buf, room);
	list_add_tail(&buf->node, &s->ready);
	return 0;
}

/*
 * STOP to STOP_COPY. The arc takes as long as the SAVE, so that a refusal
 * fails the arc, and the device stays in STOP.
 */
int mvf_saving_begin(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_session *s;
	int err;

	s = mvf_session_new(mvf);
	if (IS_ERR(s))
		return PTR_ERR(s);

	err = mvf_saving_whole(s);
	if (err)
		goto out_end;
	err = mvf_session_open(s, &mvf_saving_fops, O_RDONLY, filp);
	if (err)
		goto out_end;
	return 0;

out_end:
	mvf_session_end(s);
	return err;
}

/* STOP_COPY to STOP. */
int mvf_saving_end(struct mvf_device *mvf, struct file **filp)
{
	mvf_session_end_current(mvf);
	return 0;
}
