// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO variant driver for mlx5 virtual functions: plain vfio-pci, plus live
 * migration by commands that the PF's firmware executes for its VFs.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "compat/ops.h"
#include "device.h"

struct workqueue_struct *mvf_workqueue;

static struct mvf_device *mvf_of_pci(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = pci_get_drvdata(pdev);

	return container_of(core, struct mvf_device, core);
}

static int mvf_open(struct vfio_device *vdev)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);
	int err;

	err = vfio_pci_core_enable(&mvf->core);
	if (err)
		return err;

	if (mvf->migratable)
		mvf_state_open(mvf);
	vfio_pci_core_finish_enable(&mvf->core);
	return 0;
}

static void mvf_close(struct vfio_device *vdev)
{
	struct mvf_device *mvf = mvf_of_vfio(vdev);

	if (mvf->migratable)
		mvf_state_close(mvf);
	vfio_pci_core_close_device(vdev);
}

static const struct vfio_device_ops mvf_vfio_ops = {
	.name = "mlx5-vfio-pci",
	.init = vfio_pci_core_init_dev,
	.release = vfio_pci_core_release_dev,
	.open_device = mvf_open,
	.close_device = mvf_close,
	.ioctl = vfio_pci_core_ioctl,
	.device_feature = vfio_pci_core_ioctl_feature,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	MVF_OPS_IOMMUFD
	MVF_OPS_DETACH
	MVF_OPS_PASID
	MVF_OPS_TOKEN
	MVF_OPS_REGION
};

/*
 * The link to the PF is made and cut here, not in vfio's .init and .release: the
 * latter runs with the last reference to the device, when the PF's driver may be
 * unbound.
 */
static int mvf_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct mvf_device *mvf;
	int err;

	mvf = vfio_alloc_device(mvf_device, core.vdev, &pdev->dev,
				&mvf_vfio_ops);
	if (IS_ERR(mvf))
		return PTR_ERR(mvf);

	pci_set_drvdata(pdev, &mvf->core);
	mvf_attach(mvf);
	err = vfio_pci_core_register_device(&mvf->core);
	if (err)
		goto out_detach;
	mvf_debugfs_add(mvf);
	return 0;

out_detach:
	mvf_detach(mvf);
	vfio_put_device(&mvf->core.vdev);
	return err;
}

/*
 * The reset of the last close needs the device's lock. An unbinding that waits for
 * the close holds it, and holds it here too. The next driver must not get a VF
 * that is suspended or partly loaded.
 */
static void mvf_reset_unbound(struct mvf_device *mvf)
{
	struct pci_dev *pdev = mvf->core.pdev;
	int err;

	if (!mvf->migratable || !mvf->core.needs_reset)
		return;

	pci_cfg_access_lock(pdev);
	pci_save_state(pdev);
	err = __pci_reset_function_locked(pdev);
	pci_restore_state(pdev);
	pci_cfg_access_unlock(pdev);
	if (err)
		pci_err(pdev, "could not be reset: %d\n", err);
}

static void mvf_remove(struct pci_dev *pdev)
{
	struct mvf_device *mvf = mvf_of_pci(pdev);

	/* Waits until the device is closed. */
	vfio_pci_core_unregister_device(&mvf->core);
	mvf_reset_unbound(mvf);
	mvf_debugfs_remove(mvf);
	mvf_detach(mvf);
	vfio_put_device(&mvf->core.vdev);
}

static void mvf_reset_prepare(struct pci_dev *pdev)
{
	struct mvf_device *mvf = mvf_of_pci(pdev);

	if (mvf->migratable)
		mvf_state_reset_begin(mvf);
}

/* Called after every reset of the function, but for the last close's. */
static void mvf_reset_done(struct pci_dev *pdev)
{
	struct mvf_device *mvf = mvf_of_pci(pdev);

	if (mvf->migratable)
		mvf_state_reset_end(mvf);
}

static const struct pci_error_handlers mvf_err_handlers = {
	.reset_prepare = mvf_reset_prepare,
	.reset_done = mvf_reset_done,
	.error_detected = vfio_pci_core_aer_err_detected,
};

static const struct pci_device_id mvf_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_MELLANOX, 0x101e) },
	{}
};
MODULE_DEVICE_TABLE(pci, mvf_ids);

static struct pci_driver mvf_driver = {
	.name = KBUILD_MODNAME,
	.id_table = mvf_ids,
	.probe = mvf_probe,
	.remove = mvf_remove,
	.err_handler = &mvf_err_handlers,
	.driver_managed_dma = true,
};

static int __init mvf_init(void)
{
	int err;

	mvf_workqueue = alloc_workqueue("mlx5-vfio-pci", WQ_UNBOUND, 0);
	if (!mvf_workqueue)
		return -ENOMEM;
	mvf_debugfs_init();
	err = pci_register_driver(&mvf_driver);
	if (err) {
		mvf_debugfs_exit();
		destroy_workqueue(mvf_workqueue);
	}
	return err;
}
module_init(mvf_init);

static void __exit mvf_exit(void)
{
	pci_unregister_driver(&mvf_driver);
	mvf_debugfs_exit();
	destroy_workqueue(mvf_workqueue);
}
module_exit(mvf_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The mlxmigctl authors");
MODULE_DESCRIPTION("VFIO driver for mlx5 virtual functions with live migration");
