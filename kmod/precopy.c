// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRE_COPY: the VF is saved while it runs. The first SAVE writes its whole state
 * and has the firmware track what changes from then on. Each later one writes what
 * has changed since the one before, the last of them when the VF is stopped. Here
 * are the arcs.
 */
#include "precopy.h"
#include "saving.h"
#include "stop_copy.h"

#ifdef MVF_HAVE_PRE_COPY

/**
 * mvf_precopy_begin - take the arc from RUNNING(_P2P) to PRE_COPY(_P2P)
 * @mvf: the device; state_mutex is held
 * @filp: the data file
 *
 * The arc does not wait for the first SAVE, as the VF runs; the file reports its
 * result.
 *
 * Return: 0, -ENOMEM or an errno from the firmware.
 */
int mvf_precopy_begin(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_save *save;
	struct file *file;
	u32 required;
	int err;

	save = mvf_save_new(mvf, mvf->state == VFIO_DEVICE_STATE_RUNNING ?
			    MVF_PRE_COPY : MVF_PRE_COPY_P2P);
	if (IS_ERR(save))
		return PTR_ERR(save);

	save->tracked = true;
	/* Nothing may fail after the SAVE was sent, as the VF is tracked then. */
	file = mvf_session_file(&save->session, &mvf_save_fops, O_RDONLY);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto out_end;
	}
	mutex_lock(&save->session.lock);
	err = mvf_saving_prepare(save, true, &required);
	if (!err)
		err = mvf_saving_start(save, required, MVF_SAVE_TRACK);
	mutex_unlock(&save->session.lock);
	if (err)
		goto out_file;

	mvf_session_publish(&save->session);
	*filp = file;
	return 0;

out_file:
	fput(file);
out_end:
	mvf_session_end(&save->session);
	return err;
}

static struct mvf_save *mvf_precopy_current(struct mvf_device *mvf)
{
	return mvf_save_of(mvf->session);
}

/*
 * An untracked SAVE of a VF that runs has the firmware end its tracking. It
 * requires as much memory as an increment, and may write to it. A firmware that
 * does not track the VF refuses it for the wrong state.
 */
static int mvf_precopy_untrack(struct mvf_save *save)
{
	struct mvf_device *mvf = save->session.mvf;
	struct mvf_fw_sizes sizes = {};
	struct mvf_fw_saved saved;
	struct mvf_buffer *buf;
	int err;

	if (save->tracked)
		mvf_fw_query_sizes(mvf, true, &sizes);
	buf = mvf_supply_take(save, sizes.required);
	if (IS_ERR(buf))
		return PTR_ERR(buf);

	mvf_buffer_to_device(buf);
	err = mvf_fw_save_start(mvf, &save->command, buf->mkey, buf->save_size,
				MVF_SAVE_UNTRACK);
	if (err) {
		mvf_supply_return(save, buf);
		return err;
	}
	err = mvf_fw_save_finish(mvf, &save->command, &saved);
	if (err)
		mvf_supply_discard(save, buf);
	else
		mvf_supply_return(save, buf);
	return err && !mvf_fw_save_wrong_state(&save->command) ? err : 0;
}

/** mvf_precopy_end - take the arc from PRE_COPY(_P2P) to RUNNING(_P2P) */
int mvf_precopy_end(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_save *save = mvf_precopy_current(mvf);
	int err;

	mutex_lock(&save->session.lock);
	mvf_saving_wait(save);
	err = mvf_precopy_untrack(save);
	mutex_unlock(&save->session.lock);
	if (!err)
		mvf_session_end_current(mvf);
	return err;
}

/** mvf_precopy_stop_initiating - take the arc from PRE_COPY to PRE_COPY_P2P */
int mvf_precopy_stop_initiating(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_save *save = mvf_precopy_current(mvf);
	int err;

	mutex_lock(&save->session.lock);
	mvf_saving_wait(save);
	err = mvf_fw_suspend(mvf, MVF_INITIATOR);
	if (!err)
		save->phase = MVF_PRE_COPY_P2P;
	mutex_unlock(&save->session.lock);
	return err;
}

/** mvf_precopy_start_initiating - take the arc from PRE_COPY_P2P to PRE_COPY */
int mvf_precopy_start_initiating(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_save *save = mvf_precopy_current(mvf);
	int err;

	mutex_lock(&save->session.lock);
	mvf_saving_wait(save);
	err = mvf_fw_resume(mvf, MVF_INITIATOR);
	if (!err)
		save->phase = MVF_PRE_COPY;
	mutex_unlock(&save->session.lock);
	return err;
}

/* Suspends the responder. The phase says STOP_COPY while it may be suspended. */
static int mvf_precopy_suspend(struct mvf_save *save)
{
	struct mvf_device *mvf = save->session.mvf;
	int err;

	save->phase = MVF_STOP_COPY;
	err = mvf_fw_suspend(mvf, MVF_RESPONDER);
	if (err && mvf->half_result == MVF_HALF_UNSENT)
		save->phase = MVF_PRE_COPY_P2P;
	return err;
}

static int mvf_precopy_stop(struct mvf_save *save)
{
	struct mvf_fw_sizes sizes;
	int err;

	mvf_saving_wait(save);
	if (save->err)
		return save->err;

	err = mvf_precopy_suspend(save);
	if (err)
		return err;
	err = mvf_fw_query_sizes(save->session.mvf, save->tracked, &sizes);
	if (err)
		return err;
	return mvf_saving_final(save, sizes.required);
}

/**
 * mvf_precopy_stop_copy - take the arc from PRE_COPY_P2P to STOP_COPY
 * @mvf: the device; state_mutex is held
 * @filp: not used: the data file is that of PRE_COPY
 *
 * The arc takes as long as the SAVE. Its data follows what can be read.
 *
 * Return: 0, -ENOMEM or an errno from the firmware.
 */
int mvf_precopy_stop_copy(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_save *save = mvf_precopy_current(mvf);
	int err;

	mutex_lock(&save->session.lock);
	err = mvf_precopy_stop(save);
	mutex_unlock(&save->session.lock);
	return err;
}

/**
 * mvf_precopy_undo_stop_copy - resume a VF that was not saved
 * @mvf: the device; state_mutex is held
 * @filp: not used
 *
 * The firmware need not track a VF that was stopped and resumed: there are no
 * more increments, and the next STOP_COPY saves the whole state.
 *
 * Return: 0 or an errno from the firmware.
 */
int mvf_precopy_undo_stop_copy(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_save *save = mvf_precopy_current(mvf);
	int err = 0;

	mutex_lock(&save->session.lock);
	if (save->phase == MVF_STOP_COPY) {
		err = mvf_fw_resume(mvf, MVF_RESPONDER);
		save->phase = MVF_PRE_COPY_P2P;
		if (!err)
			save->tracked = false;
	}
	mutex_unlock(&save->session.lock);
	return err;
}

#endif
