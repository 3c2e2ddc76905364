/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/pci_function.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/sysroot.h"
#include "lib/bounded.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define LOCKED_LIMIT_MS 2000 /* for what takes no time unless another process holds the device's lock */

void pci_function_init(struct device *device, enum device_kind kind, const char *name)
{
	*device = (struct device){
		.kind = kind,
		.vf_number = -1,
		.total_vfs = -1,
		.num_vfs = -1,
		.iommu_group = -1,
		.numa_node = -1,
		.migratable = TRI_UNKNOWN,
		.can_migrate = TRI_UNKNOWN,
		.holder = { .fd = -1 },
	};
	text_copy(device->name, sizeof(device->name), name);
}

static int read_int(const char *dir, const char *name)
{
	long value;

	return sysroot_read_long(&value, "%s/%s", dir, name) ? -1 : (int)value;
}

bool iommu_group_is_vfios(int group)
{
	char name[32];

	return sysroot_read(name, sizeof(name), "/sys/kernel/iommu_groups/%d/name", group) > 0 &&
	       !strcmp(name, "vfio-noiommu");
}

static bool has_vfio_class(const char *prefix, int group)
{
	return sysroot_exists("/sys/class/vfio/%s%d", prefix, group);
}

/*
 * VFIO gives that name to the groups it makes for mediated devices too, whose
 * IOMMU it emulates; the node of these is called as any other group's.
 */
static bool is_no_iommu(int group, bool is_pci)
{
	return has_vfio_class("noiommu-", group) ||
	       (is_pci && iommu_group_is_vfios(group) && !has_vfio_class("", group));
}

static void read_group(struct device *device, const char *dir)
{
	char group[32];
	uint64_t number;

	if (!sysroot_link_name(group, sizeof(group), "%s/iommu_group", dir) &&
	    !text_u64(group, 10, &number))
		device->iommu_group = (int)number;
	device->no_iommu = device->iommu_group >= 0 &&
			   is_no_iommu(device->iommu_group, text_starts(dir, SYSFS_PCI));
}

typedef void (*entry_fn)(struct device *device, const char *dir, const char *entry);

/* Calls @fn for each entry of @dir/@sub, in the order of their names. */
static void each_entry(struct device *device, const char *dir, const char *sub, entry_fn fn)
{
	CLEANUP(sysroot_entries_free) struct sysroot_entries entries = sysroot_list("%s/%s", dir, sub);

	for (size_t i = 0; i < entries.n; i++)
		fn(device, dir, entries.list[i]->d_name);
}

/* The rest of @name behind @word and a number; NULL: it does not begin so. */
static const char *skip_numbered(const char *name, const char *word)
{
	const char *digits = text_starts(name, word);
	size_t n = digits ? strspn(digits, "0123456789") : 0;

	return n ? digits + n : NULL;
}

static const char *skip_optional(const char *name, const char *word)
{
	const char *rest = skip_numbered(name, word);

	return rest ? rest : name;
}

static bool is_numbered(const char *name, const char *word)
{
	const char *rest = skip_numbered(name, word);

	return rest && !*rest;
}

/* [cNUMBER]pfNUMBER[hpf|vfNUMBER|sfNUMBER]; c: the controller, of a DPU's host. */
enum port_kind port_kind_of(const char *name)
{
	const char *pf = skip_optional(name, "c");
	const char *rest = skip_optional(pf, "pf");

	if (is_numbered(rest, "vf"))
		return PORT_VF;
	if (is_numbered(rest, "sf"))
		return PORT_SF;
	return rest != pf && (!*rest || !strcmp(rest, "hpf")) ? PORT_PF : PORT_OWN;
}

enum port_kind netdev_port_kind(const char *dir, const char *netdev)
{
	char port[32];

	if (sysroot_read(port, sizeof(port), "%s/net/%s/phys_port_name", dir, netdev) <= 0)
		return PORT_OWN;
	return port_kind_of(port);
}

static void add_netdev(struct device *device, const char *dir, const char *netdev)
{
	if (device->n_netdevs < DEVICE_NETDEVS_MAX && netdev_port_kind(dir, netdev) == PORT_OWN)
		text_copy(device->netdevs[device->n_netdevs++], sizeof(device->netdevs[0]), netdev);
}

static void add_rdma(struct device *device, const char *dir, const char *rdma)
{
	if (device->n_rdma < DEVICE_NETDEVS_MAX)
		text_copy(device->rdma[device->n_rdma++], sizeof(device->rdma[0]), rdma);
}

/* A vfio-dev has a device number only where the kernel makes cdevs. */
static void add_vfio_dev(struct device *device, const char *dir, const char *name)
{
	char number[32];

	device->vfio = true;
	if (sysroot_read(number, sizeof(number), "%s/vfio-dev/%s/dev", dir, name) > 0)
		text_copy(device->cdev, sizeof(device->cdev), name);
}

static void read_vfio(struct device *device, const char *dir)
{
	each_entry(device, dir, "vfio-dev", add_vfio_dev);
	/* Before Linux 6.1 there is no vfio-dev; its drivers are named so. */
	if (strstr(device->driver, "vfio"))
		device->vfio = true;
}

static bool parse_virtfn(const char *name, uint64_t *number)
{
	const char *digits = text_starts(name, "virtfn");

	return digits && !text_u64(digits, 10, number) && *number <= INT_MAX;
}

static void count_vf(struct device *device, const char *dir, const char *entry)
{
	uint64_t number;

	device->num_vfs += parse_virtfn(entry, &number);
}

static void read_relation(struct device *device, const char *dir)
{
	char pf[BDF_TEXT_SIZE];

	device->total_vfs = read_int(dir, "sriov_totalvfs");
	device->has_pf = !sysroot_link_name(pf, sizeof(pf), "%s/physfn", dir) &&
			 !bdf_parse(pf, &device->pf);
	if (device->total_vfs < 0)
		return;
	device->num_vfs = 0;
	each_entry(device, dir, "", count_vf);
}

void pci_function_read(struct device *device, const char *dir)
{
	sysroot_link_name(device->driver, sizeof(device->driver), "%s/driver", dir);
	read_group(device, dir);
	read_vfio(device, dir);
	read_relation(device, dir);
	sysroot_link_name(device->mdev_type, sizeof(device->mdev_type), "%s/mdev_type", dir);
	each_entry(device, dir, "net", add_netdev);
	each_entry(device, dir, "infiniband", add_rdma);
	device->numa_node = read_int(dir, "numa_node");
}

void pci_override_read(const char *name, char *override, size_t size)
{
	/* The kernel prints an override that is not set as "(null)". */
	if (sysroot_read(override, size, SYSFS_PCI "%s/driver_override", name) < 0 ||
	    !strcmp(override, "(null)"))
		*override = '\0';
}

static int read_override(size_t i, const void *arg, void *result)
{
	const struct device *devices = arg;

	pci_override_read(devices[i].name, result, sizeof(devices->driver_override));
	return 0;
}

static void take_override(struct device *device, const char *override, int num)
{
	text_copy(device->driver_override, sizeof(device->driver_override), override);
	if (num == -ETIMEDOUT)
		text_copy(device->warning, sizeof(device->warning),
			  "its driver_override could not be read: the kernel is still changing its driver or its number of VFs");
}

int pci_overrides_read(struct device *devices, size_t n, struct err *err)
{
	size_t size = sizeof(devices->driver_override);
	AUTO_FREE char *overrides = calloc(n + 1, size);
	AUTO_FREE int *nums = calloc(n + 1, sizeof(*nums));

	if (!overrides || !nums)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n);
	if (sysroot_is_host())
		bounded_each(n, read_override, devices, overrides, size, nums, LOCKED_LIMIT_MS);
	for (size_t i = 0; i < n; i++) {
		if (!sysroot_is_host())
			read_override(i, devices, overrides + i * size);
		take_override(&devices[i], overrides + i * size, nums[i]);
	}
	return 0;
}

void pci_function_each_vf(const char *pf, pci_function_vf_fn fn, void *data)
{
	AUTO_DIR DIR *dir = sysroot_opendir(SYSFS_PCI "%s", pf);
	char name[DEVICE_NAME_SIZE];
	struct dirent *entry;
	uint64_t number;

	while (dir && (entry = sysroot_readdir(dir)))
		if (parse_virtfn(entry->d_name, &number) &&
		    !pci_function_vf_name(name, sizeof(name), pf, (long)number))
			fn(data, (long)number, name);
}

int pci_function_vf_name(char *buf, size_t size, const char *pf, long number)
{
	return sysroot_link_name(buf, size, SYSFS_PCI "%s/virtfn%ld", pf, number);
}

/* What the kernel adds to an address: bus, device and function as one number. */
static int routing_id(const struct bdf *bdf)
{
	return bdf->bus << 8 | bdf->device << 3 | bdf->function;
}

int pci_function_vf_at(const struct device *pf, const struct bdf *bdf)
{
	int distance = routing_id(bdf) - routing_id(&pf->bdf);
	long offset, stride;

	if (pf->total_vfs <= 0 || pf->bdf.domain != bdf->domain ||
	    sysroot_read_long(&offset, SYSFS_PCI "%s/sriov_offset", pf->name) ||
	    sysroot_read_long(&stride, SYSFS_PCI "%s/sriov_stride", pf->name) ||
	    stride <= 0 || distance < offset || (distance - offset) % stride ||
	    (distance - offset) / stride >= pf->total_vfs)
		return -1;
	return (int)((distance - offset) / stride);
}
