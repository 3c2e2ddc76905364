/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/visit.h"
#include "commands.h"
#include "report/walk.h"
#include "vfio/walk.h"

static int run(const struct request *request, struct reply *reply,
	       struct err *err)
{
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	struct reset_result result = { 0 };
	struct device device;
	struct mig_caps caps;

	if (visit_begin(request->operands[0], VDEV_OWN, &vdev,
			&result.visit, &device, &caps, err) ||
	    walk_reset(&vdev, caps.device_state, &result, err))
		return -1;
	reply->document = report_reset(&result);
	return 0;
}

const struct command command_reset = {
	.name = "reset",
	.operand_words = "DEVICE",
	.summary = "reset a device, which ends state ERROR",
	.description =
		"Resets DEVICE through VFIO: it is in RUNNING afterwards, and "
		"whatever it held, a session of saving or loading too, is "
		"gone. A device held by mlxmigctl hold is borrowed from it; a "
		"free one is opened, which resets it once more.",
	.operands = { OPERAND_DEVICE },
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
