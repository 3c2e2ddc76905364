// SPDX-License-Identifier: GPL-2.0-only
/* STOP_COPY of a VF that was stopped before: its arcs, and the file to read. */
#include "precopy_info.h"
#include "saving.h"
#include "stop_copy.h"

const struct file_operations mvf_save_fops = {
	.owner = THIS_MODULE,
	.read = mvf_reading_read,
	.poll = mvf_reading_poll,
	MVF_PRE_COPY_FOPS
	.release = mvf_session_release,
};

/**
 * mvf_stop_copy_begin - take the arc from STOP to STOP_COPY
 * @mvf: the device; state_mutex is held
 * @filp: the data file
 *
 * The arc takes as long as the SAVE, so that a refusal fails the arc, and the
 * device stays in STOP.
 *
 * Return: 0, -ENOMEM or an errno from the firmware.
 */
int mvf_stop_copy_begin(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_save *save = mvf_save_new(mvf, MVF_STOP_COPY);
	u32 required;
	int err;

	if (IS_ERR(save))
		return PTR_ERR(save);

	mutex_lock(&save->session.lock);
	err = mvf_saving_prepare(save, false, &required);
	if (!err)
		err = mvf_saving_final(save, required);
	mutex_unlock(&save->session.lock);
	if (!err)
		err = mvf_session_open(&save->session, &mvf_save_fops, O_RDONLY,
				       filp);
	if (err)
		mvf_session_end(&save->session);
	return err;
}

/** mvf_stop_copy_end - take the arc from STOP_COPY to STOP; returns 0 */
int mvf_stop_copy_end(struct mvf_device *mvf, struct file **filp)
{
	mvf_session_end_current(mvf);
	return 0;
}
