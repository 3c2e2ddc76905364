/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/device.h"

#include <string.h>

#include "host/driver_info.h"
#include "host/sysroot.h"
#include "json/document.h"
#include "lib/text.h"
#include "vfio/hold_marker.h"
#include "vfio/holder_find.h"
#include "vfio/migration.h"

static int check_named_once(const struct device *devices, size_t last, struct err *err)
{
	for (size_t i = 0; i < last; i++)
		if (!strcmp(devices[i].name, devices[last].name)) {
			err_set(err, ERR_USAGE, 0, "%s is named twice", devices[i].name);
			err_hint(err, "each device once, by whatever name");
			return err_device(err, devices[i].name);
		}
	return 0;
}

static int resolve_one(const struct inventory *inventory, const char *name,
		       struct device *out, struct err *err)
{
	struct device other = {};
	const struct device *found = inventory_resolve(inventory, name, &other, err);

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
		if (resolve_one(inventory, names[i], &out[i], err) || check_named_once(out, i, err))
			return -1;
	return 0;
}

int devices_resolve(struct inventory *inventory, char **names, size_t n,
		    struct device *out, struct err *err)
{
	return devices_find(inventory, names, n, out, err) ? -1 : holder_find_all(out, n, err);
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
	return device_refuse_pf(device, err);
}

/* Why its features are not to be read; NULL: they are. */
static const char *reason_against_probe(const struct device *device, bool free_too)
{
	if (device->kind == DEVICE_PF)
		return "a physical function has none";
	if (!device->vfio)
		return "no driver of VFIO has it";
	if (!sysroot_is_host())
		return "a captured host has no devices to open";
	switch (device_in_use(device)) {
	case TRI_UNKNOWN:
		return *device->in_use_reason ? device->in_use_reason :
						"not every process can be looked into: run it as root";
	case TRI_YES:
		return NULL;
	default:
		if (free_too)
			return NULL;
		/* Whether that is reset by being opened is its driver's affair. */
		return *device->mdev_type ? PROBE_REASON_FREE_MDEV : PROBE_REASON_FREE;
	}
}

/* Of a device that somebody has nothing is asked that is a command to the firmware. */
static int read_caps(struct device *device, struct err *err)
{
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	struct mig_caps *caps = &device->caps;

	if (vdev_open(&vdev, device, VDEV_READ, err) ||
	    (vdev.borrowed ? mig_offer_read(&vdev, caps, err) :
			     mig_caps_read(&vdev, caps, err)))
		return -1;
	device->probed = true;
	device->probe_fresh = !vdev.borrowed;
	return 0;
}

/* What stands beside the device's name does not repeat it. */
static const char *without_name(const char *message, const char *name)
{
	const char *rest = text_starts(message, name);
	const char *reason = rest ? text_starts(rest, ": ") : NULL;

	return reason ? reason : message;
}

/* One that cannot be opened is told of all the same, with the reason. */
void probe_device(struct device *device, bool free_too)
{
	const char *reason = reason_against_probe(device, free_too);
	struct err err = ERR_INIT;

	if (!reason && read_caps(device, &err))
		reason = without_name(err.message, device->name);
	text_copy(device->probe_reason, sizeof(device->probe_reason), reason ? reason : "");
	stream_formats_find(device);
}

void device_access_fill(struct device_access *access, const struct device *device,
			const struct vdev *vdev, const struct mig_caps *caps)
{
	text_copy(access->device, sizeof(access->device), device->name);
	text_copy(access->driver, sizeof(access->driver), device->driver);
	access->lender = vdev->lender;
	access->resets = caps->reset;
	access->has_state = caps->device_state;
	access->state = caps->state;
	if (vdev->borrowed)
		hold_marker_read(device, access->warning, sizeof(access->warning));
	else
		hold_marker_take(device, access->warning, sizeof(access->warning));
}

enum vdev_use device_use(bool live)
{
	return live ? VDEV_LIVE : VDEV_CHANGE;
}

int device_access_begin(char *name, enum vdev_use use, struct vdev *vdev,
			struct device_access *access, struct device *device,
			struct mig_caps *caps, struct err *err)
{
	if (device_resolve(name, device, err) ||
	    vdev_open(vdev, device, use, err) ||
	    mig_offer_read(vdev, caps, err))
		return -1;
	device_access_fill(access, device, vdev, caps);
	return 0;
}

json_t *holder_json(const struct holder *holder)
{
	if (holder->kind == HOLDER_NONE)
		return json_null();
	return json_pack("{s:s, s:I, s:o}",
			 "kind", holder_kind_name(holder->kind),
			 "pid", (json_int_t)holder->pid,
			 "name", document_string(holder->comm));
}

json_t *state_json(bool known, enum device_state state)
{
	return known ? json_string(state_name(state)) : json_null();
}

void access_json_add(json_t *object, const char *device, const struct holder *lender)
{
	bool fresh = lender->kind == HOLDER_NONE;

	json_object_set_new(object, "device", document_text(device));
	json_object_set_new(object, "access", json_string(fresh ? "opened" : "borrowed"));
	json_object_set_new(object, "fresh", json_boolean(fresh));
	json_object_set_new(object, "lender", holder_json(lender));
}

void device_access_json_add(json_t *object, const struct device_access *access)
{
	access_json_add(object, access->device, &access->lender);
	json_object_set_new(object, "driver", document_text(access->driver));
}

json_t *device_access_warnings(const struct device_access *access)
{
	json_t *warnings = json_array();

	if (*access->warning)
		json_array_append_new(warnings, json_string(access->warning));
	return warnings;
}

json_t *device_access_document(const char *command, const struct device_access *access)
{
	json_t *document = document_new(command);

	device_access_json_add(document, access);
	return document;
}
