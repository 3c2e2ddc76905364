/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/device.h"

#include <string.h>

#include "vfio/holders.h"

static int check_named_once(const struct device *devices, size_t last,
			    struct err *err)
{
	for (size_t i = 0; i < last; i++)
		if (!strcmp(devices[i].name, devices[last].name)) {
			err_set(err, ERR_USAGE, 0, "%s is named twice",
				devices[i].name);
			err_hint(err, "each device once, by whatever name");
			return err_device(err, devices[i].name);
		}
	return 0;
}

static int resolve_one(const struct inventory *inventory, const char *name,
		       struct device *out, struct err *err)
{
	struct device other = {};
	const struct device *found = inventory_find(inventory, name, &other,
						    err);

	if (!found)
		return err_device(err, name);
	*out = *found;
	return 0;
}

int devices_find(struct inventory *inventory, char **names, size_t n,
		 struct device *out, struct err *err)
{
	if (inventory_scan(inventory, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (resolve_one(inventory, names[i], &out[i], err) ||
		    check_named_once(out, i, err))
			return -1;
	return 0;
}

int devices_resolve(struct inventory *inventory, char **names, size_t n,
		    struct device *out, struct err *err)
{
	return devices_find(inventory, names, n, out, err) ?
		       -1 : holder_find_all(out, n, err);
}

int device_resolve(char *name, struct device *out, struct err *err)
{
	struct inventory inventory = {};
	int ret = devices_resolve(&inventory, &name, 1, out, err);

	inventory_free(&inventory);
	return ret;
}

int device_require_vf(const struct device *device, struct err *err)
{
	if (device->kind != DEVICE_PF)
		return 0;
	err_set(err, ERR_NOT_VF, 0, "%s is a physical function", device->name);
	return err_device(err, device->name);
}
