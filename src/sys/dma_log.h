/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VFIO's log of a device's DMA (VFIO_DEVICE_FEATURE_DMA_LOGGING_*, include/uapi/linux/vfio.h). */
#ifndef SYS_DMA_LOG_H
#define SYS_DMA_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "model/dirty.h"
#include "vfio/open.h"

/**
 * dma_log_start - log what the device writes to
 * @ranges: @n of them, each whole pages, none over another
 * @page_size: wanted, in bytes; becomes what the device tracks in
 *
 * ERR_UNSUPPORTED where driver, firmware or kernel have no log. After 0 the
 * log goes on until dma_log_stop(), a reset or the last close of the device.
 */
int dma_log_start(const struct vdev *vdev, const struct dirty_range *ranges,
		  size_t n, uint64_t *page_size, struct err *err)
	__attribute__((nonnull(1, 2, 4, 5)));

/**
 * dma_log_report - which pages of @range were written since the last report
 * @page_size: of a bit, in bytes; a power of two from 4096 on
 * @bitmap: a bit for each page, the lowest first; bits are added to it
 */
int dma_log_report(const struct vdev *vdev, const struct dirty_range *range,
		   uint64_t page_size, uint64_t *bitmap, struct err *err)
	__attribute__((nonnull(1, 2, 4, 5)));

/** dma_log_stop - end it; 0 or -1 */
int dma_log_stop(const struct vdev *vdev, struct err *err)
	__attribute__((nonnull(1, 2)));

#endif
