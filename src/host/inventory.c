/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/inventory.h"

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

static void pci_give_up(char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

static void pci_give_up(char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(pci_words, sizeof(pci_words), fmt, ap);
	va_end(ap);
	longjmp(pci_failed, 1);
}

static void pci_say_nothing(char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

static void pci_say_nothing(char *fmt, ...)
{
	(void)fmt;
}

static bool has_mlx5_driver(const struct device *device)
{
	for (size_t i = 0; i < ARRAY_SIZE(mlx5_drivers); i++)
		if (!strcmp(device->driver, mlx5_drivers[i]))
			return true;
	return false;
}

static void fill_ids(struct device *device, struct pci_access *pacc,
		     struct pci_dev *dev)
{
	pci_fill_info(dev, PCI_FILL_IDENT | PCI_FILL_SUBSYS |
				   PCI_FILL_CLASS_EXT);
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

static int append(struct inventory *inventory, const struct device *device)
{
	struct device *more = reallocarray(inventory->devices,
					   inventory->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	inventory->devices = more;
	more[inventory->n++] = *device;
	return 0;
}

/* One function of the vendor's; whether it is mlx5's is found out later. */
static void collect(struct inventory *inventory, struct pci_access *pacc,
		    struct pci_dev *dev)
{
	struct bdf bdf = { (uint32_t)dev->domain, dev->bus, dev->dev,
			   dev->func };
	char name[BDF_TEXT_SIZE], dir[PATH_MAX];
	struct device device;

	pci_fill_info(dev, PCI_FILL_IDENT);
	if (dev->vendor_id != VENDOR_MELLANOX)
		return;
	function_init(&device, DEVICE_PF, bdf_format(&bdf, name));
	device.bdf = bdf;
	fill_ids(&device, pacc, dev);
	snprintf(dir, sizeof(dir), FUNCTION_PCI "%s", name);
	function_read(&device, dir);
	if (device.has_pf)
		device.kind = DEVICE_VF;
	if (append(inventory, &device))
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
		collect(inventory, pacc, dev);
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
	ret = root_path(path, "/sys/bus/pci");
	if (!ret) {
		pci_set_param(pacc, "sysfs.path", path);
		ret = scan_with(pacc, inventory);
	}
	pci_cleanup(pacc);
	return ret;
}

static struct device *find_by_bdf(const struct inventory *inventory,
				  const struct bdf *bdf)
{
	for (size_t i = 0; i < inventory->n; i++)
		if (!bdf_compare(&inventory->devices[i].bdf, bdf))
			return &inventory->devices[i];
	return NULL;
}

const struct device *inventory_pf(const struct inventory *inventory,
				  const struct device *device)
{
	return device->has_pf ? find_by_bdf(inventory, &device->pf) : NULL;
}

static bool in_id_table(const struct device *device, struct alias_table *table)
{
	char modalias[128];

	return root_read(modalias, sizeof(modalias), FUNCTION_PCI "%s/modalias",
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

		if (function_vf_name(name, sizeof(name), pf->name, i) ||
		    bdf_parse(name, &bdf))
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
	int order = bdf_compare(da->has_pf ? &da->pf : &da->bdf,
				db->has_pf ? &db->pf : &db->bdf);

	if (!order)
		order = da->has_pf - db->has_pf;
	if (!order)
		order = da->vf_number - db->vf_number;
	return order ? order : bdf_compare(&da->bdf, &db->bdf);
}

static int check_bus(struct err *err)
{
	char path[PATH_MAX];

	if (root_path(path, "/sys/bus/pci/devices"))
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
		return err_set(err, ERR_IO, 0, "reading the PCI bus: %s",
			       pci_words);
	if (keep_mlx5(inventory))
		return err_from_errno(err, ENOMEM, "reading the PCI bus");
	for (size_t i = 0; i < inventory->n; i++)
		number_vfs(inventory, &inventory->devices[i]);
	if (inventory->n)
		qsort(inventory->devices, inventory->n,
		      sizeof(*inventory->devices), by_place);
	return 0;
}

void inventory_free(struct inventory *inventory)
{
	free(inventory->devices);
	*inventory = (struct inventory){};
}
