// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration state of a device: its lock, and the events that change it from
 * outside: open, close, a reset, and the PF that disables or enables the VF.
 */
#include <linux/vfio.h>

#include "compat/compat.h"
#include "fw.h"
#include "session.h"
#include "tracker.h"

/** mvf_state_reset_pending - was the function reset, and the state not updated? */
bool mvf_state_reset_pending(struct mvf_device *mvf)
{
	bool pending;

	spin_lock(&mvf->reset_lock);
	pending = mvf->reset_pending;
	spin_unlock(&mvf->reset_lock);
	return pending;
}

/* Clears the flags of a reset; @raced is set where they say so. */
static bool mvf_state_take_reset(struct mvf_device *mvf, bool *raced)
{
	bool pending;

	spin_lock(&mvf->reset_lock);
	pending = mvf->reset_pending;
	if (pending) {
		*raced = mvf->reset_raced;
		mvf->reset_pending = false;
		mvf->reset_raced = false;
		mvf->suspending = false;
	}
	spin_unlock(&mvf->reset_lock);
	return pending;
}

/* Resumes a VF that should run. If the firmware refuses, it is in ERROR. */
static enum vfio_device_mig_state mvf_state_resumed(struct mvf_device *mvf)
{
	if (mvf->detached || !mvf_fw_ensure_running(mvf))
		return VFIO_DEVICE_STATE_RUNNING;

	pci_err(mvf->core.pdev, "could not be resumed: reset the device\n");
	return VFIO_DEVICE_STATE_ERROR;
}

/* A reset ends a session, and not the log of the VF's DMA: its guest runs on. */
static void mvf_state_catch_up(struct mvf_device *mvf, bool raced)
{
	enum vfio_device_mig_state state = VFIO_DEVICE_STATE_RUNNING;

	mvf_session_end_current(mvf);
	if (raced)
		state = mvf_state_resumed(mvf);
	WRITE_ONCE(mvf->state, state);
	mvf_tracker_renew(mvf);
}

/** mvf_state_lock - take state_mutex, and bring the state up to date */
void mvf_state_lock(struct mvf_device *mvf)
{
	bool raced;

	mutex_lock(&mvf->state_mutex);
	if (mvf_state_take_reset(mvf, &raced))
		mvf_state_catch_up(mvf, raced);
}

/** mvf_state_unlock - release state_mutex */
void mvf_state_unlock(struct mvf_device *mvf)
{
	mutex_unlock(&mvf->state_mutex);
}

static void mvf_state_work(struct work_struct *work)
{
	struct mvf_device *mvf = container_of(work, struct mvf_device,
					      reset_work);

	mvf_state_lock(mvf);
	mvf_state_unlock(mvf);
}

/** mvf_state_init - prepare a device that no process has open */
void mvf_state_init(struct mvf_device *mvf)
{
	mutex_init(&mvf->state_mutex);
	spin_lock_init(&mvf->reset_lock);
	INIT_WORK(&mvf->reset_work, mvf_state_work);
	mvf->state = VFIO_DEVICE_STATE_RUNNING;
}

/**
 * mvf_state_open - the first open
 * @mvf: the device. If it can be reset, vfio-pci has done so, and the lock brings
 *	the state up to date; otherwise the VF is as the last user has left it
 */
void mvf_state_open(struct mvf_device *mvf)
{
	mvf_state_lock(mvf);
	mvf_offer_update(mvf);
	if (!mvf->core.reset_works)
		WRITE_ONCE(mvf->state, mvf_state_resumed(mvf));
	WRITE_ONCE(mvf->opened, true);
	mvf_state_unlock(mvf);
}

/**
 * mvf_state_close - the last close
 * @mvf: the device
 *
 * vfio-pci resets the function afterwards without a call of reset_done, or
 * mvf_remove() does. The next open corrects the state.
 */
void mvf_state_close(struct mvf_device *mvf)
{
	mvf_state_lock(mvf);
	mvf_session_end_current(mvf);
	WRITE_ONCE(mvf->opened, false);
	mvf_tracker_end(mvf);
	mvf_state_unlock(mvf);
}

/** mvf_state_reset_begin - the function is about to be reset; see the end */
void mvf_state_reset_begin(struct mvf_device *mvf)
{
	spin_lock(&mvf->reset_lock);
	mvf->resetting = true;
	if (mvf->suspending)
		mvf->reset_raced = true;
	spin_unlock(&mvf->reset_lock);
}

/**
 * mvf_state_reset_end - the function was reset
 * @mvf: the device
 *
 * The caller has locks that the holder of state_mutex may wait for (struct
 * mvf_device), so this only sets a flag. The session's file returns ENODEV from
 * here on; the next caller of mvf_state_lock(), at the latest the work, updates
 * the state and releases the session's resources.
 */
void mvf_state_reset_end(struct mvf_device *mvf)
{
	spin_lock(&mvf->reset_lock);
	mvf->resetting = false;
	mvf->reset_pending = true;
	if (mvf->session) {
		WRITE_ONCE(mvf->session->ended, true);
		wake_up_all(&mvf->session->wait);
	}
	spin_unlock(&mvf->reset_lock);
	mvf_note_reset(mvf);
	queue_work(mvf_workqueue, &mvf->reset_work);
}

/**
 * mvf_state_disable - the PF is about to disable the VF
 * @mvf: the device
 *
 * Commands can still be sent, and must not be after the return. What a VF has
 * saved or loaded is lost; if it runs, its guest notices the loss of the VF by
 * itself.
 */
void mvf_state_disable(struct mvf_device *mvf)
{
	mvf_state_lock(mvf);
	mvf_session_end_current(mvf);
	mvf_tracker_lost(mvf);
	if (mvf->state != VFIO_DEVICE_STATE_RUNNING)
		WRITE_ONCE(mvf->state, VFIO_DEVICE_STATE_ERROR);
	WRITE_ONCE(mvf->detached, true);
	mvf_state_unlock(mvf);
}

/** mvf_state_enable - the PF enables the VF (again), which runs */
void mvf_state_enable(struct mvf_device *mvf)
{
	mvf_state_lock(mvf);
	WRITE_ONCE(mvf->detached, false);
	mvf_state_unlock(mvf);
}

/**
 * mvf_state_peek - return the state without waiting for an arc
 * @mvf: the device
 *
 * Return: the state of the VF, or the one from which the current arc started.
 */
enum vfio_device_mig_state mvf_state_peek(struct mvf_device *mvf)
{
	if (mvf_state_reset_pending(mvf))
		return VFIO_DEVICE_STATE_RUNNING;
	return READ_ONCE(mvf->state);
}
