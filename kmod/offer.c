// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device offers to its user: the migration flags, the format of what it
 * saves, and dirty page tracking.
 */
#include <linux/mlx5/driver.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/vfio.h>

#include "compat/compat.h"
#include "device.h"
#include "precopy.h"

enum mvf_stream_format {
	MVF_RECORDS,
	MVF_BARE_IMAGE,
};

static const char * const mvf_format_names[] = {
	[MVF_RECORDS] = "records",
	[MVF_BARE_IMAGE] = "bare",
};

static int mvf_stream_format = MVF_RECORDS;

static int mvf_format_set(const char *val, const struct kernel_param *kp)
{
	int format = sysfs_match_string(mvf_format_names, val);

	if (format < 0)
		return format;
	WRITE_ONCE(mvf_stream_format, format);
	return 0;
}

static int mvf_format_get(char *to, const struct kernel_param *kp)
{
	return scnprintf(to, PAGE_SIZE, "%s\n",
			 mvf_format_names[READ_ONCE(mvf_stream_format)]);
}

static const struct kernel_param_ops mvf_format_ops = {
	.set = mvf_format_set,
	.get = mvf_format_get,
};
module_param_cb(stream_format, &mvf_format_ops, NULL, 0644);
MODULE_PARM_DESC(stream_format,
		 "format of what a device saves: records (default), or bare, an image as Linux 6.1 reads it, without PRE_COPY and chunks. Read when a device is opened");

/**
 * mvf_offer_update - decide what the device offers until its last close
 * @mvf: the device, not open
 *
 * PRE_COPY and chunks save several images, of which all but the first are
 * increments. A bare stream has no place for a second image, older firmware does
 * not load it, or saves no increments.
 */
void mvf_offer_update(struct mvf_device *mvf)
{
	u64 flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P;
	bool several;

	mvf->records = READ_ONCE(mvf_stream_format) == MVF_RECORDS;
	several = mvf->records && mvf->can_multi_load && mvf->can_track;
	mvf->chunks = several && mvf->can_chunk;
	if (several)
		flags |= MVF_PRE_COPY_FLAG;
	mvf->core.vdev.migration_flags = flags;
}

/*
 * vfio of some kernels takes no reports of dirty pages: START would succeed and
 * each REPORT fail, and with it the migration of a VMM that relies on tracking.
 */
static bool mvf_can_log_dma(struct mvf_device *mvf)
{
	return MVF_CAN_REPORT_DIRTY &&
	       MLX5_CAP_GEN(mvf->pf, adv_virtualization) &&
	       MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf, pg_track_max_num_range);
}

/**
 * mvf_offer_init - announce migration, and dirty page tracking where it works
 * @mvf: the device, which can migrate, not registered with vfio yet
 */
void mvf_offer_init(struct mvf_device *mvf)
{
	if (mvf_can_log_dma(mvf))
		mvf->core.vdev.log_ops = &mvf_log_ops;
	mvf->core.vdev.mig_ops = &mvf_migration_ops;
	mvf_offer_update(mvf);
}
