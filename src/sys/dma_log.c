/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/dma_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "sys/feature.h"
#include "vfio/uapi.h"

#define HINT_KERNELS                                                          \
	"it takes the variant driver, a firmware that tracks pages (capability adv_virtualization), and a kernel that takes its reports: Linux 6.1, or a later one built with CONFIG_IOMMUFD_DRIVER, which Debian's 6.12 is not"

static int cannot_start(const struct vdev *vdev, int num, struct err *err)
{
	switch (num) {
	case ENOTTY:
		err_set(err, ERR_UNSUPPORTED, 0,
			"%s: no log of the device's DMA is offered",
			vdev->name);
		err_hint(err, HINT_KERNELS);
		break;
	case EINVAL:
		err_set(err, ERR_REFUSED, num,
			"%s: the log of its DMA was refused", vdev->name);
		err_hint(err, "either somebody logs it already, as a hypervisor does while it migrates, or a dirty that was killed left its log (mlxmigctl reset ends that), or the ranges are not whole pages, or overlap");
		break;
	case EOPNOTSUPP:
		err_set(err, ERR_UNSUPPORTED, num,
			"%s: the device cannot log so much memory",
			vdev->name);
		err_hint(err, "name fewer or smaller ranges");
		break;
	default:
		err_set(err, ERR_REFUSED, num,
			"%s: the log of its DMA cannot be started", vdev->name);
	}
	return err_device(err, vdev->name);
}

int dma_log_start(const struct vdev *vdev, const struct dirty_range *ranges,
		  size_t n, uint64_t *page_size, struct err *err)
{
	AUTO_FREE struct vfio_device_feature_dma_logging_range *list = NULL;
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = *page_size,
		.num_ranges = (uint32_t)n,
	};
	int ret;

	list = calloc(n, sizeof(*list));
	if (!list)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu ranges", n);
	for (size_t i = 0; i < n; i++) {
		list[i].iova = ranges[i].iova;
		list[i].length = ranges[i].length;
	}
	control.ranges = (uintptr_t)list;
	ret = vfio_feature(vdev,
			   VFIO_DEVICE_FEATURE_SET |
				   VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			   &control, sizeof(control));
	if (ret)
		return cannot_start(vdev, -ret, err);
	*page_size = control.page_size;
	return 0;
}

int dma_log_report(const struct vdev *vdev, const struct dirty_range *range,
		   uint64_t page_size, uint64_t *bitmap, struct err *err)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = range->iova,
		.length = range->length,
		.page_size = page_size,
		.bitmap = (uintptr_t)bitmap,
	};
	int ret = vfio_feature(vdev,
			       VFIO_DEVICE_FEATURE_GET |
				       VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
			       &report, sizeof(report));

	if (!ret)
		return 0;
	if (ret == -EOPNOTSUPP) {
		err_set(err, ERR_UNSUPPORTED, -ret,
			"%s: this kernel takes no reports of dirty pages, though its driver offers them",
			vdev->name);
		err_hint(err, HINT_KERNELS);
	} else if (ret == -EINVAL) {
		err_set(err, ERR_REFUSED, -ret,
			"%s: the log of its DMA has ended under way",
			vdev->name);
		err_hint(err, "a reset ends it, and so does whoever else stops it: start again");
	} else {
		err_set(err, ERR_IO, -ret,
			"%s: the report of its dirty pages failed", vdev->name);
	}
	return err_device(err, vdev->name);
}

int dma_log_stop(const struct vdev *vdev, struct err *err)
{
	int ret = vfio_feature(vdev,
			       VFIO_DEVICE_FEATURE_SET |
				       VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
			       NULL, 0);

	if (!ret)
		return 0;
	err_set(err, ERR_IO, -ret, "%s: the log of its DMA does not end",
		vdev->name);
	return err_device(err, vdev->name);
}
