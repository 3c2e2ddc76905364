// SPDX-License-Identifier: GPL-2.0-only
/*
 * The link between a VF and its PF: whether the VF can migrate, and whether its
 * PF is present.
 */
#include <linux/mlx5/driver.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "buffer.h"
#include "compat/compat.h"
#include "fw.h"

/* Called under the PF's interface lock and the notifier's rwsem. */
static int mvf_pf_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	struct mvf_device *mvf = container_of(nb, struct mvf_device, nb);

	if (event == MLX5_PF_NOTIFY_DISABLE_VF)
		mvf_state_disable(mvf);
	else if (event == MLX5_PF_NOTIFY_ENABLE_VF)
		mvf_state_enable(mvf);
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

/*
 * Where devlink can make a VF migratable, the administrator has to. Where it
 * cannot, the VF may still be able to migrate: the firmware decides at the first
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

static const char *const mvf_unreadable = "its capabilities cannot be read";

/* Older firmware has no second group of capabilities, and nothing in it to say. */
static const char *mvf_lacks_migratable(struct mvf_device *mvf, void *out,
					int len)
{
	void *cap = MLX5_ADDR_OF(query_hca_cap_out, out, capability);
	bool migratable;

	if (!MLX5_CAP_GEN(mvf->pf, hca_cap_2))
		return NULL;
	if (mvf_fw_query_cap(mvf, MLX5_CAP_GENERAL_2, HCA_CAP_OPMOD_GET_MAX,
			     out, len))
		return mvf_unreadable;
	migratable = MLX5_GET(cmd_hca_cap_2, cap, migratable);
	mvf_note_cap(mvf, MVF_CAP_MIGRATABLE, migratable);
	return migratable ? NULL : mvf_not_migratable(mvf);
}

/* Reads the capabilities of this VF from the PF's firmware. */
static const char *mvf_vf_lacks(struct mvf_device *mvf)
{
	int len = MLX5_ST_SZ_BYTES(query_hca_cap_out);
	const char *why;
	void *out, *cap;

	out = kzalloc(len, GFP_KERNEL);
	if (!out)
		return "out of memory";
	cap = MLX5_ADDR_OF(query_hca_cap_out, out, capability);

	why = mvf_lacks_migratable(mvf, out, len);
	if (why)
		goto out_free;

	memset(out, 0, len);
	if (mvf_fw_query_cap(mvf, MLX5_CAP_GENERAL, HCA_CAP_OPMOD_GET_CUR,
			     out, len))
		why = mvf_unreadable;
	else
		mvf->vhca_id = MLX5_GET(cmd_hca_cap, cap, vhca_id);
out_free:
	kfree(out);
	return why;
}

/*
 * Sets up all but the offer, or returns the reason why that is not possible. The
 * PF's interface lock is held, so that its driver neither binds nor unbinds.
 */
static const char *mvf_try_attach(struct mvf_device *mvf)
{
	struct pci_dev *pdev = mvf->core.pdev;
	const char *why;

	mvf_note_pf_caps(mvf);
	if (!MLX5_CAP_GEN(mvf->pf, migration))
		return "the PF's firmware has no migration";
	mvf->vf_id = pci_iov_vf_id(pdev);
	if (mvf->vf_id < 0)
		return "its PF does not list it";
	why = mvf_vf_lacks(mvf);
	if (why)
		return why;

	mvf->block_order = mvf_buffer_order(mvf->pf->device);
	mvf->can_multi_load = MLX5_CAP_GEN_2(mvf->pf, migration_multi_load);
	mvf->can_track = MLX5_CAP_GEN_2(mvf->pf, migration_tracking_state);
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
 * A VF that cannot migrate, and a PF, work as with plain vfio-pci; the kernel log
 * has the reason.
 */
void mvf_attach(struct mvf_device *mvf)
{
	struct pci_dev *pdev = mvf->core.pdev;
	const char *why;

	mutex_init(&mvf->fw_mutex);
	mvf_notes_init(mvf);
	mvf_state_init(mvf);
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
	mvf_offer_init(mvf);
}

/**
 * mvf_detach - cut the link to the PF
 * @mvf: the device, not open
 *
 * The PF's driver is still bound: it removes its VFs before it unbinds.
 */
void mvf_detach(struct mvf_device *mvf)
{
	if (!mvf->migratable)
		return;

	mlx5_sriov_blocking_notifier_unregister(mvf->pf, mvf->vf_id, &mvf->nb);
	cancel_work_sync(&mvf->reset_work);
}
