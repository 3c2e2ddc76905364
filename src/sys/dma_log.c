/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/dma_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "sys/vfio_uapi.h"

#define HINT_KERNELS                                                          \
	"it takes the variant driver, a firmware that tracks pages (capability adv_virtualization), and a kernel that takes its reports: Linux 6.1, or a later one built with CONFIG_IOMMUFD_DRIVER, which Debian's 6.12 is not"

struct log_feature {
	struct vfio_device_feature head;
	union {
		struct vfio_device_feature_dma_logging_control control;
		struct vfio_device_feature_dma_logging_report report;
	} payload;
};

static int feature(const struct vdev *vdev, struct log_feature *arg,
		   uint32_t flags, size_t size)
{
	arg->head.argsz = sizeof(arg->head) + size;
	arg->head.flags = flags;
	return ioctl(vdev->fd, VFIO_DEVICE_FEATURE, arg) < 0 ? -errno : 0;
}

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
		err_hint(err, "either somebody logs it already, as a hypervisor does while it migrates, or the ranges are not whole pages, or overlap");
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
	struct log_feature arg = { 0 };
	int ret;

	list = calloc(n, sizeof(*list));
	if (!list)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu ranges", n);
	for (size_t i = 0; i < n; i++) {
		list[i].iova = ranges[i].iova;
		list[i].length = ranges[i].length;
	}
	arg.payload.control.page_size = *page_size;
	arg.payload.control.num_ranges = (uint32_t)n;
	arg.payload.control.ranges = (uintptr_t)list;
	ret = feature(vdev, &arg,
		      VFIO_DEVICE_FEATURE_SET |
			      VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
		      sizeof(arg.payload.control));
	if (ret)
		return cannot_start(vdev, -ret, err);
	*page_size = arg.payload.control.page_size;
	return 0;
}

int dma_log_report(const struct vdev *vdev, const struct dirty_range *range,
		   uint64_t page_size, uint64_t *bitmap, struct err *err)
{
	struct log_feature arg = { 0 };
	int ret;

	arg.payload.report.iova = range->iova;
	arg.payload.report.length = range->length;
	arg.payload.report.page_size = page_size;
	arg.payload.report.bitmap = (uintptr_t)bitmap;
	ret = feature(vdev, &arg,
		      VFIO_DEVICE_FEATURE_GET |
			      VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
		      sizeof(arg.payload.report));
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
	struct log_feature arg = { 0 };
	int ret = feature(vdev, &arg,
			  VFIO_DEVICE_FEATURE_SET |
				  VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
			  0);

	if (!ret)
		return 0;
	err_set(err, ERR_IO, -ret, "%s: the log of its DMA does not end",
		vdev->name);
	return err_device(err, vdev->name);
}
