/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/rebind.h"
#include "commands.h"

enum { OPTION_NONE = 0x100 };

struct unbind_options {
	const char *driver;
	bool none;
	bool force;
};

static const struct argp_option options[] = {
	{ "driver", 'd', "NAME", 0,
	  "Give the VFs to driver NAME (default: " DRIVER_MLX5 ")", 0 },
	{ "none", OPTION_NONE, NULL, 0, "Leave the VFs without a driver", 0 },
	{ "force", 'f', NULL, 0,
	  "Also a VF whose network interface or RDMA device is in use", 0 },
	{},
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct unbind_options *unbind = data;

	switch (key) {
	case 'd':
		unbind->driver = arg;
		return rebind_check_driver(arg, err);
	case OPTION_NONE:
		unbind->none = true;
		return 0;
	case 'f':
		unbind->force = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	const struct unbind_options *unbind = data;

	if (unbind->none && unbind->driver)
		return err_set(err, ERR_USAGE, 0, "--none and --driver do not go together");
	return 0;
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct unbind_options *unbind = request->options;
	struct driver_wish wish = {
		.driver = unbind->none ? "" : unbind->driver ? unbind->driver : DRIVER_MLX5,
	};

	return rebind_run(request, &wish, unbind->force, reply, err);
}

static const char *const columns[] = { "device", "driver_before", "driver",
				       "changed", NULL };

static const struct text_part text[] = {
	{ .each = "devices", .columns = columns },
	{}
};

const struct command command_unbind = {
	.name = "unbind",
	.operand_words = "DEVICE...",
	.summary = "give VFs back to the host's driver",
	.description =
		"Unbinds each VF, has it probed by mlx5_core, waits until that has it, and clears "
		"its driver_override. All of the devices, or none: when one fails, those before it "
		"go back to where they were.",
	.options = options,
	.operands = { OPERAND_DEVICE },
	.min_operands = 1,
	.max_operands = -1,
	.options_size = sizeof(struct unbind_options),
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
