// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRE_COPY: the VF is saved while it runs. The first SAVE writes all of its
 * state and has the firmware track what changes from then on; each later one
 * writes what has changed since the one before, the last of them when the VF
 * stands still.
 */
#include <linux/uaccess.h>

#include "precopy.h"
#include "saving.h"

#ifdef MVF_HAVE_PRE_COPY

/*
 * RUNNING to PRE_COPY, or RUNNING_P2P to PRE_COPY_P2P. The arc does not wait for
 * the first SAVE: the VF runs, and the data fd tells what became of it.
 */
int mvf_precopy_begin(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_session *s;
	struct file *file;
	u32 need;
	int err;

	s = mvf_session_new(mvf);
	if (IS_ERR(s))
		return PTR_ERR(s);
	mvf_note_session_begin(mvf, MVF_WAY_SAVE);

	s->phase = mvf->state == VFIO_DEVICE_STATE_RUNNING ? MVF_PRE_COPY :
							      MVF_PRE_COPY_P2P;
	s->tracked = true;
	/* Once the SAVE has been given, nothing may fail: it would be tracked. */
	file = mvf_session_file(s, &mvf_saving_fops, O_RDONLY);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto out_end;
	}
	mutex_lock(&s->lock);
	err = mvf_saving_prepare(s, true, &need);
	if (!err)
		err = mvf_saving_start(s, need, MVF_SAVE_TRACK);
	mutex_unlock(&s->lock);
	if (err)
		goto out_file;

	mvf_session_publish(s);
	*filp = file;
	return 0;

out_file:
	fput(file);
out_end:
	mvf_session_end(s);
	return err;
}

/*
 * An untracked SAVE of a VF that runs is how the firmware is told to track no
 * more. It wants as much memory as for an increment, and may write to it. A
 * firmware that does not track says that there is nothing to end.
 */
static int mvf_precopy_untrack(struct mvf_session *s)
{
	struct mvf_device *mvf = s->mvf;
	struct mvf_fw_sizes sizes = {};
	struct mvf_fw_saved saved;
	struct mvf_buffer *buf;
	int err;

	if (s->tracked)
		mvf_fw_query_sizes(mvf, true, &sizes);
	buf = mvf_supply_take(s, sizes.room);
	if (IS_ERR(buf))
		return PTR_ERR(buf);

	mvf_buffer_to_device(buf);
	err = mvf_fw_save_start(mvf, &s->save, buf->mkey, buf->room, 0);
	if (!err)
		err = mvf_fw_save_finish(mvf, &s->save, &saved);
	if (err)
		mvf_supply_discard(s, buf);
	else
		mvf_supply_give(s, buf);
	return err && !mvf_fw_save_misplaced(&s->save) ? err : 0;
}

/* PRE_COPY to RUNNING, or PRE_COPY_P2P to RUNNING_P2P. */
int mvf_precopy_end(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_session *s = mvf->session;
	int err;

	mutex_lock(&s->lock);
	mvf_saving_settle(s);
	err = mvf_precopy_untrack(s);
	mutex_unlock(&s->lock);
	if (!err)
		mvf_session_end_current(mvf);
	return err;
}

/* PRE_COPY to PRE_COPY_P2P. */
int mvf_precopy_stop_initiating(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_session *s = mvf->session;
	int err;

	mutex_lock(&s->lock);
	mvf_saving_settle(s);
	err = mvf_fw_suspend(mvf, MVF_INITIATOR);
	if (!err)
		s->phase = MVF_PRE_COPY_P2P;
	mutex_unlock(&s->lock);
	return err;
}

/* PRE_COPY_P2P to PRE_COPY. */
int mvf_precopy_start_initiating(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_session *s = mvf->session;
	int err;

	mutex_lock(&s->lock);
	mvf_saving_settle(s);
	err = mvf_fw_resume(mvf, MVF_INITIATOR);
	if (!err)
		s->phase = MVF_PRE_COPY;
	mutex_unlock(&s->lock);
	return err;
}

/* @s->phase says STOP_COPY from the first command on that stops the VF. */
static int mvf_precopy_stop(struct mvf_session *s)
{
	struct mvf_fw_sizes sizes;
	int err;

	mvf_saving_settle(s);
	if (s->err)
		return s->err;

	s->phase = MVF_STOP_COPY;
	err = mvf_fw_suspend(s->mvf, MVF_RESPONDER);
	if (err)
		return err;
	err = mvf_fw_query_sizes(s->mvf, s->tracked, &sizes);
	if (err)
		return err;
	return mvf_saving_final(s, sizes.room);
}

/*
 * PRE_COPY_P2P to STOP_COPY. As from STOP, the arc takes as long as the SAVE.
 * What can be read goes on with it.
 */
int mvf_precopy_stop_copy(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_session *s = mvf->session;
	int err;

	mutex_lock(&s->lock);
	err = mvf_precopy_stop(s);
	mutex_unlock(&s->lock);
	return err;
}

/*
 * A VF that has been stopped and resumed is no longer tracked, for all we know:
 * there are no more increments, and the next STOP_COPY saves all.
 */
int mvf_precopy_undo_stop_copy(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_session *s = mvf->session;
	int err = 0;

	mutex_lock(&s->lock);
	if (s->phase == MVF_STOP_COPY) {
		err = mvf_fw_resume(mvf, MVF_RESPONDER);
		s->phase = MVF_PRE_COPY_P2P;
		if (!err)
			s->tracked = false;
	}
	mutex_unlock(&s->lock);
	return err;
}

/* Why there is no precopy info (any more), or 0. */
static int mvf_precopy_over(struct mvf_session *s)
{
	if (mvf_session_ended(s))
		return -ENODEV;
	if (READ_ONCE(s->phase) == MVF_STOP_COPY)
		return -EINVAL;
	return READ_ONCE(s->err);
}

static bool mvf_precopy_quiet(struct mvf_session *s)
{
	return READ_ONCE(s->end) != MVF_END_NOT_YET || mvf_precopy_over(s);
}

/* Takes the session's lock when there is no SAVE on its way. */
static int mvf_precopy_lock(struct mvf_session *s)
{
	int err;

	for (;;) {
		if (wait_event_interruptible(s->wait, mvf_precopy_quiet(s)))
			return -ERESTARTSYS;
		mutex_lock(&s->lock);
		err = mvf_precopy_over(s);
		if (!err && !s->flight)
			return 0;
		mutex_unlock(&s->lock);
		if (err)
			return err;
	}
}

/*
 * What has changed since the last SAVE. In PRE_COPY_P2P nobody asks, since the
 * firmware tells and saves increments of VFs that run.
 */
static int mvf_precopy_changed(struct mvf_session *s,
			       struct mvf_fw_sizes *sizes)
{
	*sizes = (struct mvf_fw_sizes){};
	if (!s->tracked || s->phase != MVF_PRE_COPY)
		return 0;
	return mvf_fw_query_sizes(s->mvf, true, sizes);
}

/*
 * Who asks how much there is wants to read it: when all has been read and there
 * is more, it is saved.
 */
static int mvf_precopy_info(struct mvf_session *s,
			    struct vfio_precopy_info *info)
{
	struct mvf_fw_sizes changed;
	bool all_read;
	int err;

	err = mvf_precopy_changed(s, &changed);
	if (err)
		return err;

	spin_lock(&s->list_lock);
	info->initial_bytes = s->initial;
	info->dirty_bytes = s->unread - s->initial + changed.total;
	all_read = !s->unread;
	spin_unlock(&s->list_lock);
	if (!all_read || !changed.total)
		return 0;

	return mvf_saving_start(s, changed.room,
				MVF_SAVE_INCREMENT | MVF_SAVE_TRACK);
}

/**
 * mvf_precopy_ioctl - VFIO_MIG_GET_PRECOPY_INFO on a data fd
 * @filp: the data file
 * @cmd: the request
 * @arg: a struct vfio_precopy_info; its flags are an output, and 0
 *
 * Waits for a SAVE that is on its way.
 *
 * Return: 0; -ENOTTY for other requests; -EINVAL when @arg is too small, or in
 * STOP_COPY; -ENODEV when the session has ended; -EIO when a SAVE has failed;
 * or an errno from the firmware.
 */
long mvf_precopy_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	size_t minsz = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct mvf_session *s = filp->private_data;
	struct vfio_precopy_info info = {};
	int err;

	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	err = mvf_precopy_lock(s);
	if (err)
		return err;
	info.flags = 0;
	err = mvf_precopy_info(s, &info);
	mutex_unlock(&s->lock);
	if (err)
		return err;
	return copy_to_user((void __user *)arg, &info, minsz) ? -EFAULT : 0;
}

#endif
