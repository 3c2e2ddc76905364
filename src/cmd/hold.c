/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/device.h"
#include "cmd/option.h"
#include "cmd/transfer.h"
#include "commands.h"
#include "config.h"
#include "json/document.h"
#include "lib/cleanup.h"
#include "lib/interrupt.h"
#include "lib/text.h"
#include "migrate/hold.h"
#include "migrate/load.h"
#include "migrate/transfer.h"
#include "vfio/hold_marker.h"
#include "vfio/holder_find.h"
#include "vfio/holders.h"
#include "vfio/migration.h"

#ifdef HAVE_LIBSYSTEMD

#include <systemd/sd-daemon.h>

/* notify_ready - all is done that others wait for; @status: a line on what is there now */
static void notify_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

/* notify_stopping - the end has begun */
static void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

#else

static void notify_ready(const char *status)
{
}

static void notify_stopping(void)
{
}

#endif

static json_t *held_warnings(const struct held_device *held)
{
	json_t *warnings = held->loaded ? transfer_warnings(held->loaded) :
					  device_access_warnings(&held->access);

	if (held->closed_fd)
		json_array_append_new(warnings, json_string(WARN_CLOSED_FD));
	return warnings;
}

static json_t *held_of(const struct held_device *held)
{
	const struct device_access *access = &held->access;
	const struct walk *walk = held->loaded ? &held->loaded->transfer.walk : &held->walk;
	json_t *device = json_object();

	device_access_json_add(device, access);
	json_object_set_new(device, "state", state_json(access->has_state, access->state));
	json_object_set_new(device, "arcs", arcs_json(walk->arcs, walk->n_arcs));
	json_object_set_new(device, "loaded",
			    held->loaded ? loaded_json(held->loaded) :
					   json_null());
	json_object_set_new(device, "warnings", held_warnings(held));
	return device;
}

static json_t *hold_document(const struct hold_result *result)
{
	json_t *document = document_new("hold");
	json_t *devices = json_array();

	for (size_t i = 0; i < result->n; i++)
		json_array_append_new(devices, held_of(&result->devices[i]));
	json_object_set_new(document, "pid", json_integer(result->pid));
	json_object_set_new(document, "devices", devices);
	return document;
}

enum { KEY_BARE = 0x300, KEY_CHECK_WITH, KEY_FORCE, KEY_LOAD, KEY_STATE };

struct hold_options {
	bool bare;
	const char *check_with;
	bool force;
	const char *image;
	bool has_state;
	enum device_state state;
};

static const struct argp_option options[] = {
	{ "bare", KEY_BARE, NULL, 0, "with --load: " BARE_HELP, 0 },
	{ "check-with", KEY_CHECK_WITH, "COMMAND", 0, "with --load: " CHECK_WITH_HELP, 0 },
	{ "force", KEY_FORCE, NULL, 0,
	  "with --load: although the device is not like the source", 0 },
	{ "load", KEY_LOAD, "FILE", 0,
	  "load a saved state into the device first; -: from stdin", 0 },
	{ "state", KEY_STATE, "STATE", 0,
	  "take the devices to this state first", 0 },
	{}
};

static int parse_state(const char *arg, struct hold_options *hold, struct err *err)
{
	hold->has_state = true;
	if (!state_parse(arg, &hold->state) && hold->state != STATE_ERROR)
		return 0;
	err_set(err, ERR_USAGE, 0, "--state: no device can be taken to %s", arg);
	return err_hint(err, "the states are STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY and PRE_COPY_P2P");
}

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct hold_options *hold = data;

	switch (key) {
	case KEY_BARE:
		hold->bare = true;
		return 0;
	case KEY_CHECK_WITH:
		return option_check_with(arg, &hold->check_with, err);
	case KEY_FORCE:
		hold->force = true;
		return 0;
	case KEY_LOAD:
		hold->image = arg;
		return 0;
	case KEY_STATE:
		return parse_state(arg, hold, err);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	const struct hold_options *hold = data;
	char device[OPERAND_SIZE], file[OPERAND_SIZE];

	if ((hold->force || hold->bare || hold->check_with) && !hold->image)
		return err_set(err, ERR_USAGE, 0, "%s goes with --load",
			       hold->force ? "--force" : hold->bare ? "--bare" : "--check-with");
	if (!hold->image)
		return 0;
	if (n_operands > 1) {
		err_set(err, ERR_USAGE, 0,
			"--load: a state is that of one device, and %zu are named", n_operands);
		return err_hint(err, "start one mlxmigctl hold for each, or hold them all, and then: mlxmigctl load %s %s",
				text_shell_word(device, operands[0], "DEVICE"),
				strcmp(hold->image, "-") ? text_operand(file, hold->image) : "FILE");
	}
	if (!hold->has_state || hold->state == STATE_STOP ||
	    hold->state == STATE_RUNNING || hold->state == STATE_RUNNING_P2P)
		return 0;
	err_set(err, ERR_USAGE, 0, "--load: a device is not left in %s", state_name(hold->state));
	return err_hint(err, "leave it in STOP, RUNNING or RUNNING_P2P");
}

/* struct held - what this process keeps open: @n of each; of @result with --load */
struct held {
	const struct request *request;
	struct device *devices;
	struct vdev *vdevs;
	struct mig_caps *caps;
	struct held_device *results;
	struct transfer_result result;
	bool announced;
	size_t n;
	int status; /* of the end: the first failure's */
};

/* By us, or by who has borrowed it, who notes it in its trace, where that could be written. */
static enum tristate was_loaded(const struct held *held, size_t i)
{
	if (held->result.loaded)
		return TRI_YES;
	if (held->announced)
		return hold_marker_loaded(held->devices[i].name);
	return held->result.opened ? TRI_UNKNOWN : TRI_NO;
}

/* Nothing stays behind, whether all went well or not; what cannot be put back is told. */
static void held_end(struct held *held)
{
	struct err untold = ERR_INIT;

	/* Nobody else may borrow one while they are reset, one by one. */
	if (held->announced)
		holder_withdraw();
	for (size_t i = 0; i < held->n; i++) {
		struct device *device = &held->devices[i];
		struct err err = ERR_INIT;

		/* We are left out: whoever has it now has borrowed it. */
		holder_find(device, &untold);
		if (hold_end(device, &held->vdevs[i], was_loaded(held, i), &err)) {
			held->request->warn(err.message);
			held->status = held->status ?: err_exit_status(&err);
		}
		hold_marker_remove(device->name);
	}
	for (size_t i = 0; i < held->n; i++)
		vdev_close(&held->vdevs[i]);
	held->n = 0;
}

static void held_release(struct held *held)
{
	held_end(held);
	free(held->results);
	free(held->caps);
	free(held->vdevs);
	free(held->devices);
}

static int held_allocate(struct held *held, size_t n, struct err *err)
{
	held->devices = calloc(n, sizeof(*held->devices));
	held->vdevs = calloc(n, sizeof(*held->vdevs));
	held->caps = calloc(n, sizeof(*held->caps));
	held->results = calloc(n, sizeof(*held->results));
	if (!held->devices || !held->vdevs || !held->caps || !held->results)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n);
	return 0;
}

/* Open: what each is, and where. */
static int read_offers(struct held *held, struct err *err)
{
	for (size_t i = 0; i < held->n; i++) {
		if (mig_offer_read(&held->vdevs[i], &held->caps[i], err))
			return -1;
		device_access_fill(&held->results[i].access, &held->devices[i],
				   &held->vdevs[i], &held->caps[i]);
	}
	return 0;
}

static int held_open(struct held *held, struct err *err)
{
	const struct request *request = held->request;
	size_t n = request->n_operands;
	struct inventory inventory = {};
	int ret;

	if (interrupt_begin(err))
		return -1;
	ret = devices_resolve(&inventory, request->operands, n, held->devices, err);
	inventory_free(&inventory);
	if (ret || vdev_open_all(held->vdevs, held->devices, n, VDEV_FRESH, err))
		return -1;
	held->n = n;
	return read_offers(held, err);
}

/* None is moved unless each of them can go there. */
static int held_walk(struct held *held, enum device_state state, struct err *err)
{
	for (size_t i = 0; i < held->n; i++)
		if (hold_plan(&held->devices[i], &held->caps[i], state, err))
			return -1;
	for (size_t i = 0; i < held->n; i++)
		if (interrupt_check(err) ||
		    hold_walk(&held->vdevs[i], &held->caps[i], state,
			      &held->results[i], err))
			return -1;
	return 0;
}

/* With --load: signals are held back once the file has been checked. */
static int held_load(struct held *held, const struct hold_options *hold, struct err *err)
{
	const struct request *request = held->request;
	const struct load_plan how = {
		.force = hold->force,
		.bare = hold->bare,
		.check_with = hold->check_with,
		.use = VDEV_FRESH,
		.has_then = hold->has_state,
		.then = hold->state,
		.progress = request->progress,
		.progress_data = request->progress_data,
	};
	int ret;

	held->vdevs[0] = (struct vdev)VDEV_INIT;
	if (transfer_resolve(request->operands, 1, held->devices, &held->result, err))
		return -1;
	ret = load_into_device(held->devices, held->vdevs, hold->image, &how, &held->result, err);
	held->n = held->vdevs[0].fd >= 0;
	held->results[0].loaded = &held->result;
	return ret ? -1 : read_offers(held, err);
}

static int held_begin(struct held *held, const struct hold_options *hold, struct err *err)
{
	if (held_allocate(held, held->request->n_operands, err))
		return -1;
	if (hold->image)
		return held_load(held, hold, err);
	if (held_open(held, err))
		return -1;
	return hold->has_state ? held_walk(held, hold->state, err) : 0;
}

static int say_ready(const struct held *held, struct err *err)
{
	struct hold_result result = { .pid = getpid(),
				      .devices = held->results,
				      .n = held->n };
	json_t *document = hold_document(&result);
	int ret = held->request->emit(held->request, document, err);

	json_decref(document);
	return ret;
}

/* The others may borrow from now on. */
static int announce_devices(struct held *held, struct err *err)
{
	held->announced = !holder_announce(held->devices, held->n, err);
	return held->announced ? 0 : -1;
}

static void notify_held(const struct held *held)
{
	const struct device_access *access = &held->results[0].access;
	char status[160];

	if (held->n > 1)
		snprintf(status, sizeof(status), "%zu devices are held", held->n);
	else
		snprintf(status, sizeof(status), "%s is held%s%s",
			 access->device, access->has_state ? " in " : "",
			 access->has_state ? state_name(access->state) : "");
	notify_ready(status);
}

static void wait_for_signal(void)
{
	struct pollfd pollfd = { .fd = interrupt_fd(), .events = POLLIN };

	while (!interrupt_signal())
		poll(&pollfd, 1, -1);
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	int AUTO_INTERRUPT begun = 0; /* in held_begin(); first: signals are let in last */
	CLEANUP(held_release) struct held held = { .request = request };

	if (held_begin(&held, request->options, err) || interrupt_check(err) ||
	    announce_devices(&held, err) || say_ready(&held, err))
		return -1;
	notify_held(&held);
	wait_for_signal();
	notify_stopping();
	held_end(&held);
	reply->status = held.status;
	return 0;
}

static const char *const columns[] = { "device", "access", "driver", "state",
				       "+loaded=loaded.file", NULL };

static const struct text_part warnings[] = {
	{ .label = "warning", .show = "{}", .each = "warnings" },
	{}
};

static const struct text_part text[] = {
	TEXT_LINE("pid", "{pid}"),
	{ .each = "devices", .columns = columns },
	{ .each = "devices", .parts = warnings },
	{}
};

const struct command command_hold = {
	.name = "hold",
	.operand_words = "DEVICE...",
	.summary = "keep devices open, so that their state outlives commands",
	.description =
		"Opens each DEVICE, which resets it, takes it to the state that is wanted, prints "
		"its document when all are there, and keeps them until SIGTERM, SIGINT or SIGHUP. "
		"Meanwhile every other command borrows them from it. If one cannot be opened, or "
		"taken there, none is kept.\vWith --load there is one DEVICE: a file is read and "
		"checked whole before it is opened. It is left in STOP, loaded and still, or in "
		"the state of --state. At the end a device that is not in RUNNING, or has a state "
		"that was loaded, is reset.",
	.options = options,
	.operands = { OPERAND_DEVICE },
	.min_operands = 1,
	.max_operands = -1,
	.options_size = sizeof(struct hold_options),
	.handles_state = true,
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
