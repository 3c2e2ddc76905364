/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/dirty_log.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "vfio/migration.h"
#include "vfio/uapi.h"

#define HINT_KERNELS                                                          \
	"it takes the variant driver, a firmware that tracks pages (capability adv_virtualization), and a kernel that takes its reports: Linux 6.1, or a later one built with CONFIG_IOMMUFD_DRIVER, which Debian's 6.12 is not"

static int cannot_start(const struct vdev *vdev, int num, struct err *err)
{
	switch (num) {
	case ENOTTY:
		err_set(err, ERR_UNSUPPORTED, 0, "%s: no log of the device's DMA is offered",
			vdev->name);
		err_hint(err, HINT_KERNELS);
		break;
	case EINVAL:
		err_set(err, ERR_REFUSED, num, "%s: the log of its DMA was refused", vdev->name);
		err_hint(err, "either somebody logs it already, as a hypervisor does while it migrates, or a dirty that was killed left its log (mlxmigctl reset ends that), or the ranges are not whole pages, or overlap");
		break;
	case EOPNOTSUPP:
		err_set(err, ERR_UNSUPPORTED, num, "%s: the device cannot log so much memory",
			vdev->name);
		err_hint(err, "name fewer or smaller ranges");
		break;
	default:
		err_set(err, ERR_REFUSED, num,
			"%s: the log of its DMA cannot be started", vdev->name);
	}
	return err_device(err, vdev->name);
}

/*
 * dma_log_start - log what the device writes to
 * @ranges: @n of them, each whole pages, none over another
 * @page_size: wanted, in bytes; becomes what the device tracks in
 *
 * ERR_UNSUPPORTED where driver, firmware or kernel have no log. After 0 the
 * log goes on until dma_log_stop(), a reset or the last close of the device.
 */
static int dma_log_start(const struct vdev *vdev, const struct dirty_range *ranges, size_t n,
			 uint64_t *page_size, struct err *err)
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
	ret = vfio_feature(vdev, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			   &control, sizeof(control));
	if (ret)
		return cannot_start(vdev, -ret, err);
	*page_size = control.page_size;
	return 0;
}

/*
 * dma_log_report - which pages of @range were written since the last report
 * @page_size: of a bit, in bytes; a power of two from 4096 on
 * @bitmap: a bit for each page, the lowest first; bits are added to it
 */
static int dma_log_report(const struct vdev *vdev, const struct dirty_range *range,
			  uint64_t page_size, uint64_t *bitmap, struct err *err)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = range->iova,
		.length = range->length,
		.page_size = page_size,
		.bitmap = (uintptr_t)bitmap,
	};
	int ret = vfio_feature(vdev,
			       VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
			       &report, sizeof(report));

	if (!ret)
		return 0;
	if (ret == -EOPNOTSUPP) {
		err_set(err, ERR_UNSUPPORTED, -ret,
			"%s: this kernel takes no reports of dirty pages, though its driver offers them",
			vdev->name);
		err_hint(err, HINT_KERNELS);
	} else if (ret == -EINVAL) {
		err_set(err, ERR_REFUSED, -ret, "%s: the log of its DMA has ended under way",
			vdev->name);
		err_hint(err, "a reset ends it, and so does whoever else stops it: start again");
	} else {
		err_set(err, ERR_IO, -ret, "%s: the report of its dirty pages failed", vdev->name);
	}
	return err_device(err, vdev->name);
}

/* dma_log_stop - end it; 0 or -1 */
static int dma_log_stop(const struct vdev *vdev, struct err *err)
{
	int ret = vfio_feature(vdev, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
			       NULL, 0);

	if (!ret)
		return 0;
	err_set(err, ERR_IO, -ret, "%s: the log of its DMA does not end", vdev->name);
	return err_device(err, vdev->name);
}

#define NS_PER_MS 1000000u

/* struct watch - @now, @ever: a bit for each page of all ranges: dirty at this report, or at any */
struct watch {
	const struct vdev *vdev;
	struct dirty_result *result;
	uint64_t begun_ns;
	uint64_t *now;
	uint64_t *ever;
	size_t words;
};

/* Each range's bits begin a word, as the kernel wants it. */
static size_t range_words(const struct dirty_plan *plan, size_t i)
{
	return (plan->ranges[i].length / plan->page_size + 63) / 64;
}

static int allocate(struct watch *watch, struct err *err)
{
	const struct dirty_plan *plan = &watch->result->plan;

	for (size_t i = 0; i < plan->n_ranges; i++)
		watch->words += range_words(plan, i);
	watch->now = calloc(watch->words, sizeof(*watch->now));
	watch->ever = calloc(watch->words, sizeof(*watch->ever));
	if (!watch->now || !watch->ever)
		return err_set(err, ERR_NO_MEMORY, 0, "a bit for each page of the ranges");
	return 0;
}

static void watch_free(struct watch *watch)
{
	free(watch->now);
	free(watch->ever);
}

/* Counts these words of @now, a range's, into @sample, and adds them to @ever. */
static void count_range(struct watch *watch, size_t from, size_t words, struct dirty_sample *sample)
{
	uint64_t before = 0;

	for (size_t i = from; i < from + words; i++) {
		uint64_t bits = watch->now[i];
		uint64_t starts = bits & ~(bits << 1 | before >> 63);

		sample->pages += (uint64_t)__builtin_popcountll(bits);
		sample->fresh += (uint64_t)__builtin_popcountll(bits & ~watch->ever[i]);
		sample->runs += (uint64_t)__builtin_popcountll(starts);
		watch->ever[i] |= bits;
		before = bits;
	}
}

static void count_pages(struct watch *watch, struct dirty_sample *sample)
{
	const struct dirty_plan *plan = &watch->result->plan;
	size_t at = 0;

	for (size_t i = 0; i < plan->n_ranges; i++) {
		count_range(watch, at, range_words(plan, i), sample);
		at += range_words(plan, i);
	}
	watch->result->pages += sample->fresh;
}

static int report_all(struct watch *watch, struct err *err)
{
	const struct dirty_plan *plan = &watch->result->plan;
	uint64_t *bitmap = watch->now;

	memset(watch->now, 0, watch->words * sizeof(*watch->now));
	for (size_t i = 0; i < plan->n_ranges; i++) {
		if (dma_log_report(watch->vdev, &plan->ranges[i], plan->page_size, bitmap, err))
			return -1;
		bitmap += range_words(plan, i);
	}
	return 0;
}

static int take_sample(struct watch *watch, struct err *err)
{
	struct dirty_result *result = watch->result;
	struct dirty_sample *samples, *sample;
	uint64_t begin = now_ns();

	samples = realloc(result->samples, (result->n_samples + 1) * sizeof(*samples));
	if (!samples)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu samples", result->n_samples);
	result->samples = samples;
	if (report_all(watch, err))
		return -1;
	sample = &samples[result->n_samples++];
	*sample = (struct dirty_sample){
		.elapsed_ns = begin - watch->begun_ns,
		.report_ns = now_ns() - begin,
	};
	count_pages(watch, sample);
	return 0;
}

/* Until @until, or a signal. */
static int wait_until(uint64_t until, struct err *err)
{
	struct pollfd pollfd = { .fd = interrupt_fd(), .events = POLLIN };
	uint64_t now;

	while (!interrupt_signal() && (now = now_ns()) < until) {
		uint64_t ms = (until - now + NS_PER_MS - 1) / NS_PER_MS;

		poll(&pollfd, 1, ms > 60000 ? 60000 : (int)ms);
	}
	return interrupt_check(err);
}

static int sample_all(struct watch *watch, struct err *err)
{
	const struct dirty_plan *plan = &watch->result->plan;
	uint64_t end = watch->begun_ns + plan->duration_ns;
	uint64_t next = watch->begun_ns;

	do {
		next += plan->interval_ns;
		if (wait_until(next < end ? next : end, err) || take_sample(watch, err))
			return -1;
		/* A report that takes longer than the interval skips some. */
		while (next + plan->interval_ns < now_ns())
			next += plan->interval_ns;
	} while (next < end);
	return 0;
}

int dirty_watch(const struct vdev *vdev, struct dirty_result *result, struct err *err)
{
	__attribute__((cleanup(watch_free))) struct watch watch = {
		.vdev = vdev, .result = result,
	};
	int ret;

	result->tracked_page_size = result->plan.page_size;
	if (allocate(&watch, err) || interrupt_check(err) ||
	    dma_log_start(vdev, result->plan.ranges, result->plan.n_ranges,
			  &result->tracked_page_size, err))
		return -1;
	watch.begun_ns = now_ns();
	ret = sample_all(&watch, err);
	result->duration_ns = now_ns() - watch.begun_ns;
	return dma_log_stop(vdev, err) ? -1 : ret;
}
