// SPDX-License-Identifier: GPL-2.0-only
/* What `probes` are looked for in. It is preprocessed and never compiled. */
#include <linux/iova_bitmap.h>
#include <linux/mlx5/device.h>
#include <linux/mlx5/driver.h>
#include <linux/mlx5/mlx5_ifc.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>
#include <uapi/linux/devlink.h>
