/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One device as sysfs shows it. */
#ifndef HOST_PCI_FUNCTION_H
#define HOST_PCI_FUNCTION_H

#include <stddef.h>

#include "host/device.h"

#define SYSFS_PCI "/sys/bus/pci/devices/"
#define SYSFS_MDEV "/sys/bus/mdev/devices/"

/** pci_function_init - nothing is known of it yet: numbers -1, texts empty */
void pci_function_init(struct device *device, enum device_kind kind,
		       const char *name) __attribute__((nonnull(1, 3)));

/**
 * pci_function_read - driver, group, cdev, netdevs, RDMA devices, node, PF
 * @dir: its directory, "/sys/bus/pci/devices/0000:3b:00.2", below the root
 *
 * What is not there stays unknown. Not read: ids, VF number, driver_override.
 */
void pci_function_read(struct device *device, const char *dir) __attribute__((nonnull(1, 2)));

typedef void (*pci_function_vf_fn)(void *data, long number, const char *name);

/**
 * pci_function_each_vf - call @fn for each virtfn link of the PF @pf, with its number and where it leads to
 *
 * Their number is that of the PF's VFs; sriov_numvfs has it too, but to read
 * that waits for the lock of a PF whose VFs are being removed.
 */
void pci_function_each_vf(const char *pf, pci_function_vf_fn fn, void *data)
	__attribute__((nonnull(1, 2)));

/** pci_override_read - the driver_override of the function @name; empty: none. It may wait: see pci_overrides_read() */
void pci_override_read(const char *name, char *override, size_t size) __attribute__((nonnull(1, 2)));

/**
 * pci_overrides_read - the driver_override of @n devices
 *
 * Up to Linux 6.1 it is read under the device's lock, which a process that
 * unbinds an open VF holds without end: then the device gets a warning. 0 or -1.
 */
int pci_overrides_read(struct device *devices, size_t n, struct err *err)
	__attribute__((nonnull(3)));

/** iommu_group_is_vfios - has VFIO made that IOMMU group, so that no IOMMU is behind it? */
bool iommu_group_is_vfios(int group);

/**
 * pci_function_vf_name - what virtfn<number> of the PF @pf links to
 *
 * 0 or -errno; -ENOENT where the PF has no such VF.
 */
int pci_function_vf_name(char *buf, size_t size, const char *pf, long number)
	__attribute__((nonnull(1, 3)));

/** pci_function_vf_at - the number of the VF at the address @bdf, by the offset and stride of the PF @pf; -1: the address is none of its VFs' */
int pci_function_vf_at(const struct device *pf, const struct bdf *bdf)
	__attribute__((nonnull(1, 2)));

/* What a netdev of a function is: in switchdev mode an eswitch has more ports than its own. */
enum port_kind {
	PORT_OWN, /* of the function itself: its port to the network ("p0"), or no name at all */
	PORT_PF,  /* represents another PF: a DPU's host's ("pf0hpf", "c1pf0") */
	PORT_VF,  /* represents a VF ("pf0vf3", "c1pf0vf1") */
	PORT_SF,  /* represents a scalable function ("pf0sf2") */
};

/** port_kind_of - what a netdev's phys_port_name says */
enum port_kind port_kind_of(const char *name) __attribute__((nonnull(1)));

/** netdev_port_kind - port_kind_of() for the netdev @netdev of the function with the directory @dir below the root */
enum port_kind netdev_port_kind(const char *dir, const char *netdev) __attribute__((nonnull(1, 2)));

#endif
