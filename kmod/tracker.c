// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty page tracking by the device (VFIO_DEVICE_FEATURE_DMA_LOGGING_*): the
 * firmware logs which pages the VF writes to, and reports them when asked.
 *
 * The rule: what may be dirty is reported dirty. A page counts as clean only
 * when a report of a working tracker has come to its end without it.
 */
#include <linux/kmemleak.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "compat/compat.h"
#include "fw.h"
#include "tracker.h"

/* From now on everything is dirty. May be called in interrupt context. */
void mvf_tracker_break(struct mvf_tracker *t)
{
	set_bit(MVF_TRACKER_BROKEN, &t->flags);
	wake_up(&t->wait);
}

static void mvf_tracker_free(struct kref *ref)
{
	struct mvf_tracker *t = container_of(ref, struct mvf_tracker, ref);

	xa_destroy(&t->carried);
	kvfree(t->entries);
	kfree(t->ranges);
	kfree(t);
}

static void mvf_tracker_put(struct mvf_tracker *t)
{
	kref_put(&t->ref, mvf_tracker_free);
}

static bool mvf_is_our_qp(struct mvf_tracker *t, struct mlx5_eqe *eqe)
{
	u32 number = be32_to_cpu(eqe->data.qp_srq.qp_srq_n) & 0xffffff;

	return eqe->data.qp_srq.type == MLX5_EVENT_QUEUE_TYPE_QP &&
	       (number == t->q.host.number || number == t->q.fw.number);
}

/* The PF's events, in interrupt context. */
static int mvf_tracker_event(struct notifier_block *nb, unsigned long type,
			     void *data)
{
	struct mvf_tracker *t = mlx5_nb_cof(nb, struct mvf_tracker, nb);
	struct mlx5_eqe *eqe = data;

	switch ((u8)type) {
	case MLX5_EVENT_TYPE_WQ_CATAS_ERROR:
	case MLX5_EVENT_TYPE_WQ_ACCESS_ERROR:
	case MLX5_EVENT_TYPE_WQ_INVAL_REQ_ERROR:
		if (mvf_is_our_qp(t, eqe))
			mvf_tracker_break(t);
		break;
	case MLX5_EVENT_TYPE_OBJECT_CHANGE:
		/* The reporter asks what it is. */
		set_bit(MVF_TRACKER_EVENT, &t->flags);
		wake_up(&t->wait);
		break;
	}
	return NOTIFY_OK;
}

/*
 * Where the firmware does not let go, it may write to the memory still: that is
 * leaked, and the tracker with it. What it completes then must find nobody, as
 * this module may go: mlx5_core forgets the queue, whatever the firmware says.
 */
static void mvf_tracker_leak(struct mvf_device *mvf, struct mvf_tracker *t,
			     int err)
{
	pci_err(mvf->core.pdev,
		"the firmware does not end dirty tracking (%d): its memory is leaked\n",
		err);
	kref_get(&t->ref);
	kmemleak_not_leak(t);
	if (t->q.cq.eq)
		mlx5_core_destroy_cq(mvf->pf, &t->q.cq);
}

/* Takes the queues and the object away. */
static void mvf_tracker_kill(struct mvf_device *mvf, struct mvf_tracker *t)
{
	int err;

	lockdep_assert_held(&mvf->state_mutex);
	mvf_tracker_break(t);
	if (!t->alive)
		return;

	t->alive = false;
	mlx5_eq_notifier_unregister(mvf->pf, &t->nb);
	err = mvf_object_destroy(mvf, t);
	if (!err)
		err = mvf_track_queues_drop(mvf, &t->q);
	if (err)
		mvf_tracker_leak(mvf, t, err);
}

/**
 * mvf_tracker_end - stop dirty tracking
 * @mvf: the VF; state_mutex is held, and the PF is attached
 */
void mvf_tracker_end(struct mvf_device *mvf)
{
	struct mvf_tracker *t = mvf->tracker;

	if (!t)
		return;
	mvf->tracker = NULL;
	mvf_tracker_kill(mvf, t);
	mvf_tracker_put(t);
}

/**
 * mvf_tracker_lost - the PF goes away under the tracker
 * @mvf: the VF; state_mutex is held, and commands still go through
 *
 * It stays the device's, and everything is dirty.
 */
void mvf_tracker_lost(struct mvf_device *mvf)
{
	if (mvf->tracker)
		mvf_tracker_kill(mvf, mvf->tracker);
}

static unsigned int mvf_log_page(struct mvf_device *mvf, u64 size)
{
	unsigned int min, max;

	min = MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf, pg_track_log_min_page_size);
	max = MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf, pg_track_log_max_page_size);
	return clamp_t(unsigned int, size ? ilog2(size) : 0, min, max);
}

static struct mvf_tracker *mvf_tracker_alloc(void)
{
	struct mvf_tracker *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	if (!t)
		return NULL;
	kref_init(&t->ref);
	mutex_init(&t->report_mutex);
	init_waitqueue_head(&t->wait);
	xa_init(&t->carried);
	MLX5_NB_INIT(&t->nb, mvf_tracker_event, NOTIFY_ANY);
	return t;
}

/* Makes what the firmware has of a tracker. */
static int mvf_tracker_bring_up(struct mvf_device *mvf, struct mvf_tracker *t)
{
	int err, stuck;

	err = mvf_track_queues_make(mvf, &t->q);
	if (!err) {
		t->entries = kvmalloc(1U << t->q.log_msg, GFP_KERNEL_ACCOUNT);
		err = t->entries ? mvf_object_create(mvf, t) : -ENOMEM;
	}
	if (!err) {
		mlx5_eq_notifier_register(mvf->pf, &t->nb);
		t->alive = true;
		return 0;
	}
	stuck = mvf_track_queues_drop(mvf, &t->q);
	if (stuck)
		mvf_tracker_leak(mvf, t, stuck);
	return err;
}

static int mvf_tracker_begin(struct mvf_device *mvf,
			     struct rb_root_cached *ranges, u32 count,
			     u64 *page_size)
{
	struct mvf_tracker *t;
	unsigned int max;
	int err;

	if (mvf->detached)
		return -ENOTCONN;
	if (mvf->tracker)
		return -EINVAL;
	t = mvf_tracker_alloc();
	if (!t)
		return -ENOMEM;

	t->log_page = mvf_log_page(mvf, *page_size);
	max = MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf, pg_track_max_num_range);
	err = mvf_tracker_take_ranges(t, ranges, count, max);
	if (!err)
		err = mvf_tracker_bring_up(mvf, t);
	if (err) {
		mvf_tracker_put(t);
		return err;
	}
	mvf->tracker = t;
	*page_size = BIT_ULL(t->log_page);
	return 0;
}

static int mvf_log_start(struct vfio_device *vdev,
			 struct rb_root_cached *ranges, u32 count,
			 u64 *page_size)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);
	int err;

	mvf_lock_state(mvf);
	err = mvf_tracker_begin(mvf, ranges, count, page_size);
	mvf_unlock_state(mvf);
	return err;
}

static int mvf_log_stop(struct vfio_device *vdev)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);

	mvf_lock_state(mvf);
	mvf_tracker_end(mvf);
	mvf_unlock_state(mvf);
	return 0;
}

static struct mvf_tracker *mvf_tracker_get(struct mvf_device *mvf)
{
	struct mvf_tracker *t;

	mvf_lock_state(mvf);
	t = mvf->tracker;
	if (t)
		kref_get(&t->ref);
	mvf_unlock_state(mvf);
	return t;
}

static int mvf_log_read_and_clear(struct vfio_device *vdev, unsigned long iova,
				  unsigned long length,
				  struct iova_bitmap *dirty)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);
	struct mvf_tracker *t = mvf_tracker_get(mvf);
	int err = -EINVAL;

	if (!t)
		return err;
	if (length && iova + length - 1 >= iova)
		err = mutex_lock_killable(&t->report_mutex);
	if (!err) {
		err = mvf_tracker_report(mvf, t, iova, length, dirty);
		mutex_unlock(&t->report_mutex);
	}
	mvf_tracker_put(t);
	return err;
}

static const struct vfio_log_ops mvf_log_ops = {
	.log_start = mvf_log_start,
	.log_stop = mvf_log_stop,
	.log_read_and_clear = mvf_log_read_and_clear,
};

/* iova_bitmap_set() is in there; before Linux 6.7 it is not, which is as well. */
MODULE_INFO(import_ns, "IOMMUFD");

/**
 * mvf_tracker_offer - announce dirty tracking, where it works
 * @mvf: the VF, not registered with vfio yet
 *
 * A kernel whose vfio cannot take reports would let START succeed and fail
 * every REPORT, and with it the migration of a VMM that believed in it.
 */
void mvf_tracker_offer(struct mvf_device *mvf)
{
	if (!MVF_CAN_REPORT_DIRTY || !MLX5_CAP_GEN(mvf->pf, adv_virtualization) ||
	    !MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf, pg_track_max_num_range))
		return;
	mvf->core.vdev.log_ops = &mvf_log_ops;
}
