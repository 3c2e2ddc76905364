// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration state machine: the table of arcs, and the walk from one state to
 * another.
 */
#include <linux/file.h>
#include <linux/vfio.h>

#include "compat/ops.h"
#include "loading.h"
#include "precopy.h"
#include "saving.h"
#include "stop_copy.h"

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
 * @take: does it; may return a file, the data fd
 * @undo: ensures that a failed @take has changed nothing; NULL where @take
 *	ensures that itself
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
	ARC(STOP, STOP_COPY, mvf_stop_copy_begin, NULL),
	ARC(STOP_COPY, STOP, mvf_stop_copy_end, NULL),
	ARC(STOP, RESUMING, mvf_loading_begin, NULL),
	ARC(RESUMING, STOP, mvf_loading_end, NULL),
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
 * Is the VF certainly in the state from which a failed arc started? Where the
 * firmware did not get the command, it is. One that was not answered may still be
 * carried out at any time. Otherwise the opposite command decides: it works, or
 * the firmware finds nothing to undo.
 */
static bool mvf_arc_undone(struct mvf_device *mvf, const struct mvf_arc *arc)
{
	if (!arc->undo || mvf->half_result == MVF_HALF_UNSENT)
		return true;
	if (mvf->half_result == MVF_HALF_UNANSWERED)
		return false;
	return !arc->undo(mvf, NULL) ||
	       mvf->half_result == MVF_HALF_WRONG_STATE;
}

static int mvf_step(struct mvf_device *mvf, enum vfio_device_mig_state to,
		    struct file **filp)
{
	const struct mvf_arc *arc = mvf_find_arc(mvf->state, to);
	int err;

	if (WARN_ON_ONCE(!arc))
		return -EINVAL;

	/* Of an arc that fails before its first command. */
	mvf->half_result = MVF_HALF_DONE;
	err = arc->take(mvf, filp);
	if (!err) {
		WRITE_ONCE(mvf->state, to);
		return 0;
	}
	if (!mvf_arc_undone(mvf, arc)) {
		pci_err(mvf->core.pdev,
			"the step from %s to %s failed, and the state of the VF is unknown: reset the device\n",
			mvf_state_name(arc->from), mvf_state_name(arc->to));
		mvf_session_end_current(mvf);
		WRITE_ONCE(mvf->state, VFIO_DEVICE_STATE_ERROR);
	}
	return err;
}

static int mvf_recorded_step(struct mvf_device *mvf, enum vfio_device_mig_state to,
			     struct file **filp)
{
	int err;

	mvf_note_arc_begin(mvf, mvf->state, to);
	err = mvf_step(mvf, to, filp);
	mvf_note_arc_end(mvf, err);
	return err;
}

/*
 * From STOP_COPY to a state of PRE_COPY there is no way. The path search of Linux
 * 6.2 to 7.1 (but for corrected stable releases) does not end when it is asked for
 * one, and would keep state_mutex.
 */
static bool mvf_has_no_way(enum vfio_device_mig_state from,
			   enum vfio_device_mig_state to)
{
#ifdef MVF_HAVE_PRE_COPY
	return from == VFIO_DEVICE_STATE_STOP_COPY &&
	       (to == VFIO_DEVICE_STATE_PRE_COPY ||
		to == VFIO_DEVICE_STATE_PRE_COPY_P2P);
#else
	return false;
#endif
}

static int mvf_walk(struct mvf_device *mvf, enum vfio_device_mig_state to,
		    struct file **filp)
{
	enum vfio_device_mig_state next;
	int err;

	if (mvf_has_no_way(mvf->state, to))
		return -EINVAL;
	do {
		/* vfio_mig_get_next_state() warns when asked about ERROR. */
		if (mvf->state == VFIO_DEVICE_STATE_ERROR)
			return -EINVAL;
		if (mvf->state == to)
			return 0;
		/* The VF is no longer in the state from which the walk started. */
		if (mvf_state_reset_pending(mvf))
			return -ECANCELED;

		err = vfio_mig_get_next_state(&mvf->core.vdev, mvf->state, to,
					      &next);
		if (!err)
			err = mvf_recorded_step(mvf, next, filp);
	} while (!err);
	return err;
}

static struct file *mvf_set_state(struct vfio_device *vdev,
				  enum vfio_device_mig_state to)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);
	struct file *filp = NULL;
	int err;

	mvf_state_lock(mvf);
	err = mvf_walk(mvf, to, &filp);
	mvf_state_unlock(mvf);
	if (!err)
		return filp;

	/* Only the last arc makes a file, and then it has not failed. */
	if (WARN_ON_ONCE(filp))
		fput(filp);
	return ERR_PTR(err);
}

static int mvf_get_state(struct vfio_device *vdev,
			 enum vfio_device_mig_state *state)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);

	mvf_state_lock(mvf);
	*state = mvf->state;
	mvf_state_unlock(mvf);
	return 0;
}

static int __maybe_unused mvf_get_data_size(struct vfio_device *vdev,
					    unsigned long *size)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);
	struct mvf_fw_sizes sizes;
	int err;

	mvf_state_lock(mvf);
	err = mvf_fw_query_sizes(mvf, false, &sizes);
	mvf_state_unlock(mvf);
	if (!err)
		*size = mvf_saving_estimate(mvf, &sizes);
	return err;
}

const struct vfio_migration_ops mvf_migration_ops = {
	.migration_set_state = mvf_set_state,
	.migration_get_state = mvf_get_state,
	MVF_OPS_DATA_SIZE
};
