/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mlx5 functions of the host, from sysfs; what they are called comes from libpci's list of ids (host/pci_names). */
#ifndef HOST_INVENTORY_H
#define HOST_INVENTORY_H

#include "host/device.h"
#include "lib/err.h"

/** struct skipped_function - a function that could not be read, and why */
struct skipped_function {
	char name[DEVICE_NAME_SIZE];
	char reason[96];
};

struct inventory {
	struct device *devices; /* by address of the PF; each PF, then its VFs by number */
	size_t n;
	struct skipped_function *skipped; /* of any vendor, by name */
	size_t n_skipped;
};

/**
 * inventory_scan - every mlx5 PF and VF
 *
 * Vendor 15b3, and by its driver table, not by names: a function is mlx5's
 * when a driver of mlx5 has it, or its modalias is in mlx5_core's or the
 * variant driver's id table, or it is a VF of such a PF, or has the id of a
 * VF. A function whose ids cannot be read is put into @skipped, and ends
 * nothing. Nothing is opened; holder, devlink's part and caps are left empty.
 * 0 or -1.
 */
int inventory_scan(struct inventory *inventory, struct err *err) __attribute__((nonnull(1, 2)));

/** inventory_free - and leave it empty */
void inventory_free(struct inventory *inventory) __attribute__((nonnull(1)));

/** inventory_pf - the PF of a VF, as far as it was found; else NULL */
const struct device *inventory_pf(const struct inventory *inventory, const struct device *device)
	__attribute__((nonnull(1, 2)));

/** inventory_has_iommu - has the kernel an IOMMU in use? */
bool inventory_has_iommu(void);

/** inventory_require_iommu - fail (ERR_NO_IOMMU) unless @device is in an IOMMU group with an IOMMU behind it; 0 or -1 */
int inventory_require_iommu(const struct device *device, struct err *err)
	__attribute__((nonnull(1, 2)));

/**
 * inventory_resolve - a DEVICE as the user names it
 *
 * "0000:3b:00.2", "3b:00.2", a netdev (by an alternative name, too) or RDMA
 * device name, "PF/vfN" with any of these for the PF; else a sysfs path or
 * UUID of any VFIO device, which is put into @other (kind DEVICE_OTHER).
 * Returns the entry in @inventory or @other, or NULL with @err set:
 * ERR_NO_DEVICE; ERR_NOT_MLX5 for a PCI function that is not bound to VFIO
 * and not an mlx5 device; ERR_NOT_VF for a scalable function; ERR_IO for a
 * function that the scan could not read.
 */
const struct device *inventory_resolve(const struct inventory *inventory, const char *name,
				       struct device *other, struct err *err)
	__attribute__((nonnull(1, 2, 3, 4)));

#endif
