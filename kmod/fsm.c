// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration state machine: a table of arcs, one function that takes a
 * step, and the events that change the state from outside.
 */
#include <linux/vfio.h>

#include "compat/ops.h"
#include "precopy.h"
#include "session.h"

static int mvf_stop_initiating(struct mvf_device *mvf, struct file **filp)
{
	return mvf_fw_suspend(mvf, MVF_INITIATOR);
}

static int mvf_start_initiating(struct mvf_device *mvf, struct file **filp)
{
	return mvf_fw_resume(mvf, MVF_INITIATOR);
}

static int mvf_stop_responding(struct mvf_device *mvf, struct file **filp)
{
	return mvf_fw_suspend(mvf, MVF_RESPONDER);
}

static int mvf_start_responding(struct mvf_device *mvf, struct file **filp)
{
	return mvf_fw_resume(mvf, MVF_RESPONDER);
}

/**
 * struct mvf_arc - one step of the state machine
 * @from: state before
 * @to: state after
 * @take: does it; may give a file, which then is the data fd
 * @undo: makes sure that a failed @take has changed nothing; NULL where @take
 *	sees to that itself
 */
struct mvf_arc {
	enum vfio_device_mig_state from;
	enum vfio_device_mig_state to;
	int (*take)(struct mvf_device *mvf, struct file **filp);
	int (*undo)(struct mvf_device *mvf, struct file **filp);
};

#define ARC(_from, _to, _take, _undo) {		\
	.from = VFIO_DEVICE_STATE_##_from,	\
	.to = VFIO_DEVICE_STATE_##_to,		\
	.take = _take,				\
	.undo = _undo,				\
}

static const struct mvf_arc mvf_arcs[] = {
	ARC(RUNNING, RUNNING_P2P, mvf_stop_initiating, mvf_start_initiating),
	ARC(RUNNING_P2P, RUNNING, mvf_start_initiating, mvf_stop_initiating),
	ARC(RUNNING_P2P, STOP, mvf_stop_responding, mvf_start_responding),
	ARC(STOP, RUNNING_P2P, mvf_start_responding, mvf_stop_responding),
	ARC(STOP, STOP_COPY, mvf_saving_begin, NULL),
	ARC(STOP_COPY, STOP, mvf_saving_end, NULL),
	ARC(STOP, RESUMING, mvf_resuming_begin, NULL),
	ARC(RESUMING, STOP, mvf_resuming_end, NULL),
#ifdef MVF_HAVE_PRE_COPY
	ARC(RUNNING, PRE_COPY, mvf_precopy_begin, NULL),
	ARC(PRE_COPY, RUNNING, mvf_precopy_end, NULL),
	ARC(RUNNING_P2P, PRE_COPY_P2P, mvf_precopy_begin, NULL),
	ARC(PRE_COPY_P2P, RUNNING_P2P, mvf_precopy_end, NULL),
	ARC(PRE_COPY, PRE_COPY_P2P, mvf_precopy_stop_initiating,
	    mvf_precopy_start_initiating),
	ARC(PRE_COPY_P2P, PRE_COPY, mvf_precopy_start_initiating,
	    mvf_precopy_stop_initiating),
	ARC(PRE_COPY_P2P, STOP_COPY, mvf_precopy_stop_copy,
	    mvf_precopy_undo_stop_copy),
#endif
};

static const struct mvf_arc *mvf_find_arc(enum vfio_device_mig_state from,
					  enum vfio_device_mig_state to)
{
	const struct mvf_arc *arc;

	for (arc = mvf_arcs; arc < mvf_arcs + ARRAY_SIZE(mvf_arcs); arc++)
		if (arc->from == from && arc->to == to)
			return arc;
	return NULL;
}

/*
 * After an arc was refused: is the VF for certain in the state that it came
 * from? It is when the opposite command works, and also when the firmware
 * finds that there is nothing to take back.
 */
static bool mvf_arc_undone(struct mvf_device *mvf, const struct mvf_arc *arc,
			   int err)
{
	/* No command was sent. */
	if (!arc->undo || err == -ENOTCONN)
		return true;
	return !arc->undo(mvf, NULL) || mvf_fw_wrong_state(mvf);
}

static int mvf_step(struct mvf_device *mvf, enum vfio_device_mig_state to,
		    struct file **filp)
{
	const struct mvf_arc *arc = mvf_find_arc(mvf->state, to);
	int err;

	if (WARN_ON_ONCE(!arc))
		return -EINVAL;

	err = arc->take(mvf, filp);
	if (!err) {
		WRITE_ONCE(mvf->state, to);
		return 0;
	}
	if (!mvf_arc_undone(mvf, arc, err)) {
		pci_err(mvf->core.pdev,
			"the firmware refused the step from %s to %s and the way back: reset the device\n",
			mvf_state_name(arc->from), mvf_state_name(arc->to));
		mvf_session_end_current(mvf);
		WRITE_ONCE(mvf->state, VFIO_DEVICE_STATE_ERROR);
	}
	return err;
}

static int mvf_noted_step(struct mvf_device *mvf, enum vfio_device_mig_state to,
			  struct file **filp)
{
	int err;

	mvf_note_arc_begin(mvf, mvf->state, to);
	err = mvf_step(mvf, to, filp);
	mvf_note_arc_end(mvf, err);
	return err;
}

static bool mvf_reset_pending(struct mvf_device *mvf, bool take)
{
	bool pending;

	spin_lock(&mvf->reset_lock);
	pending = mvf->reset_pending;
	if (take)
		mvf->reset_pending = false;
	spin_unlock(&mvf->reset_lock);
	return pending;
}

/* Takes state_mutex; what @mvf->state says is up to date then. */
void mvf_lock_state(struct mvf_device *mvf)
{
	mutex_lock(&mvf->state_mutex);
	if (mvf_reset_pending(mvf, true)) {
		mvf_session_end_current(mvf);
		mvf_tracker_end(mvf);
		WRITE_ONCE(mvf->state, VFIO_DEVICE_STATE_RUNNING);
	}
}

void mvf_unlock_state(struct mvf_device *mvf)
{
	mutex_unlock(&mvf->state_mutex);
}

static int mvf_walk(struct mvf_device *mvf, enum vfio_device_mig_state to,
		    struct file **filp)
{
	enum vfio_device_mig_state next;
	int err;

	do {
		/* vfio_mig_get_next_state() warns when asked about ERROR. */
		if (mvf->state == VFIO_DEVICE_STATE_ERROR)
			return -EINVAL;
		if (mvf->state == to)
			return 0;
		/* The state that we walk from is no longer the VF's. */
		if (mvf_reset_pending(mvf, false))
			return -ECANCELED;

		err = vfio_mig_get_next_state(&mvf->core.vdev, mvf->state, to,
					      &next);
		if (!err)
			err = mvf_noted_step(mvf, next, filp);
	} while (!err);
	return err;
}

static struct file *mvf_set_state(struct vfio_device *vdev,
				  enum vfio_device_mig_state to)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);
	struct file *filp = NULL;
	int err;

	mvf_lock_state(mvf);
	err = mvf_walk(mvf, to, &filp);
	mvf_unlock_state(mvf);
	if (!err)
		return filp;

	/* A file is made by the last arc only, which then did not fail. */
	WARN_ON_ONCE(filp);
	return ERR_PTR(err);
}

static int mvf_get_state(struct vfio_device *vdev,
			 enum vfio_device_mig_state *state)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);

	mvf_lock_state(mvf);
	*state = mvf->state;
	mvf_unlock_state(mvf);
	return 0;
}

static int __maybe_unused mvf_get_data_size(struct vfio_device *vdev,
					    unsigned long *size)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);
	struct mvf_fw_sizes sizes;
	int err;

	mvf_lock_state(mvf);
	err = mvf_fw_query_sizes(mvf, false, &sizes);
	mvf_unlock_state(mvf);
	if (!err)
		*size = mvf_saving_estimate(mvf, &sizes);
	return err;
}

const struct vfio_migration_ops mvf_migration_ops = {
	.migration_set_state = mvf_set_state,
	.migration_get_state = mvf_get_state,
	MVF_OPS_DATA_SIZE
};

static void mvf_catch_up(struct mvf_device *mvf)
{
	mvf_lock_state(mvf);
	mvf_unlock_state(mvf);
}

static void mvf_reset_work(struct work_struct *work)
{
	mvf_catch_up(container_of(work, struct mvf_device, reset_work));
}

void mvf_fsm_init(struct mvf_device *mvf)
{
	mutex_init(&mvf->state_mutex);
	spin_lock_init(&mvf->reset_lock);
	INIT_WORK(&mvf->reset_work, mvf_reset_work);
	mvf->state = VFIO_DEVICE_STATE_RUNNING;
}

/* The first open has reset the function. */
void mvf_fsm_opened(struct mvf_device *mvf)
{
	mvf_lock_state(mvf);
	mvf_offer(mvf);
	WRITE_ONCE(mvf->state, VFIO_DEVICE_STATE_RUNNING);
	WRITE_ONCE(mvf->opened, true);
	mvf_unlock_state(mvf);
}

/*
 * The last close. vfio-pci resets the function after it, but in a way that
 * calls no reset_done, or mvf_remove() does: @state is put right by the next
 * open.
 */
void mvf_fsm_closed(struct mvf_device *mvf)
{
	mvf_lock_state(mvf);
	mvf_session_end_current(mvf);
	WRITE_ONCE(mvf->opened, false);
	mvf_tracker_end(mvf);
	mvf_unlock_state(mvf);
}

/**
 * mvf_fsm_reset - the function has been reset
 * @mvf: the device
 *
 * Called with locks held that the holder of state_mutex may be waiting for
 * (struct mvf_device), so this only takes note. The session's fd answers
 * ENODEV from here on; state and resources follow with the next caller of
 * mvf_lock_state(), in the worst case the work.
 */
void mvf_fsm_reset(struct mvf_device *mvf)
{
	spin_lock(&mvf->reset_lock);
	mvf->reset_pending = true;
	if (mvf->session) {
		WRITE_ONCE(mvf->session->ended, true);
		wake_up_all(&mvf->session->wait);
	}
	spin_unlock(&mvf->reset_lock);
	mvf_note_reset(mvf);
	queue_work(system_unbound_wq, &mvf->reset_work);
}

/**
 * mvf_fsm_pf_gone - the PF is about to disable the VF
 * @mvf: the device
 *
 * Commands still go through, and must not after the return. What a VF had
 * built up towards a migration is lost with it; if it ran, its guest will
 * find out by itself.
 */
void mvf_fsm_pf_gone(struct mvf_device *mvf)
{
	mvf_lock_state(mvf);
	mvf_session_end_current(mvf);
	mvf_tracker_lost(mvf);
	if (mvf->state != VFIO_DEVICE_STATE_RUNNING)
		WRITE_ONCE(mvf->state, VFIO_DEVICE_STATE_ERROR);
	WRITE_ONCE(mvf->detached, true);
	mvf_unlock_state(mvf);
}

/** mvf_fsm_pf_back - the PF enables the VF (again) */
void mvf_fsm_pf_back(struct mvf_device *mvf)
{
	mvf_lock_state(mvf);
	WRITE_ONCE(mvf->detached, false);
	mvf_unlock_state(mvf);
}

/**
 * mvf_fsm_peek - the state, without waiting for an arc that is under way
 * @mvf: the device
 *
 * Return: the state that the VF is in, or that the arc has begun in.
 */
enum vfio_device_mig_state mvf_fsm_peek(struct mvf_device *mvf)
{
	if (mvf_reset_pending(mvf, false))
		return VFIO_DEVICE_STATE_RUNNING;
	return READ_ONCE(mvf->state);
}
