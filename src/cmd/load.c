/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/device.h"
#include "cmd/documents.h"
#include "cmd/option.h"
#include "cmd/transfer.h"
#include "commands.h"
#include "migrate/load.h"

enum { KEY_BARE = 0x300, KEY_CHECK_WITH, KEY_FORCE, KEY_LIVE, KEY_OVERWRITE_GUEST, KEY_THEN };

struct load_options {
	bool bare;
	const char *check_with;
	bool force;
	bool live;
	bool overwrite_guest;
	bool has_then;
	enum device_state then;
};

static const struct argp_option options[] = {
	{ "bare", KEY_BARE, NULL, 0, BARE_HELP, 0 },
	{ "check-with", KEY_CHECK_WITH, "COMMAND", 0, CHECK_WITH_HELP, 0 },
	{ "force", KEY_FORCE, NULL, 0,
	  "load although the device is not like the source", 0 },
	{ "live", KEY_LIVE, NULL, 0, LIVE_HELP, 0 },
	{ "overwrite-guest-state", KEY_OVERWRITE_GUEST, NULL, 0,
	  "with --live: its guest loses the state that its device has, and if the load fails any state", 0 },
	{ "then", KEY_THEN, THEN_STATES, 0,
	  "leave the device in this state", 0 },
	{}
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct load_options *load = data;

	switch (key) {
	case KEY_BARE:
		load->bare = true;
		return 0;
	case KEY_CHECK_WITH:
		return option_check_with(arg, &load->check_with, err);
	case KEY_FORCE:
		load->force = true;
		return 0;
	case KEY_LIVE:
		load->live = true;
		return 0;
	case KEY_OVERWRITE_GUEST:
		load->overwrite_guest = true;
		return 0;
	case KEY_THEN:
		load->has_then = true;
		return then_parse(arg, &load->then, err);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	const struct load_options *load = data;

	if (!load->overwrite_guest || load->live)
		return 0;
	err_set(err, ERR_USAGE, 0,
		"--overwrite-guest-state is for the device of a guest, which takes --live");
	return err_hint(err, "say --live too, if the device is a guest's");
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct load_options *load = request->options;
	const struct load_plan how = {
		.force = load->force,
		.bare = load->bare,
		.check_with = load->check_with,
		.use = device_use(load->live),
		.overwrite_guest = load->overwrite_guest,
		.has_then = load->has_then,
		.then = load->then,
		.progress = request->progress,
		.progress_data = request->progress_data,
	};
	struct transfer_result result = {};
	struct device device = {};
	int ret;

	if (transfer_resolve(request->operands, 1, &device, &result, err))
		return transfer_hint_order("load", request->operands, err);
	ret = load_device(&device, request->operands[1], &how, &result, err);
	reply->document = load_document(&result);
	return ret;
}

static const struct text_part text[] = {
	{ .parts = transfer_text_device },
	TEXT_LINE("contents", "{contents}[, {kept?yes=kept by its holder}]"),
	TEXT_LINE("identity", "{identity_fit?yes=fits;warns=fits, with a warning;forbids=does not fit;-=not checked}[: {format?stream=a bare stream does not tell its device}]"),
	{ .parts = transfer_text_stream },
	{}
};

const struct command command_load = {
	.name = "load",
	.operand_words = "DEVICE FILE|-",
	.summary = "load a saved migration state into a device",
	.description =
		"Stops DEVICE, loads the image or bare stream FILE (or stdin, for -) into it, and "
		"leaves it in STOP, loaded and still. A file is read and checked whole before the "
		"device is touched, a pipe member by member.\vOnly a reset ends a load in the "
		"middle: after a failure or a signal the device is reset and taken to the state it "
		"came from, and its contents are lost. A device held by mlxmigctl hold is borrowed "
		"from it; a free one is opened for the load, and the loaded state is gone when the "
		"command ends.",
	.options = options,
	.operands = { OPERAND_DEVICE, OPERAND_FILE },
	.min_operands = 2,
	.max_operands = 2,
	.options_size = sizeof(struct load_options),
	.handles_state = true,
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
