/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A DEVICE as the user names it: the second half of sys/inventory.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/inventory.h"
#include "host/pci_function.h"
#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

static bool path_exists(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return !root_path(path, "%s%s", dir, name) && !access(path, F_OK);
}

static bool dir_has_entries(const char *dir)
{
	char path[PATH_MAX];
	struct dirent *entry;
	AUTO_DIR DIR *stream = NULL;

	if (root_path(path, "%s", dir))
		return false;
	stream = opendir(path);
	while (stream && (entry = readdir(stream)))
		if (*entry->d_name != '.')
			return true;
	return false;
}

bool inventory_has_iommu(void)
{
	return dir_has_entries("/sys/class/iommu") ||
	       dir_has_entries("/sys/kernel/iommu_groups");
}

static const struct device *find_pci(const struct inventory *inventory,
				     const char *name)
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

static const struct device *find_function(const struct inventory *inventory,
					  const char *name)
{
	const struct device *found = find_pci(inventory, name);

	for (size_t i = 0; !found && i < inventory->n; i++)
		if (has_interface(&inventory->devices[i], name))
			found = &inventory->devices[i];
	return found;
}

static const struct device *find_vf(const struct inventory *inventory,
				    const struct device *pf, uint64_t number,
				    struct err *err)
{
	if (pf->kind != DEVICE_PF) {
		err_set(err, ERR_USAGE, 0, "%s is not a physical function",
			pf->name);
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
		err_hint(err,
			 "up to %d can be made: echo NUMBER > " FUNCTION_PCI
			 "%s/sriov_numvfs",
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

	function_init(other, DEVICE_OTHER, name);
	bdf_parse(name, &other->bdf);
	function_read(other, dir);
	if (!root_read_long(&vendor, "%s/vendor", dir) &&
	    !root_read_long(&id, "%s/device", dir)) {
		other->vendor_id = (uint16_t)vendor;
		other->device_id = (uint16_t)id;
	}
	if (other->vfio)
		return other;
	err_set(err, ERR_NOT_MLX5, 0,
		"%s is neither a device of mlx5 nor bound to a driver of VFIO",
		name);
	return NULL;
}

static const struct device *find_other_pci(const struct inventory *inventory,
					   const char *name,
					   struct device *other,
					   struct err *err)
{
	const struct device *found = find_pci(inventory, name);
	char dir[PATH_MAX];

	if (found)
		return found;
	snprintf(dir, sizeof(dir), FUNCTION_PCI "%s", name);
	return read_other(other, name, dir, err);
}

/* A netdev that no function of mlx5 calls its own. */
static const struct device *find_by_class(const struct inventory *inventory,
					  const char *class, const char *name,
					  struct device *other,
					  struct err *err)
{
	char parent[DEVICE_NAME_SIZE];

	if (root_link_name(parent, sizeof(parent), "/sys/class/%s/%s/device",
			   class, name))
		return NULL;
	if (find_pci(inventory, parent)) {
		err_set(err, ERR_NO_DEVICE, 0,
			"%s is a port of the eswitch of %s, not a device",
			name, parent);
		err_hint(err, "name the VF itself: %s/vfN", parent);
		return NULL;
	}
	if (!path_exists(FUNCTION_PCI, parent)) {
		err_set(err, ERR_NOT_MLX5, 0, "%s is not a device of mlx5",
			name);
		return NULL;
	}
	return find_other_pci(inventory, parent, other, err);
}

/* "/sys/…": a directory of the root's sysfs; what it links to is the device. */
static const struct device *find_path(const struct inventory *inventory,
				      const char *name, struct device *other,
				      struct err *err)
{
	char path[PATH_MAX];
	AUTO_FREE char *real = NULL;
	const char *base;

	if (!root_path(path, "%s", name))
		real = realpath(path, NULL);
	base = real ? strrchr(real, '/') + 1 : "";
	/* The root itself has no name, or with --sysroot none of its own. */
	if (!*base || !name[strspn(name, "/")]) {
		err_set(err, ERR_NO_DEVICE, 0, "there is no device %s", name);
		return NULL;
	}
	if (path_exists(FUNCTION_PCI, base))
		return find_other_pci(inventory, base, other, err);
	return read_other(other, base, name, err);
}

static const struct device *find_elsewhere(const struct inventory *inventory,
					   const char *name,
					   struct device *other,
					   struct err *err)
{
	static const char *const classes[] = { "net", "infiniband" };
	const struct device *found;
	char bdf_text[BDF_TEXT_SIZE], dir[PATH_MAX];
	struct bdf bdf;

	if (*name == '/')
		return find_path(inventory, name, other, err);
	if (!bdf_parse(name, &bdf) &&
	    path_exists(FUNCTION_PCI, bdf_format(&bdf, bdf_text)))
		return find_other_pci(inventory, bdf_text, other, err);
	if (!text_is_name(name))
		return NULL;
	if (path_exists(FUNCTION_MDEV, name)) {
		snprintf(dir, sizeof(dir), FUNCTION_MDEV "%s", name);
		return read_other(other, name, dir, err);
	}
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		found = find_by_class(inventory, classes[i], name, other, err);
		if (found || err_is_set(err))
			return found;
	}
	return NULL;
}

const struct device *inventory_find(const struct inventory *inventory,
				    const char *name, struct device *other,
				    struct err *err)
{
	const struct device *found;
	char pf[PATH_MAX];
	uint64_t number;

	if (split_vf(name, pf, sizeof(pf), &number)) {
		found = inventory_find(inventory, pf, other, err);
		return found ? find_vf(inventory, found, number, err) : NULL;
	}
	found = find_function(inventory, name);
	if (!found)
		found = find_elsewhere(inventory, name, other, err);
	if (!found)
		err_set(err, ERR_NO_DEVICE, 0, "there is no device %s", name);
	return found;
}
