/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/device.h"
#include "commands.h"
#include "host/fw_error.h"
#include "json/document.h"
#include "vfio/migration.h"

static json_t *state_document(const struct device_access *access)
{
	json_t *document = device_access_document("state", access);

	json_object_set_new(document, "state", state_json(access->has_state, access->state));
	json_object_set_new(document, "firmware_failure", document_fw_error(&access->failure));
	json_object_set_new(document, "warnings", device_access_warnings(access));
	return document;
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	struct device_access access = { 0 };
	struct device device;
	struct mig_caps caps;

	if (device_access_begin(request->operands[0], VDEV_READ, &vdev, &access,
				&device, &caps, err) ||
	    mig_require(&device, &caps, err))
		return -1;
	fw_error_last(device.name, &access.failure);
	reply->document = state_document(&access);
	return 0;
}

const struct command command_state = {
	.name = "state",
	.operand_words = "DEVICE",
	.summary = "read the migration state of a device",
	.description =
		"Says in which state of the migration state machine DEVICE is. "
		"A device held by mlxmigctl hold is borrowed from it; a free "
		"one is opened, which resets it, and so is in RUNNING. Says too "
		"which firmware command failed last, where the driver tells.",
	.operands = { OPERAND_DEVICE },
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
