/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/guest.h"
#include "host/modules.h"
#include "host/netlink.h"
#include "host/pci_function.h"
#include "host/pci_names.h"
#include "host/scalable.h"
#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define VENDOR_MELLANOX 0x15b3

/* Of VFs from the Connect-IB on; no PF has one of them. */
static const uint16_t vf_ids[] = {
	0x1012, 0x1014, 0x1016, 0x1018, 0x101a, 0x101c, 0x101e, 0xa2d3
};

static const char *const mlx5_drivers[] = { "mlx5_core", "mlx5_vfio_pci" };

static bool has_mlx5_driver(const struct device *device)
{
	for (size_t i = 0; i < ARRAY_SIZE(mlx5_drivers); i++)
		if (!strcmp(device->driver, mlx5_drivers[i]))
			return true;
	return false;
}

static int append_device(struct inventory *inventory, const struct device *device)
{
	struct device *more = reallocarray(inventory->devices, inventory->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	inventory->devices = more;
	more[inventory->n++] = *device;
	return 0;
}

static bool path_exists(const char *dir, const char *name)
{
	return sysroot_exists("%s%s", dir, name);
}

/* For the errno of an attribute, or, with @ret 0, the reason in its place. 0, or -errno where there is no memory. */
static int skip_function(struct inventory *inventory, const char *name, const char *attribute,
			 int ret)
{
	struct skipped_function *more = reallocarray(inventory->skipped, inventory->n_skipped + 1,
						     sizeof(*more));
	struct skipped_function *skipped;

	if (!more)
		return -ENOMEM;
	inventory->skipped = more;
	skipped = &more[inventory->n_skipped++];
	text_copy(skipped->name, sizeof(skipped->name), name);
	if (!attribute)
		text_copy(skipped->reason, sizeof(skipped->reason), "its name is no PCI address");
	else if (!ret)
		text_copy(skipped->reason, sizeof(skipped->reason), attribute);
	else if (!path_exists(SYSFS_PCI, name))
		text_copy(skipped->reason, sizeof(skipped->reason),
			  "it was removed while it was read");
	else
		snprintf(skipped->reason, sizeof(skipped->reason), "%s: %s", attribute,
			 strerror(-ret));
	return 0;
}

static int read_id(const char *name, const char *attribute, uint16_t *id)
{
	long value;
	int ret = sysroot_read_long(&value, SYSFS_PCI "%s/%s", name, attribute);

	*id = ret ? 0 : (uint16_t)value;
	return ret;
}

/* What a function can do without: they stay 0. */
static void read_more_ids(struct device *device)
{
	uint16_t revision;

	read_id(device->name, "subsystem_vendor", &device->subsystem_vendor_id);
	read_id(device->name, "subsystem_device", &device->subsystem_id);
	read_id(device->name, "revision", &revision);
	device->revision = (uint8_t)revision;
}

static bool has_vf_id(const struct device *device)
{
	for (size_t i = 0; i < ARRAY_SIZE(vf_ids); i++)
		if (device->device_id == vf_ids[i])
			return true;
	return false;
}

/* A VF that was given to this host alone, such as a guest, has no physfn. */
static enum device_kind kind_of(const struct device *device)
{
	return device->has_pf || (device->total_vfs < 0 && has_vf_id(device)) ? DEVICE_VF :
										 DEVICE_PF;
}

/* Of a captured host, one device could have any number of names. */
static bool is_alias(const char *name)
{
	AUTO_FREE char *real = sysroot_is_host() ? NULL : sysroot_real_path(SYSFS_PCI "%s", name);

	return real && strcmp(strrchr(real, '/') + 1, name);
}

/* One function; whether it is an mlx5 device is found out later. 0, or -errno where there is no memory. */
static int collect_function(struct inventory *inventory, struct pci_access *names,
			    const char *name)
{
	char canonical[BDF_TEXT_SIZE], dir[PATH_MAX];
	struct device device;
	uint16_t vendor;
	struct bdf bdf;
	int ret;

	if (bdf_parse(name, &bdf))
		return skip_function(inventory, name, NULL, 0);
	ret = read_id(name, "vendor", &vendor);
	if (ret)
		return skip_function(inventory, name, "vendor", ret);
	if (vendor != VENDOR_MELLANOX)
		return 0;
	if (is_alias(name))
		return skip_function(inventory, name, "its name is a link to another function", 0);
	pci_function_init(&device, DEVICE_PF, bdf_format(&bdf, canonical));
	device.bdf = bdf;
	device.vendor_id = vendor;
	ret = read_id(name, "device", &device.device_id);
	if (ret)
		return skip_function(inventory, name, "device", ret);
	read_more_ids(&device);
	pci_names_product(names, vendor, device.device_id, device.product, sizeof(device.product));
	snprintf(dir, sizeof(dir), SYSFS_PCI "%s", name);
	pci_function_read(&device, dir);
	device.kind = kind_of(&device);
	return append_device(inventory, &device);
}

static int collect_all(struct inventory *inventory)
{
	CLEANUP(pci_names_close) struct pci_access *names = pci_names_open();
	CLEANUP(sysroot_entries_free) struct sysroot_entries entries = sysroot_list(SYSFS_PCI);
	int ret = -entries.num;

	for (size_t i = 0; i < entries.n && !ret; i++)
		ret = collect_function(inventory, names, entries.list[i]->d_name);
	return ret;
}

static struct device *find_by_bdf(const struct inventory *inventory, const struct bdf *bdf)
{
	for (size_t i = 0; i < inventory->n; i++)
		if (!bdf_compare(&inventory->devices[i].bdf, bdf))
			return &inventory->devices[i];
	return NULL;
}

const struct device *inventory_pf(const struct inventory *inventory, const struct device *device)
{
	return device->has_pf ? find_by_bdf(inventory, &device->pf) : NULL;
}

static bool in_id_table(const struct device *device, struct alias_table *table)
{
	char modalias[128];

	return sysroot_read(modalias, sizeof(modalias), SYSFS_PCI "%s/modalias",
			    device->name) > 0 &&
	       alias_matches(table, modalias);
}

static bool is_mlx5(const struct inventory *inventory,
		    const struct device *device, struct alias_table *table)
{
	const struct device *pf = inventory_pf(inventory, device);

	return has_vf_id(device) || has_mlx5_driver(device) || (pf && has_mlx5_driver(pf)) ||
	       in_id_table(device, table) || (pf && in_id_table(pf, table));
}

/* A VF says what its PF is, whatever driver that has and whether or not there are id tables. */
static void keep_pfs(const struct inventory *inventory, bool *keep)
{
	for (size_t i = 0; i < inventory->n; i++) {
		const struct device *pf = keep[i] ? inventory_pf(inventory, &inventory->devices[i]) :
						    NULL;

		if (pf)
			keep[pf - inventory->devices] = true;
	}
}

/* Marks first and removes after: a VF is judged by its PF. */
static int keep_mlx5(struct inventory *inventory)
{
	AUTO_FREE bool *keep = calloc(inventory->n + 1, sizeof(*keep));
	struct alias_table table = {};
	size_t kept = 0;

	if (!keep)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->n; i++)
		keep[i] = is_mlx5(inventory, &inventory->devices[i], &table);
	keep_pfs(inventory, keep);
	for (size_t i = 0; i < inventory->n; i++)
		if (keep[i])
			inventory->devices[kept++] = inventory->devices[i];
	inventory->n = kept;
	alias_free(&table);
	return 0;
}

/* While the kernel adds or removes a VF no physfn leads to its PF: the address does. */
static void find_pf_by_address(const struct inventory *inventory, struct device *vf)
{
	for (size_t i = 0; i < inventory->n && !vf->has_pf; i++) {
		const struct device *pf = &inventory->devices[i];

		vf->vf_number = pci_function_vf_at(pf, &vf->bdf);
		if (vf->vf_number < 0)
			continue;
		vf->has_pf = true;
		vf->pf = pf->bdf;
	}
}

static void number_vf(void *data, long number, const char *name)
{
	const struct inventory *inventory = data;
	struct device *vf;
	struct bdf bdf;

	if (bdf_parse(name, &bdf) || !sysroot_spend(inventory->n / 8))
		return;
	vf = find_by_bdf(inventory, &bdf);
	if (vf)
		vf->vf_number = (int)number;
}

/* A PF, then its VFs. */
static int by_place(const void *a, const void *b)
{
	const struct device *da = a, *db = b;
	int order = bdf_compare(da->has_pf ? &da->pf : &da->bdf, db->has_pf ? &db->pf : &db->bdf);

	if (!order)
		order = da->has_pf - db->has_pf;
	if (!order)
		order = da->vf_number - db->vf_number;
	return order ? order : bdf_compare(&da->bdf, &db->bdf);
}

/* 0 or an errno. A name in a directory is found by whoever may search it. */
static int try_bus(void)
{
	AUTO_CLOSE int fd = sysroot_open(O_RDONLY | O_DIRECTORY, SYSFS_PCI);

	if (fd < 0)
		return -fd;
	return faccessat(fd, ".", R_OK, 0) ? errno : 0;
}

static int check_bus(struct err *err)
{
	char path[PATH_MAX];
	int num = try_bus();

	if (!num)
		return 0;
	if (sysroot_path(path, "/sys/bus/pci/devices"))
		return err_set(err, ERR_USAGE, ENAMETOOLONG, "--sysroot");
	err_from_errno(err, num, "%s", path);
	if (err->code == ERR_NO_FILE)
		err_hint(err, sysroot_is_host() ?
				 "mount sysfs: mount -t sysfs sysfs /sys" :
				 "name a directory in which a host's sys and proc were captured");
	return -1;
}

int inventory_scan(struct inventory *inventory, struct err *err)
{
	int ret;

	*inventory = (struct inventory){};
	if (check_bus(err))
		return -1;
	ret = collect_all(inventory);
	if (ret)
		return err_from_errno(err, -ret, "reading the PCI bus");
	if (keep_mlx5(inventory))
		return err_from_errno(err, ENOMEM, "reading the PCI bus");
	for (size_t i = 0; i < inventory->n; i++)
		if (device_pf_is_elsewhere(&inventory->devices[i]))
			find_pf_by_address(inventory, &inventory->devices[i]);
	for (size_t i = 0; i < inventory->n; i++)
		if (inventory->devices[i].num_vfs > 0)
			pci_function_each_vf(inventory->devices[i].name, number_vf, inventory);
	if (inventory->n)
		qsort(inventory->devices, inventory->n, sizeof(*inventory->devices), by_place);
	return 0;
}

void inventory_free(struct inventory *inventory)
{
	free(inventory->devices);
	free(inventory->skipped);
	*inventory = (struct inventory){};
}

/* A DEVICE as the user names it. */

static bool dir_has_entries(const char *dir)
{
	AUTO_DIR DIR *stream = sysroot_opendir("%s", dir);

	return stream && sysroot_readdir(stream);
}

static bool has_iommu_groups(void)
{
	AUTO_DIR DIR *stream = sysroot_opendir("/sys/kernel/iommu_groups");
	struct dirent *entry;
	uint64_t number;

	while (stream && (entry = sysroot_readdir(stream)))
		if (!text_u64(entry->d_name, 10, &number) && !iommu_group_is_vfios((int)number))
			return true;
	return false;
}

bool inventory_has_iommu(void)
{
	return dir_has_entries("/sys/class/iommu") || has_iommu_groups();
}

static int refuse_no_iommu(const struct device *device, struct err *err)
{
	err_set(err, ERR_NO_IOMMU, 0,
		"%s is in the no-IOMMU group %d (/dev/vfio/noiommu-%d): nothing confines what it writes to memory",
		device->name, device->iommu_group, device->iommu_group);
	return err_hint(err, "switch the IOMMU on (in the firmware set-up; intel_iommu=on for an Intel processor), leave out vfio.enable_unsafe_noiommu_mode, and bind the device again");
}

int inventory_require_iommu(const struct device *device, struct err *err)
{
	if (device->no_iommu)
		return refuse_no_iommu(device, err);
	if (device->iommu_group >= 0)
		return 0;
	err_set(err, ERR_NO_IOMMU, 0, "%s is in no IOMMU group, and VFIO needs one", device->name);
	if (inventory_has_iommu())
		err_hint(err,
			 "the host has an IOMMU, which leaves this device out: look for DMAR or AMD-Vi in the kernel log (dmesg)");
	return -1;
}

static const struct device *find_pci(const struct inventory *inventory, const char *name)
{
	struct bdf bdf;

	return bdf_parse(name, &bdf) ? NULL : find_by_bdf(inventory, &bdf);
}

static bool has_interface(const struct device *device, const char *name)
{
	for (size_t i = 0; i < device->n_netdevs; i++)
		if (!strcmp(device->netdevs[i], name))
			return true;
	for (size_t i = 0; i < device->n_rdma; i++)
		if (!strcmp(device->rdma[i], name))
			return true;
	return false;
}

static const struct device *find_function(const struct inventory *inventory, const char *name)
{
	const struct device *found = find_pci(inventory, name);

	for (size_t i = 0; !found && i < inventory->n; i++)
		if (has_interface(&inventory->devices[i], name))
			found = &inventory->devices[i];
	return found;
}

static const struct skipped_function *find_skipped(const struct inventory *inventory,
						   const char *name)
{
	for (size_t i = 0; i < inventory->n_skipped; i++)
		if (!strcmp(inventory->skipped[i].name, name))
			return &inventory->skipped[i];
	return NULL;
}

/* A function that was removed meanwhile is one that is not there. */
static int require_read(const struct inventory *inventory, const char *name, struct err *err)
{
	const struct skipped_function *skipped = find_skipped(inventory, name);

	if (!skipped || !path_exists(SYSFS_PCI, name))
		return 0;
	return err_set(err, ERR_IO, 0, "the PCI function %s cannot be read: %s", name,
		       skipped->reason);
}

static void hint_more_vfs(const struct device *pf, uint64_t number, struct err *err)
{
	if (pf->total_vfs <= 0)
		guest_hint_sriov(pf, err);
	else if (number >= (uint64_t)pf->total_vfs)
		err_hint(err, "name one from vf0 to vf%d: this PF can have %d VFs at most",
			 pf->total_vfs - 1, pf->total_vfs);
	else if (pf->num_vfs > 0)
		err_hint(err,
			 "name one from vf0 to vf%d: the kernel makes more, up to %d, only after all VFs of this PF have been removed, which ends every use of them",
			 pf->num_vfs - 1, pf->total_vfs);
	else
		err_hint(err, "up to %d can be made: echo NUMBER > " SYSFS_PCI "%s/sriov_numvfs",
			 pf->total_vfs, pf->name);
}

/* Its link is there, but no device where it leads to. */
static void explain_lost_vf(const struct inventory *inventory, const struct device *pf,
			    uint64_t number, const char *vf, struct err *err)
{
	if (require_read(inventory, vf, err))
		return;
	err_set(err, ERR_NO_DEVICE, 0, "virtfn%llu of %s leads to %s, which is not on the PCI bus",
		(unsigned long long)number, pf->name, vf);
	err_hint(err,
		 "try again when no VFs of this PF are being made or removed; if the link stays, only removing all of them, which ends every use of them, and making them anew helps (" SYSFS_PCI "%s/sriov_numvfs)",
		 pf->name);
}

static void explain_no_vf(const struct inventory *inventory, const struct device *pf,
			  uint64_t number, struct err *err)
{
	char vf[DEVICE_NAME_SIZE];

	if (number <= INT_MAX &&
	    !pci_function_vf_name(vf, sizeof(vf), pf->name, (long)number)) {
		explain_lost_vf(inventory, pf, number, vf, err);
		return;
	}
	err_set(err, ERR_NO_DEVICE, 0, "%s has no VF %llu: it has %d VFs",
		pf->name, (unsigned long long)number,
		pf->num_vfs > 0 ? pf->num_vfs : 0);
	hint_more_vfs(pf, number, err);
}

static const struct device *find_vf(const struct inventory *inventory, const struct device *pf,
				    uint64_t number, struct err *err)
{
	if (pf->kind != DEVICE_PF) {
		err_set(err, ERR_USAGE, 0, "%s is not a physical function", pf->name);
		err_hint(err, device_pf_is_elsewhere(pf) ? "name the VF itself: its PF is not on this host" :
							   "name its PF before /vf");
		return NULL;
	}
	for (size_t i = 0; i < inventory->n; i++) {
		const struct device *vf = &inventory->devices[i];

		if (vf->has_pf && !bdf_compare(&vf->pf, &pf->bdf) &&
		    vf->vf_number == (long long)number)
			return vf;
	}
	explain_no_vf(inventory, pf, number, err);
	return NULL;
}

/* Is @name "PF/vfN"? Then its two halves. */
static bool split_vf(const char *name, char *pf, size_t size, uint64_t *number)
{
	const char *slash = strrchr(name, '/');
	const char *digits = slash ? text_starts(slash, "/vf") : NULL;

	return digits && *name != '/' && !text_u64(digits, 10, number) &&
	       !text_format(pf, size, "%.*s", (int)(slash - name), name);
}

/* A device of VFIO that is not mlx5's, by its directory below the root. */
static const struct device *read_other(struct device *other, const char *name,
				       const char *dir, struct err *err)
{
	long vendor = 0, id = 0;

	pci_function_init(other, DEVICE_OTHER, name);
	bdf_parse(name, &other->bdf);
	pci_function_read(other, dir);
	if (!sysroot_read_long(&vendor, "%s/vendor", dir) &&
	    !sysroot_read_long(&id, "%s/device", dir)) {
		other->vendor_id = (uint16_t)vendor;
		other->device_id = (uint16_t)id;
	}
	if (other->vfio)
		return other;
	err_set(err, ERR_NOT_MLX5, 0,
		"%s is neither a device of mlx5 nor bound to a driver of VFIO", name);
	return NULL;
}

static const struct device *find_other_pci(const struct inventory *inventory, const char *name,
					   struct device *other, struct err *err)
{
	const struct device *found = find_pci(inventory, name);
	char dir[PATH_MAX];

	if (found)
		return found;
	if (require_read(inventory, name, err))
		return NULL;
	snprintf(dir, sizeof(dir), SYSFS_PCI "%s", name);
	return read_other(other, name, dir, err);
}

static void explain_port(const char *name, const struct device *pf, struct err *err)
{
	const char *parent = pf->name;
	char dir[PATH_MAX];
	enum port_kind kind;

	snprintf(dir, sizeof(dir), SYSFS_PCI "%s", parent);
	kind = netdev_port_kind(dir, name);
	err_set(err, ERR_NO_DEVICE, 0, "%s is a port of the eswitch of %s, not a device",
		name, parent);
	if (kind == PORT_SF)
		err_hint(err, "name a VF: VFIO does not migrate scalable functions");
	else if (kind == PORT_PF)
		err_hint(err, "run mlxmigctl on the host of that PF: the port here only represents it");
	else if (pf->num_vfs > 0)
		err_hint(err, "name the VF itself: %s/vfN", parent);
	else
		err_hint(err, "run mlxmigctl on the host of that VF: the port here only represents it");
}

/* A netdev or RDMA device that is not one of a function's own. */
static const struct device *find_by_class(const struct inventory *inventory, const char *class,
					  const char *name, struct device *other, struct err *err)
{
	char parent[DEVICE_NAME_SIZE];
	const struct device *function;

	if (sysroot_link_name(parent, sizeof(parent), "/sys/class/%s/%s/device", class, name))
		return NULL;
	function = find_pci(inventory, parent);
	if (function) {
		explain_port(name, function, err);
		return NULL;
	}
	if (!path_exists(SYSFS_PCI, parent)) {
		err_set(err, ERR_NOT_MLX5, 0, "%s is not a device of mlx5", name);
		return NULL;
	}
	return find_other_pci(inventory, parent, other, err);
}

/* 0, or -1 where @name is a scalable function, or a netdev or RDMA device of one. */
static int refuse_scalable(const struct inventory *inventory, const char *name, struct err *err)
{
	struct scalable_function sf = {};
	const struct device *pf = NULL;

	for (size_t i = 0; i < inventory->n && !pf; i++)
		if (inventory->devices[i].kind == DEVICE_PF &&
		    scalable_find(inventory->devices[i].name, name, &sf))
			pf = &inventory->devices[i];
	if (!pf)
		return 0;
	if (!strcmp(name, sf.name))
		err_set(err, ERR_NOT_VF, 0,
			"%s is a scalable function (sfnum %s) of %s, and VFIO does not migrate these",
			name, sf.number, pf->name);
	else
		err_set(err, ERR_NOT_VF, 0,
			"%s belongs to the scalable function %s (sfnum %s) of %s, and VFIO does not migrate these",
			name, sf.name, sf.number, pf->name);
	return err_hint(err, "name a VF: mlxmigctl status -t lists them");
}

/* Only what the kernel calls a device is one. */
static bool is_below_sysfs(const char *real)
{
	AUTO_FREE char *sysfs = sysroot_real_path("/sys");
	const char *rest = sysfs ? text_starts(real, sysfs) : NULL;

	return rest && *rest == '/';
}

/* "/sys/…": a directory of the root's sysfs; what it links to is the device. */
static const struct device *find_path(const struct inventory *inventory, const char *name,
				      struct device *other, struct err *err)
{
	AUTO_FREE char *real = sysroot_real_path("%s", name);
	const char *base;

	base = real ? strrchr(real, '/') + 1 : "";
	/* The root itself has no name, or with --sysroot none of its own. */
	if (!*base || !name[strspn(name, "/")]) {
		err_set(err, ERR_NO_DEVICE, 0, "there is no device %s", name);
		return NULL;
	}
	if (!is_below_sysfs(real)) {
		err_set(err, ERR_NO_DEVICE, 0, "%s is not below /sys, and so no device", name);
		return NULL;
	}
	if (path_exists(SYSFS_PCI, base))
		return find_other_pci(inventory, base, other, err);
	return refuse_scalable(inventory, base, err) ? NULL : read_other(other, base, name, err);
}

static const struct device *find_elsewhere(const struct inventory *inventory, const char *name,
					   struct device *other, struct err *err)
{
	static const char *const classes[] = { "net", "infiniband" };
	const struct device *found;
	char bdf_text[BDF_TEXT_SIZE], dir[PATH_MAX];
	struct bdf bdf;

	if (*name == '/')
		return find_path(inventory, name, other, err);
	if (!bdf_parse(name, &bdf) && path_exists(SYSFS_PCI, bdf_format(&bdf, bdf_text)))
		return find_other_pci(inventory, bdf_text, other, err);
	if (!text_is_name(name) || refuse_scalable(inventory, name, err))
		return NULL;
	if (path_exists(SYSFS_MDEV, name)) {
		snprintf(dir, sizeof(dir), SYSFS_MDEV "%s", name);
		return read_other(other, name, dir, err);
	}
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		found = find_by_class(inventory, classes[i], name, other, err);
		if (found || err_is_set(err))
			return found;
	}
	return NULL;
}

static const struct device *find_named(const struct inventory *inventory, const char *name,
				       struct device *other, struct err *err)
{
	const struct device *found = find_function(inventory, name);

	return found ? found : find_elsewhere(inventory, name, other, err);
}

const struct device *inventory_resolve(const struct inventory *inventory, const char *name,
				       struct device *other, struct err *err)
{
	const struct device *found;
	char pf[PATH_MAX], netdev[IFNAMSIZ];
	uint64_t number;

	if (split_vf(name, pf, sizeof(pf), &number)) {
		found = inventory_resolve(inventory, pf, other, err);
		return found ? find_vf(inventory, found, number, err) : NULL;
	}
	found = find_named(inventory, name, other, err);
	if (!found && !err_is_set(err) && sysroot_is_host() &&
	    !netlink_altname(name, netdev))
		found = find_named(inventory, netdev, other, err);
	if (!found)
		err_set(err, ERR_NO_DEVICE, 0, "there is no device %s", name);
	return found;
}
