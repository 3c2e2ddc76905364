/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/probe.h"

#include "host/driver_info.h"
#include "host/sysroot.h"
#include "lib/text.h"
#include "vfio/migration.h"
#include "vfio/open.h"

/* Why its features are not to be read; NULL: they are. */
static const char *reason_against_probe(const struct device *device, bool free_too)
{
	if (device->kind == DEVICE_PF)
		return "a physical function has none";
	if (!device->vfio)
		return "no driver of VFIO has it";
	if (!root_is_host())
		return "a captured host has no devices to open";
	switch (device_in_use(device)) {
	case TRI_UNKNOWN:
		return "who has it open cannot be seen: run it as root, outside of any container";
	case TRI_YES:
		return NULL;
	default:
		if (free_too)
			return NULL;
		/* Whether that is reset by being opened is its driver's affair. */
		return *device->mdev_type ? PROBE_REASON_FREE_MDEV :
					    PROBE_REASON_FREE;
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

/* One that cannot be opened is told of all the same, with the reason. */
void probe_device(struct device *device, bool free_too)
{
	const char *reason = reason_against_probe(device, free_too);
	struct err err = ERR_INIT;

	if (!reason && read_caps(device, &err))
		reason = err.message;
	text_copy(device->probe_reason, sizeof(device->probe_reason),
		  reason ? reason : "");
	formats_find(device);
}
