// SPDX-License-Identifier: GPL-2.0-only
/*
 * The link between a VF and its PF: can the VF migrate, and is its PF there?
 */
#include <linux/mlx5/driver.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "buffer.h"
#include "compat/compat.h"
#include "fw.h"
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
		 "what a save gives: records (default), or bare, an image as Linux 6.1 reads it, without PRE_COPY and chunks. Counts when a device is opened");

/**
 * mvf_offer - decide what the device offers, from now to its last close
 * @mvf: the device, not open
 *
 * A bare image has no place for a second one: without records there is neither
 * PRE_COPY nor saving in chunks.
 */
void mvf_offer(struct mvf_device *mvf)
{
	u64 flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P;

	mvf->records = READ_ONCE(mvf_stream_format) == MVF_RECORDS;
	mvf->chunks = mvf->records && mvf->can_chunk;
	if (mvf->records)
		flags |= MVF_PRE_COPY_FLAG;
	mvf->core.vdev.migration_flags = flags;
}

/* Called under the PF's interface lock and the notifier's rwsem. */
static int mvf_pf_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	struct mvf_device *mvf = container_of(nb, struct mvf_device, nb);

	if (event == MLX5_PF_NOTIFY_DISABLE_VF)
		mvf_fsm_pf_gone(mvf);
	else if (event == MLX5_PF_NOTIFY_ENABLE_VF)
		mvf_fsm_pf_back(mvf);
	return NOTIFY_OK;
}

static void mvf_note_pf_caps(struct mvf_device *mvf)
{
	struct mlx5_core_dev *pf = mvf->pf;

	mvf_note_cap(mvf, MVF_CAP_MIGRATION, MLX5_CAP_GEN(pf, migration));
	mvf_note_cap(mvf, MVF_CAP_MULTI_LOAD,
		     MLX5_CAP_GEN_2(pf, migration_multi_load));
	mvf_note_cap(mvf, MVF_CAP_TRACKING,
		     MLX5_CAP_GEN_2(pf, migration_tracking_state));
	mvf_note_cap(mvf, MVF_CAP_CHUNKS,
		     MLX5_CAP_GEN_2(pf, migration_in_chunks));
	mvf_note_cap(mvf, MVF_CAP_ADV_VIRT,
		     MLX5_CAP_GEN(pf, adv_virtualization));
}

static const char *mvf_pf_lacks(struct mlx5_core_dev *pf)
{
	if (!MLX5_CAP_GEN(pf, migration))
		return "the PF's firmware has no migration";
	if (!MLX5_CAP_GEN_2(pf, migration_multi_load))
		return "the PF's firmware cannot load in several steps";
	if (!MLX5_CAP_GEN_2(pf, migration_tracking_state))
		return "the PF's firmware has no tracking of state";
	return NULL;
}

/*
 * Where devlink can make a VF migratable, the administrator has to. Where it
 * cannot the VF may still be as good as any: the firmware will say at the first
 * command.
 */
static const char *mvf_not_migratable(struct mvf_device *mvf)
{
	if (MVF_CAN_BE_MADE_MIGRATABLE)
		return "it has not been made migratable (devlink port function)";
	pci_info(mvf->core.pdev,
		 "its capabilities do not say migratable, which this kernel's devlink cannot change: left to the firmware\n");
	return NULL;
}

/* Reads what the PF's firmware says of this VF. */
static const char *mvf_vf_lacks(struct mvf_device *mvf)
{
	const char *why = "its capabilities cannot be read";
	int len = MLX5_ST_SZ_BYTES(query_hca_cap_out);
	void *out, *cap;

	out = kzalloc(len, GFP_KERNEL);
	if (!out)
		return "out of memory";
	cap = MLX5_ADDR_OF(query_hca_cap_out, out, capability);

	if (mvf_fw_query_cap(mvf, MLX5_CAP_GENERAL_2, HCA_CAP_OPMOD_GET_MAX,
			     out, len))
		goto out_free;
	mvf_note_cap(mvf, MVF_CAP_MIGRATABLE,
		     MLX5_GET(cmd_hca_cap_2, cap, migratable));
	if (!MLX5_GET(cmd_hca_cap_2, cap, migratable)) {
		why = mvf_not_migratable(mvf);
		if (why)
			goto out_free;
	}

	memset(out, 0, len);
	if (mvf_fw_query_cap(mvf, MLX5_CAP_GENERAL, HCA_CAP_OPMOD_GET_CUR,
			     out, len))
		goto out_free;
	mvf->vhca_id = MLX5_GET(cmd_hca_cap, cap, vhca_id);
	why = NULL;
out_free:
	kfree(out);
	return why;
}

/*
 * Sets up all but the flags, and says why it cannot. The PF's interface lock
 * is held, so that the PF neither comes nor goes.
 */
static const char *mvf_try_attach(struct mvf_device *mvf)
{
	struct pci_dev *pdev = mvf->core.pdev;
	const char *why;

	mvf_note_pf_caps(mvf);
	why = mvf_pf_lacks(mvf->pf);
	if (why)
		return why;
	mvf->vf_id = pci_iov_vf_id(pdev);
	if (mvf->vf_id < 0)
		return "its PF does not know it";
	why = mvf_vf_lacks(mvf);
	if (why)
		return why;

	mvf->block_order = mvf_buffer_order(mvf->pf->device);
	mvf->can_chunk = MLX5_CAP_GEN_2(mvf->pf, migration_in_chunks);
	mvf->nb.notifier_call = mvf_pf_event;
	if (mlx5_sriov_blocking_notifier_register(mvf->pf, mvf->vf_id,
						  &mvf->nb))
		return "the PF is still enabling its VFs: bind it again";
	return NULL;
}

/**
 * mvf_attach - find out whether the VF can migrate, and prepare for it
 * @mvf: the device, not registered with vfio yet
 *
 * A VF that cannot migrate, and a PF, stay usable as with plain vfio-pci; the
 * kernel log has the reason.
 */
void mvf_attach(struct mvf_device *mvf)
{
	struct pci_dev *pdev = mvf->core.pdev;
	const char *why;

	mutex_init(&mvf->fw_mutex);
	mvf_notes_init(mvf);
	mvf_fsm_init(mvf);
	if (!pdev->is_virtfn) {
		mvf->notes.why_not = "it is not a VF";
		return;
	}

	mvf->pf = mlx5_vf_get_core_dev(pdev);
	if (mvf->pf) {
		why = mvf_try_attach(mvf);
		mlx5_vf_put_core_dev(mvf->pf);
	} else {
		why = "its PF is not up with mlx5_core";
	}
	mvf->notes.why_not = why;
	if (why) {
		pci_info(pdev, "cannot migrate: %s\n", why);
		return;
	}

	mvf->migratable = true;
	mvf_tracker_offer(mvf);
	mvf->core.vdev.mig_ops = &mvf_migration_ops;
	mvf_offer(mvf);
}

/**
 * mvf_detach - cut the link to the PF
 * @mvf: the device, not open any more
 *
 * The PF's driver is still there: it removes its VFs before it goes.
 */
void mvf_detach(struct mvf_device *mvf)
{
	if (!mvf->migratable)
		return;

	mlx5_sriov_blocking_notifier_unregister(mvf->pf, mvf->vf_id, &mvf->nb);
	cancel_work_sync(&mvf->reset_work);
}
