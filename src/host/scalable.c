/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/scalable.h"

#include <stddef.h>
#include <string.h>

#include "host/pci_function.h"
#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define SF_PREFIX "mlx5_core.sf."

static bool has_interface(const char *pf, const char *sf, const char *name)
{
	static const char *const classes[] = { "net", "infiniband" };

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (sysroot_exists(SYSFS_PCI "%s/%s/%s/%s", pf, sf, classes[i], name))
			return true;
	return false;
}

static void read_function(const char *pf, const char *name, struct scalable_function *sf)
{
	text_copy(sf->name, sizeof(sf->name), name);
	if (sysroot_read(sf->number, sizeof(sf->number), SYSFS_PCI "%s/%s/sfnum", pf, name) <= 0)
		text_copy(sf->number, sizeof(sf->number), "unknown");
}

bool scalable_find(const char *pf, const char *name, struct scalable_function *sf)
{
	struct dirent *entry;
	AUTO_DIR DIR *dir = NULL;

	if (!text_is_name(name))
		return false;
	dir = sysroot_opendir(SYSFS_PCI "%s", pf);
	while (dir && (entry = sysroot_readdir(dir))) {
		if (!text_starts(entry->d_name, SF_PREFIX) ||
		    (strcmp(entry->d_name, name) && !has_interface(pf, entry->d_name, name)))
			continue;
		read_function(pf, entry->d_name, sf);
		return true;
	}
	return false;
}
