/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/modules.h"
#include "host/pci_function.h"
#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define VENDOR_MELLANOX 0x15b3
#define SCAN_TRIES 3

static const char *const mlx5_drivers[] = { "mlx5_core", "mlx5_vfio_pci" };

/* libpci's error hook must not return: it jumps back into scan_with(). */
static jmp_buf pci_failed;
static char pci_words[256];

static void pci_give_up(char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void pci_give_up(char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(pci_words, sizeof(pci_words), fmt, ap);
	va_end(ap);
	longjmp(pci_failed, 1);
}

static void pci_say_nothing(char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void pci_say_nothing(char *fmt, ...)
{
}

static bool has_mlx5_driver(const struct device *device)
{
	for (size_t i = 0; i < ARRAY_SIZE(mlx5_drivers); i++)
		if (!strcmp(device->driver, mlx5_drivers[i]))
			return true;
	return false;
}

static void fill_ids(struct device *device, struct pci_access *pacc, struct pci_dev *dev)
{
	pci_fill_info(dev, PCI_FILL_IDENT | PCI_FILL_SUBSYS | PCI_FILL_CLASS_EXT);
	device->vendor_id = dev->vendor_id;
	device->device_id = dev->device_id;
	device->subsystem_vendor_id = dev->subsys_vendor_id;
	device->subsystem_id = dev->subsys_id;
	device->revision = dev->rev_id;
	if (!pci_lookup_name(pacc, device->product, sizeof(device->product),
			     PCI_LOOKUP_DEVICE | PCI_LOOKUP_NO_NUMBERS,
			     dev->vendor_id, dev->device_id))
		*device->product = '\0';
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

/* One function of the vendor's; whether it is mlx5's is found out later. */
static void collect_function(struct inventory *inventory, struct pci_access *pacc,
			     struct pci_dev *dev)
{
	struct bdf bdf = { (uint32_t)dev->domain, dev->bus, dev->dev,
			   dev->func };
	char name[BDF_TEXT_SIZE], dir[PATH_MAX];
	struct device device;

	pci_fill_info(dev, PCI_FILL_IDENT);
	if (dev->vendor_id != VENDOR_MELLANOX)
		return;
	pci_function_init(&device, DEVICE_PF, bdf_format(&bdf, name));
	device.bdf = bdf;
	fill_ids(&device, pacc, dev);
	snprintf(dir, sizeof(dir), SYSFS_PCI "%s", name);
	pci_function_read(&device, dir);
	if (device.has_pf)
		device.kind = DEVICE_VF;
	if (append_device(inventory, &device))
		pci_give_up("out of memory");
}

/* 0, or -1 where libpci gave up, with its words in pci_words. */
static int scan_with(struct pci_access *pacc, struct inventory *inventory)
{
	if (setjmp(pci_failed))
		return -1;
	pci_init(pacc);
	pci_scan_bus(pacc);
	for (struct pci_dev *dev = pacc->devices; dev; dev = dev->next)
		collect_function(inventory, pacc, dev);
	return 0;
}

static int scan_once(struct inventory *inventory)
{
	struct pci_access *pacc = pci_alloc();
	char path[PATH_MAX];
	int ret;

	pacc->error = pci_give_up;
	pacc->warning = pci_say_nothing;
	pacc->debug = pci_say_nothing;
	pacc->method = PCI_ACCESS_SYS_BUS_PCI;
	ret = sysroot_path(path, "/sys/bus/pci");
	if (!ret) {
		pci_set_param(pacc, "sysfs.path", path);
		ret = scan_with(pacc, inventory);
	}
	pci_cleanup(pacc);
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

	return has_mlx5_driver(device) || (pf && has_mlx5_driver(pf)) ||
	       in_id_table(device, table) || (pf && in_id_table(pf, table));
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
	for (size_t i = 0; i < inventory->n; i++)
		if (keep[i])
			inventory->devices[kept++] = inventory->devices[i];
	inventory->n = kept;
	alias_free(&table);
	return 0;
}

/* The VFs of @pf are told their numbers by its links. */
static void number_vfs(struct inventory *inventory, const struct device *pf)
{
	for (long i = 0; i < pf->num_vfs; i++) {
		char name[DEVICE_NAME_SIZE];
		struct device *vf;
		struct bdf bdf;

		if (pci_function_vf_name(name, sizeof(name), pf->name, i) || bdf_parse(name, &bdf))
			continue;
		vf = find_by_bdf(inventory, &bdf);
		if (vf)
			vf->vf_number = (int)i;
	}
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

static int check_bus(struct err *err)
{
	char path[PATH_MAX];

	if (sysroot_path(path, "/sys/bus/pci/devices"))
		return err_set(err, ERR_USAGE, ENAMETOOLONG, "--sysroot");
	if (access(path, R_OK | X_OK))
		return err_from_errno(err, errno, "%s", path);
	return 0;
}

int inventory_scan(struct inventory *inventory, struct err *err)
{
	int ret = -1;

	*inventory = (struct inventory){};
	if (check_bus(err))
		return -1;
	/* A function that goes away under the scan makes libpci give up. */
	for (int i = 0; i < SCAN_TRIES && ret; i++) {
		inventory_free(inventory);
		ret = scan_once(inventory);
	}
	if (ret)
		return err_set(err, ERR_IO, 0, "reading the PCI bus: %s", pci_words);
	if (keep_mlx5(inventory))
		return err_from_errno(err, ENOMEM, "reading the PCI bus");
	for (size_t i = 0; i < inventory->n; i++)
		number_vfs(inventory, &inventory->devices[i]);
	if (inventory->n)
		qsort(inventory->devices, inventory->n, sizeof(*inventory->devices), by_place);
	return 0;
}

void inventory_free(struct inventory *inventory)
{
	free(inventory->devices);
	*inventory = (struct inventory){};
}

/* A DEVICE as the user names it. */

static bool path_exists(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return !sysroot_path(path, "%s%s", dir, name) && !access(path, F_OK);
}

static bool dir_has_entries(const char *dir)
{
	char path[PATH_MAX];
	struct dirent *entry;
	AUTO_DIR DIR *stream = NULL;

	if (sysroot_path(path, "%s", dir))
		return false;
	stream = opendir(path);
	while (stream && (entry = readdir(stream)))
		if (*entry->d_name != '.')
			return true;
	return false;
}

bool inventory_has_iommu(void)
{
	return dir_has_entries("/sys/class/iommu") || dir_has_entries("/sys/kernel/iommu_groups");
}

static const struct device *find_pci(const struct inventory *inventory, const char *name)
{
	struct bdf bdf;

	if (bdf_parse(name, &bdf))
		return NULL;
	for (size_t i = 0; i < inventory->n; i++)
		if (!bdf_compare(&inventory->devices[i].bdf, &bdf))
			return &inventory->devices[i];
	return NULL;
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

static const struct device *find_vf(const struct inventory *inventory, const struct device *pf,
				    uint64_t number, struct err *err)
{
	if (pf->kind != DEVICE_PF) {
		err_set(err, ERR_USAGE, 0, "%s is not a physical function", pf->name);
		err_hint(err, "name its PF before /vf");
		return NULL;
	}
	for (size_t i = 0; i < inventory->n; i++) {
		const struct device *vf = &inventory->devices[i];

		if (vf->has_pf && !bdf_compare(&vf->pf, &pf->bdf) &&
		    vf->vf_number == (long long)number)
			return vf;
	}
	err_set(err, ERR_NO_DEVICE, 0, "%s has no VF %llu: it has %d VFs",
		pf->name, (unsigned long long)number,
		pf->num_vfs > 0 ? pf->num_vfs : 0);
	if (pf->total_vfs > 0)
		err_hint(err, "up to %d can be made: echo NUMBER > " SYSFS_PCI "%s/sriov_numvfs",
			 pf->total_vfs, pf->name);
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
	snprintf(dir, sizeof(dir), SYSFS_PCI "%s", name);
	return read_other(other, name, dir, err);
}

/* A netdev that no function of mlx5 calls its own. */
static const struct device *find_by_class(const struct inventory *inventory, const char *class,
					  const char *name, struct device *other, struct err *err)
{
	char parent[DEVICE_NAME_SIZE];

	if (sysroot_link_name(parent, sizeof(parent), "/sys/class/%s/%s/device", class, name))
		return NULL;
	if (find_pci(inventory, parent)) {
		err_set(err, ERR_NO_DEVICE, 0, "%s is a port of the eswitch of %s, not a device",
			name, parent);
		err_hint(err, "name the VF itself: %s/vfN", parent);
		return NULL;
	}
	if (!path_exists(SYSFS_PCI, parent)) {
		err_set(err, ERR_NOT_MLX5, 0, "%s is not a device of mlx5", name);
		return NULL;
	}
	return find_other_pci(inventory, parent, other, err);
}

/* "/sys/…": a directory of the root's sysfs; what it links to is the device. */
static const struct device *find_path(const struct inventory *inventory, const char *name,
				      struct device *other, struct err *err)
{
	char path[PATH_MAX];
	AUTO_FREE char *real = NULL;
	const char *base;

	if (!sysroot_path(path, "%s", name))
		real = realpath(path, NULL);
	base = real ? strrchr(real, '/') + 1 : "";
	/* The root itself has no name, or with --sysroot none of its own. */
	if (!*base || !name[strspn(name, "/")]) {
		err_set(err, ERR_NO_DEVICE, 0, "there is no device %s", name);
		return NULL;
	}
	if (path_exists(SYSFS_PCI, base))
		return find_other_pci(inventory, base, other, err);
	return read_other(other, base, name, err);
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
	if (!text_is_name(name))
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

const struct device *inventory_resolve(const struct inventory *inventory, const char *name,
				       struct device *other, struct err *err)
{
	const struct device *found;
	char pf[PATH_MAX];
	uint64_t number;

	if (split_vf(name, pf, sizeof(pf), &number)) {
		found = inventory_resolve(inventory, pf, other, err);
		return found ? find_vf(inventory, found, number, err) : NULL;
	}
	found = find_function(inventory, name);
	if (!found)
		found = find_elsewhere(inventory, name, other, err);
	if (!found)
		err_set(err, ERR_NO_DEVICE, 0, "there is no device %s", name);
	return found;
}
