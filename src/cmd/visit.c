/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/visit.h"

#include "cmd/device.h"
#include "lib/text.h"
#include "vfio/hold_marker.h"
#include "vfio/migration.h"

void visit_fill(struct visit *visit, const struct device *device,
		const struct vdev *vdev, const struct mig_caps *caps)
{
	text_copy(visit->device, sizeof(visit->device), device->name);
	text_copy(visit->driver, sizeof(visit->driver), device->driver);
	visit->lender = vdev->lender;
	visit->resets = caps->reset;
	visit->has_state = caps->device_state;
	visit->state = caps->state;
	if (vdev->borrowed)
		trace_look(device, visit->warning, sizeof(visit->warning));
	else
		trace_take(device, visit->warning, sizeof(visit->warning));
}

enum vdev_use visit_use(bool live)
{
	return live ? VDEV_LIVE : VDEV_CHANGE;
}

int visit_begin(char *name, enum vdev_use use, struct vdev *vdev,
		struct visit *visit, struct device *device,
		struct mig_caps *caps, struct err *err)
{
	if (device_resolve(name, device, err) ||
	    vdev_open(vdev, device, use, err) ||
	    mig_offer_read(vdev, caps, err))
		return -1;
	visit_fill(visit, device, vdev, caps);
	return 0;
}
