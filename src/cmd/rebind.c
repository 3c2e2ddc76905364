/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/rebind.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/device.h"
#include "host/iommu_group.h"
#include "host/modules.h"
#include "host/pci_function.h"
#include "host/users.h"
#include "json/document.h"
#include "json/read.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "vfio/holders.h"

static json_t *binding_of(const struct binding *binding)
{
	json_t *object = json_object();

	json_object_set_new(object, "device", document_string(binding->device));
	json_object_set_new(object, "driver_before", document_text(binding->driver_before));
	json_object_set_new(object, "driver_override_before", document_text(binding->override_before));
	json_object_set_new(object, "driver", document_text(binding->driver));
	json_object_set_new(object, "driver_override", document_text(binding->override));
	json_object_set_new(object, "changed", json_boolean(binding->changed));
	json_object_set_new(object, "rolled_back", json_boolean(binding->rolled_back));
	json_object_set_new(object, "trouble", document_text(binding->trouble));
	json_object_set_new(object, "duration_ns", json_integer((json_int_t)binding->duration_ns));
	return object;
}

static json_t *bindings_document(const char *command, const struct binding *bindings, size_t n,
				 json_t *warnings)
{
	json_t *document = document_new(command);
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, binding_of(&bindings[i]));
	json_object_set_new(document, "devices", array);
	json_object_set_new(document, "warnings", json_incref(warnings));
	return document;
}

int rebind_check_driver(const char *name, struct err *err)
{
	struct binding *binding;

	if (text_is_name(name) && strlen(name) < sizeof(binding->driver))
		return 0;
	return err_set(err, ERR_USAGE, 0, "\"%s\" is no name of a driver", name);
}

static int require_mlx5_vf(const struct device *device, struct err *err)
{
	if (device_require_vf(device, err))
		return -1;
	if (device->kind == DEVICE_VF)
		return 0;
	return err_set(err, ERR_NOT_MLX5, 0, "%s is not a device of mlx5", device->name);
}

/* The variant driver works through the PF; any other may have a VF without it. */
static int require_own_pf(const struct device *device, const struct driver_wish *wish,
			  struct err *err)
{
	return strcmp(wish->driver, DRIVER_VARIANT) ? 0 : device_require_pf(device, err);
}

static int check_device(const struct device *device, const struct driver_wish *wish,
			struct err *err)
{
	if (require_mlx5_vf(device, err) || require_own_pf(device, wish, err) ||
	    (wish->pin && inventory_require_iommu(device, err)))
		return -1;
	/* It stays where it is, so what it is doing there does not matter. */
	if (!strcmp(device->driver, wish->driver))
		return 0;
	return driver_require_closed(device, err);
}

/* What the devices do without VFIO. */
static int require_unused(const struct device *devices, size_t n, const struct driver_wish *wish,
			  bool force, struct err *err)
{
	CLEANUP(users_free) struct users users = {};

	if (users_find(devices, n, &users, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(devices[i].driver, wish->driver))
			continue;
		if (users_require_none(&users, i, devices[i].name, force, err) ||
		    (users.cut && users_may_hide(&devices[i], force) && holder_unseen(true, err)))
			return err_device(err, devices[i].name);
	}
	return 0;
}

/* A process that cannot be looked into may have files of vDPA and RDMA open; of a VFIO device the kernel knows. */
static int require_seen(const struct device *device, const struct driver_wish *wish, bool force,
			struct err *err)
{
	if (!device->processes_hidden || device->vfio || !strcmp(device->driver, wish->driver) ||
	    !users_may_hide(device, force))
		return 0;
	return holder_unseen(device->search_cut, err);
}

static bool is_named(const struct device *devices, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(devices[i].name, name))
			return true;
	return false;
}

/* Warn of each member of @device's group that stays with a driver of the host. */
static void warn_of_group(const struct request *request, const struct device *devices, size_t n,
			  const struct device *device, json_t *warnings)
{
	CLEANUP(iommu_group_free) struct iommu_group group = {};
	char text[512];

	if (device->iommu_group < 0 || iommu_group_read(device->iommu_group, &group))
		return;
	for (size_t i = 0; i < group.n; i++) {
		const struct iommu_member *member = &group.members[i];

		if (member->use != MEMBER_HOST || is_named(devices, n, member->name))
			continue;
		snprintf(text, sizeof(text),
			 "%s shares IOMMU group %d with %s and is used by the host's driver %s, so VFIO cannot open %s: %s",
			 member->name, device->iommu_group, device->name, member->driver,
			 device->name,
			 device_is_vf_of(device, member->name) ? ACS_ADVICE :
				 "unbind the other device, or bind it to a driver of VFIO");
		request->warn(text);
		json_array_append_new(warnings, document_string(text));
	}
}

static void warn_of_groups(const struct request *request, const struct device *devices, size_t n,
			   const struct driver_wish *wish, json_t *warnings)
{
	if (!wish->pin || !strstr(wish->driver, "vfio"))
		return;
	for (size_t i = 0; i < n; i++)
		warn_of_group(request, devices, n, &devices[i], warnings);
}

/* By its driver_override the kernel gives a device to any driver that takes it. */
static void warn_of_driver(const struct request *request, const struct driver_wish *wish,
			   const struct binding *binding, json_t *warnings)
{
	char dir[PATH_MAX], text[256];
	struct device now;

	if (!wish->pin)
		return;
	pci_function_init(&now, DEVICE_VF, binding->device);
	snprintf(dir, sizeof(dir), SYSFS_PCI "%s", binding->device);
	pci_function_read(&now, dir);
	/* Its module may have been removed since. */
	if (now.vfio || strcmp(now.driver, wish->driver))
		return;
	snprintf(text, sizeof(text),
		 "%s: %s is no driver of VFIO: neither a guest nor mlxmigctl can open the device by it",
		 binding->device, wish->driver);
	request->warn(text);
	json_array_append_new(warnings, document_string(text));
}

static void warn_of_moves(const struct request *request, const struct binding *bindings, size_t n,
			  json_t *warnings)
{
	char text[256];

	for (size_t i = 0; i < n; i++) {
		if (!*bindings[i].warning)
			continue;
		snprintf(text, sizeof(text), "%s: %s", bindings[i].device, bindings[i].warning);
		request->warn(text);
		json_array_append_new(warnings, document_string(text));
	}
}

static int check_all(const struct device *devices, size_t n, const struct driver_wish *wish,
		     bool force, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (check_device(&devices[i], wish, err))
			return err_device(err, devices[i].name);
	return require_unused(devices, n, wish, force, err);
}

static int require_movable(const struct device *devices, size_t n, const struct driver_wish *wish,
			   bool force, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (driver_require_writable(&devices[i], err) ||
		    require_seen(&devices[i], wish, force, err))
			return err_device(err, devices[i].name);
	return 0;
}

static int rebind_devices(const struct request *request, const struct driver_wish *wish, bool force,
			  struct device *devices, struct reply *reply, struct err *err)
{
	size_t n = request->n_operands;
	AUTO_FREE struct binding *bindings = calloc(n, sizeof(*bindings));
	AUTO_JSON json_t *warnings = json_array();
	int ret;

	if (!bindings)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n);
	if (check_all(devices, n, wish, force, err))
		return -1;
	warn_of_groups(request, devices, n, wish, warnings);
	if (require_movable(devices, n, wish, force, err) ||
	    (*wish->driver && module_require(wish->driver, err)))
		return -1;
	ret = driver_move_all(devices, n, wish, bindings, err);
	warn_of_moves(request, bindings, n, warnings);
	for (size_t i = 0; i < n && !ret; i++)
		warn_of_driver(request, wish, &bindings[i], warnings);
	reply->document = bindings_document(request->command->name, bindings, n, warnings);
	return ret;
}

int rebind_run(const struct request *request, const struct driver_wish *wish,
	       bool force, struct reply *reply, struct err *err)
{
	size_t n = request->n_operands;
	AUTO_FREE struct device *devices = calloc(n, sizeof(*devices));
	struct inventory inventory = {};
	int ret;

	if (!devices)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n);
	ret = devices_resolve(&inventory, request->operands, n, devices, err);
	inventory_free(&inventory);
	return ret ? ret : rebind_devices(request, wish, force, devices, reply, err);
}
