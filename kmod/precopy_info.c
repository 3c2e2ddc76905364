// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_MIG_GET_PRECOPY_INFO: how much there is to read, and to save. */
#include <linux/uaccess.h>

#include "precopy_info.h"
#include "saving.h"

#ifdef MVF_HAVE_PRE_COPY

/* Returns the errno for a session that has no precopy info (any more), or 0. */
static int mvf_precopy_errno(struct mvf_save *save)
{
	if (mvf_session_ended(&save->session))
		return -ENODEV;
	if (READ_ONCE(save->phase) == MVF_STOP_COPY)
		return -EINVAL;
	return READ_ONCE(save->err);
}

static bool mvf_precopy_is_idle(struct mvf_save *save)
{
	return READ_ONCE(save->end) != MVF_END_NOT_YET || mvf_precopy_errno(save);
}

/* Takes the session's lock when no SAVE is on its way. */
static int mvf_precopy_lock(struct mvf_save *save)
{
	int err;

	for (;;) {
		if (wait_event_interruptible(save->session.wait, mvf_precopy_is_idle(save)))
			return -ERESTARTSYS;
		mutex_lock(&save->session.lock);
		err = mvf_precopy_errno(save);
		if (!err && !save->flight)
			return 0;
		mutex_unlock(&save->session.lock);
		if (err)
			return err;
	}
}

/*
 * Asks for the size of what has changed since the last SAVE, of a VF that runs:
 * the firmware saves increments of no others.
 */
static int mvf_precopy_changed(struct mvf_save *save,
			       struct mvf_fw_sizes *sizes)
{
	*sizes = (struct mvf_fw_sizes){};
	if (!save->tracked || save->phase != MVF_PRE_COPY)
		return 0;
	return mvf_fw_query_sizes(save->session.mvf, true, sizes);
}

/*
 * A caller that asks for the sizes will read the data: when all was read and
 * something has changed, that is saved.
 */
static int mvf_precopy_info(struct mvf_save *save,
			    struct vfio_precopy_info *info)
{
	struct mvf_fw_sizes changed;
	bool all_read;
	int err;

	err = mvf_precopy_changed(save, &changed);
	if (err)
		return err;

	spin_lock(&save->list_lock);
	info->initial_bytes = save->initial;
	info->dirty_bytes = save->unread - save->initial + changed.total;
	all_read = !save->unread;
	spin_unlock(&save->list_lock);
	if (!all_read || !changed.total)
		return 0;

	return mvf_saving_start(save, changed.required,
				MVF_SAVE_INCREMENT | MVF_SAVE_TRACK);
}

/**
 * mvf_precopy_ioctl - VFIO_MIG_GET_PRECOPY_INFO on a data fd
 * @filp: the data file
 * @cmd: the request
 * @arg: a struct vfio_precopy_info; its flags are an output, and 0
 *
 * Waits for a SAVE that is on its way, and has the next one sent when all was
 * read.
 *
 * Return: 0; -ENOTTY for other requests; -EINVAL when @arg is too small, or in
 * STOP_COPY; -ENODEV when the session has ended; -EIO when a SAVE has failed,
 * -ENOMEM when it was for lack of memory; or an errno from the firmware.
 */
long mvf_precopy_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	size_t minsz = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct mvf_save *save = mvf_save_of(filp->private_data);
	struct vfio_precopy_info info = {};
	int err;

	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	err = mvf_precopy_lock(save);
	if (err)
		return err;
	info.flags = 0;
	err = mvf_precopy_info(save, &info);
	mutex_unlock(&save->session.lock);
	if (err)
		return err;
	return copy_to_user((void __user *)arg, &info, minsz) ? -EFAULT : 0;
}

#endif
