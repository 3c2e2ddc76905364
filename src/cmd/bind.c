/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/rebind.h"
#include "commands.h"

struct bind_options {
	const char *driver;
	bool force;
};

static const struct argp_option options[] = {
	{ "driver", 'd', "NAME", 0,
	  "Bind to driver NAME (default: " DRIVER_VARIANT ")", 0 },
	{ "force", 'f', NULL, 0,
	  "Also a VF whose network interface or RDMA device is in use", 0 },
	{},
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct bind_options *bind = data;

	switch (key) {
	case 'd':
		bind->driver = arg;
		return rebind_check_driver(arg, err);
	case 'f':
		bind->force = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct bind_options *bind = request->options;
	struct driver_wish wish = {
		.driver = bind->driver ? bind->driver : DRIVER_VARIANT,
		.pin = true,
	};

	return rebind_run(request, &wish, bind->force, reply, err);
}

static const char *const columns[] = { "device", "driver_before", "driver",
				       "changed", NULL };

static const struct text_part text[] = {
	{ .each = "devices", .columns = columns },
	{}
};

const struct command command_bind = {
	.name = "bind",
	.operand_words = "DEVICE...",
	.summary = "bind VFs to the driver that can migrate them",
	.description =
		"Sets each VF's driver_override, unbinds it, has it probed, and waits until the "
		"driver has it; loads the driver's module when it is not there. All of the "
		"devices, or none: when one fails, those before it go back to where they were. The "
		"override stays until unbind.",
	.options = options,
	.operands = { OPERAND_DEVICE },
	.min_operands = 1,
	.max_operands = -1,
	.options_size = sizeof(struct bind_options),
	.parse = parse,
	.run = run,
	.text = text,
};
