/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/device.h"
#include "commands.h"
#include "vfio/walk.h"

static json_t *reset_document(const struct reset_result *result)
{
	const struct device_access *access = &result->access;
	json_t *document = device_access_document("reset", access);

	json_object_set_new(document, "from", state_json(access->has_state, result->before));
	json_object_set_new(document, "state", state_json(access->has_state, access->state));
	json_object_set_new(document, "duration_ns", json_integer((json_int_t)result->duration_ns));
	json_object_set_new(document, "warnings", device_access_warnings(access));
	return document;
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	struct reset_result result = { 0 };
	struct device device;
	struct mig_caps caps;

	if (device_access_begin(request->operands[0], VDEV_OWN, &vdev,
				&result.access, &device, &caps, err) ||
	    walk_reset(&vdev, caps.device_state, &result, err))
		return -1;
	reply->document = reset_document(&result);
	return 0;
}

const struct command command_reset = {
	.name = "reset",
	.operand_words = "DEVICE",
	.summary = "reset a device, which ends state ERROR",
	.description =
		"Resets DEVICE through VFIO: it is in RUNNING afterwards, and whatever it held, a "
		"session of saving or loading too, is gone. A device held by mlxmigctl hold is "
		"borrowed from it; a free one is opened, which resets it once more.",
	.operands = { OPERAND_DEVICE },
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
