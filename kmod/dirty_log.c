// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO's callbacks for dirty page tracking (VFIO_DEVICE_FEATURE_DMA_LOGGING_*).
 */
#include <linux/module.h>
#include <linux/vfio.h>

#include "tracker.h"

static int mvf_log_start(struct vfio_device *vdev,
			 struct rb_root_cached *ranges, u32 count,
			 u64 *page_size)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);
	int err;

	mvf_state_lock(mvf);
	err = mvf_tracker_begin(mvf, ranges, count, page_size);
	mvf_state_unlock(mvf);
	return err;
}

static int mvf_log_stop(struct vfio_device *vdev)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);

	mvf_state_lock(mvf);
	mvf_tracker_end(mvf);
	mvf_state_unlock(mvf);
	return 0;
}

static struct mvf_tracker *mvf_log_get_tracker(struct mvf_device *mvf)
{
	struct mvf_tracker *t;

	mvf_state_lock(mvf);
	t = mvf->tracker;
	if (t)
		kref_get(&t->ref);
	mvf_state_unlock(mvf);
	return t;
}

static int mvf_log_read_and_clear(struct vfio_device *vdev, unsigned long iova,
				  unsigned long length,
				  struct iova_bitmap *dirty)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);
	struct mvf_tracker *t = mvf_log_get_tracker(mvf);
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

const struct vfio_log_ops mvf_log_ops = {
	.log_start = mvf_log_start,
	.log_stop = mvf_log_stop,
	.log_read_and_clear = mvf_log_read_and_clear,
};

/* The namespace of iova_bitmap_set(); kernels before 6.7 ignore it. */
MODULE_INFO(import_ns, "IOMMUFD");
