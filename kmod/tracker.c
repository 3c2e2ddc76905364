// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty page tracking by the device: the life of the firmware's log of the pages
 * that the VF writes to.
 *
 * The rule: what may be dirty is reported dirty. A page counts as clean only when
 * a report of a working tracker has ended without it.
 */
#include <linux/kmemleak.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "fw.h"
#include "tracker.h"

/** mvf_tracker_break - all is dirty from now on; works in interrupt context */
void mvf_tracker_break(struct mvf_tracker *t)
{
	set_bit(MVF_TRACKER_BROKEN, &t->flags);
	wake_up(&t->wait);
}

static void mvf_tracker_free(struct kref *ref)
{
	struct mvf_tracker *t = container_of(ref, struct mvf_tracker, ref);

	mvf_stale_free(t);
	xa_destroy(&t->carried);
	kvfree(t->entries);
	kfree(t->ranges);
	mem_cgroup_put(t->memcg);
	kfree(t);
}

/** mvf_tracker_put - drop a reference */
void mvf_tracker_put(struct mvf_tracker *t)
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
		/* The reporter queries the object. */
		set_bit(MVF_TRACKER_EVENT, &t->flags);
		wake_up(&t->wait);
		break;
	}
	return NOTIFY_OK;
}

/*
 * Where the firmware refuses to end, it may still write to the memory, which is
 * leaked together with the tracker. Later completions must not call into this
 * module, which may be unloaded: mlx5_core forgets the queue in any case.
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

/* Ends the firmware's part: the object and the queues. */
static void mvf_tracker_shut_down(struct mvf_device *mvf, struct mvf_tracker *t)
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
	set_bit(MVF_TRACKER_STOPPED, &t->flags);
	mvf_tracker_shut_down(mvf, t);
	mvf_tracker_put(t);
}

/**
 * mvf_tracker_lost - the PF is about to disable the VF
 * @mvf: the VF; state_mutex is held, and commands can still be sent
 *
 * The tracker stays the device's, and everything is dirty.
 */
void mvf_tracker_lost(struct mvf_device *mvf)
{
	if (mvf->tracker)
		mvf_tracker_shut_down(mvf, mvf->tracker);
}

static unsigned int mvf_log_page(struct mvf_device *mvf, u64 size)
{
	unsigned int min, max;

	min = MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf, pg_track_log_min_page_size);
	max = MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf, pg_track_log_max_page_size);
	return clamp_t(unsigned int, size ? ilog2(size) : 0, min, max);
}

static struct mvf_tracker *mvf_tracker_alloc(unsigned int log_page)
{
	struct mvf_tracker *t = kzalloc(sizeof(*t), MVF_GFP_CHARGED);

	if (!t)
		return NULL;
	kref_init(&t->ref);
	mutex_init(&t->report_mutex);
	init_waitqueue_head(&t->wait);
	t->stale = RB_ROOT_CACHED;
	xa_init_flags(&t->carried, XA_FLAGS_ACCOUNT);
	MLX5_NB_INIT(&t->nb, mvf_tracker_event, NOTIFY_ANY);
	t->log_page = log_page;
	return t;
}

/* Makes the firmware's part of a tracker that has its ranges. */
static int mvf_tracker_bring_up(struct mvf_device *mvf, struct mvf_tracker *t)
{
	int err;

	err = mvf_track_queues_make(mvf, &t->q);
	if (err)
		goto out_leak;
	t->entries = kvmalloc(1U << t->q.log_msg, MVF_GFP_CHARGED);
	err = t->entries ? mvf_object_create(mvf, t) : -ENOMEM;
	if (err)
		goto out_queues;

	mlx5_eq_notifier_register(mvf->pf, &t->nb);
	t->alive = true;
	return 0;

out_queues:
	mvf_track_queues_drop(mvf, &t->q);
out_leak:
	if (t->q.stuck)
		mvf_tracker_leak(mvf, t, t->q.stuck);
	return err;
}

/**
 * mvf_tracker_begin - start dirty tracking
 * @mvf: the VF; state_mutex is held
 * @ranges: of addresses, an interval tree
 * @count: of the ranges
 * @page_size: bytes of a page: what is asked for, and then what is tracked
 *
 * Return: 0; -EINVAL when it has started before, or for an empty range;
 * -EOPNOTSUPP for more bytes than the firmware tracks; -ENOMEM; or as
 * mvf_fw_exec().
 */
int mvf_tracker_begin(struct mvf_device *mvf, struct rb_root_cached *ranges,
		      u32 count, u64 *page_size)
{
	struct mvf_tracker *t;
	unsigned int max;
	int err;

	if (mvf->detached)
		return -ENOTCONN;
	if (mvf->tracker)
		return -EINVAL;
	t = mvf_tracker_alloc(mvf_log_page(mvf, *page_size));
	if (!t)
		return -ENOMEM;

	t->memcg = get_mem_cgroup_from_mm(current->mm);
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

/* A tracker of the same ranges, of which each is dirty until it is reported. */
static int mvf_tracker_copy(struct mvf_device *mvf, struct mvf_tracker *old,
			    struct mvf_tracker **copy)
{
	struct mvf_tracker *t = mvf_tracker_alloc(old->log_page);
	int err = -ENOMEM;

	if (!t)
		return err;
	t->ranges = kmemdup(old->ranges,
			    old->range_count * sizeof(*old->ranges),
			    MVF_GFP_CHARGED);
	if (!t->ranges)
		goto out_put;
	t->range_count = old->range_count;
	err = mvf_stale_add_all(t);
	if (!err)
		err = mvf_tracker_bring_up(mvf, t);
	if (err)
		goto out_put;
	*copy = t;
	return 0;

out_put:
	mvf_tracker_put(t);
	return err;
}

/**
 * mvf_tracker_renew - continue dirty tracking after a reset of the function
 * @mvf: the VF; state_mutex is held
 *
 * The reset has ended the firmware's log, and a guest that resets its device
 * during a migration continues to use it. So there is a new tracker, which reports
 * all of its ranges as dirty once. Where it cannot be made, the old one stays,
 * and everything is dirty.
 */
void mvf_tracker_renew(struct mvf_device *mvf)
{
	struct mvf_tracker *old = mvf->tracker, *t;
	struct mem_cgroup *memcg;
	int err;

	if (!old || mvf->detached)
		return;

	mvf_tracker_shut_down(mvf, old);
	memcg = set_active_memcg(old->memcg);
	err = mvf_tracker_copy(mvf, old, &t);
	set_active_memcg(memcg);
	if (err) {
		pci_warn(mvf->core.pdev,
			 "dirty tracking does not continue after the reset (%d): all is dirty\n",
			 err);
		return;
	}
	swap(t->memcg, old->memcg);
	mvf->tracker = t;
	mvf_tracker_put(old);
}
