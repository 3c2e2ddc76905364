/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/device.h"
#include "cmd/option.h"
#include "cmd/transfer.h"
#include "commands.h"
#include "config.h"
#include "json/document.h"
#include "lib/cleanup.h"
#include "lib/interrupt.h"
#include "lib/text.h"
#include "migrate/step_files.h"
#include "migrate/transfer.h"
#include "vfio/migration.h"
#include "vfio/walk.h"

#define WARN_UNDONE                                                           \
	"the device was free: what was done to it ended when this command "   \
	"closed it (mlxmigctl hold keeps a device open)"
#define WARN_UNHELD                                                           \
	"the device was free, and nobody holds it now (mlxmigctl hold keeps " \
	"a device open): what becomes of its state is its driver's affair"

/* A VMM goes on from where it has left its device. */
static json_t *warn_elsewhere(const struct step_result *result)
{
	const struct holder *lender = &result->access.lender;
	char text[256];

	if (lender->kind != HOLDER_OTHER || result->access.state == result->origin)
		return NULL;
	snprintf(text, sizeof(text),
		 "%s (pid %d) knows nothing of this walk: take the device back to %s before its guest goes on",
		 lender->comm, (int)lender->pid, state_name(result->origin));
	return document_string(text);
}

static json_t *step_files_of(const struct step_result *result)
{
	json_t *files = json_array();

	for (size_t i = 0; i < result->n_files; i++)
		json_array_append_new(files, step_file_json(&result->files[i]));
	return files;
}

static json_t *step_document(const struct step_result *result)
{
	json_t *document = device_access_document("step", &result->access);
	json_t *warnings = device_access_warnings(&result->access);

	json_object_set_new(document, "from", state_json(true, result->origin));
	json_object_set_new(document, "state", state_json(true, result->access.state));
	json_object_set_new(document, "arcs", arcs_json(result->walk.arcs, result->walk.n_arcs));
	json_object_set_new(document, "files", step_files_of(result));
	json_object_set_new(document, "lost", json_boolean(result->lost));
	json_object_set_new(document, "kept",
			    json_boolean(device_access_is_borrowed(&result->access)));
	if (!device_access_is_borrowed(&result->access))
		json_array_append_new(warnings,
				      json_string(result->access.resets ?
							  WARN_UNDONE :
							  WARN_UNHELD));
	if (result->closed_fd)
		json_array_append_new(warnings, json_string(WARN_CLOSED_FD));
	/* Nothing is appended where it is NULL. */
	json_array_append_new(warnings, warn_elsewhere(result));
	json_object_set_new(document, "warnings", warnings);
	return document;
}

enum {
	KEY_BARE = 0x300,
	KEY_CHECK_WITH,
	KEY_FORCE,
	KEY_LIVE,
	KEY_OVERWRITE,
	KEY_OVERWRITE_GUEST,
	KEY_RAW,
	KEY_ZSTD,
};

/* struct step_options - @of_files: one of them was given that is about files */
struct step_options {
	bool bare, force, live, overwrite, overwrite_guest, raw;
	int zstd_level;
	const char *check_with;
	bool of_files;
};

static const struct argp_option options[] = {
	{ "bare", KEY_BARE, NULL, 0, "RESUMING=FILE: " BARE_HELP, 0 },
	{ "check-with", KEY_CHECK_WITH, "COMMAND", 0, "RESUMING=FILE: " CHECK_WITH_HELP, 0 },
	{ "force", KEY_FORCE, NULL, 0,
	  "RESUMING=FILE: load although the device is not like the source", 0 },
	{ "live", KEY_LIVE, NULL, 0, LIVE_ANY_HELP, 0 },
	{ "overwrite", KEY_OVERWRITE, NULL, 0, "replace existing files", 0 },
	{ "overwrite-guest-state", KEY_OVERWRITE_GUEST, NULL, 0,
	  "with --live and RESUMING=FILE: its guest loses the state that its device has", 0 },
	{ "raw", KEY_RAW, NULL, 0, "write bare streams, without images", 0 },
	{ "zstd", KEY_ZSTD, "LEVEL", OPTION_ARG_OPTIONAL,
	  "compress images (level 1 to 19, default 3)", 0 },
	{}
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct step_options *step = data;

	step->of_files |= key != KEY_LIVE;
	switch (key) {
	case KEY_BARE:
		step->bare = true;
		return 0;
	case KEY_CHECK_WITH:
		return option_check_with(arg, &step->check_with, err);
	case KEY_FORCE:
		step->force = true;
		return 0;
	case KEY_LIVE:
		step->live = true;
		return 0;
	case KEY_OVERWRITE:
		step->overwrite = true;
		return 0;
	case KEY_OVERWRITE_GUEST:
		step->overwrite_guest = true;
		return 0;
	case KEY_RAW:
		step->raw = true;
		return 0;
	case KEY_ZSTD:
		return zstd_parse(arg, &step->zstd_level, err);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	const struct step_options *step = data;
	struct step_target targets[ARCS_MAX];
	size_t n = n_operands - 1;

	if (steps_parse(operands, n, targets, err))
		return -1;
	if (step->raw && step->zstd_level)
		return err_set(err, ERR_USAGE, 0, "--raw and --zstd: only an image is compressed");
	if (step->of_files && !steps_count_files(targets, n))
		return err_set(err, ERR_USAGE, 0,
			       "an option is about files, and no STATE=FILE is there");
	if (step->check_with && !steps_load(targets, n))
		return err_set(err, ERR_USAGE, 0, "--check-with is for RESUMING=FILE, and none is there");
	return 0;
}

static int hint_stuck(const struct walker *walker, struct err *err)
{
	char buf[OPERAND_SIZE];

	if (walker->state != STATE_RESUMING || err->code != ERR_REFUSED ||
	    vdev_is_live(walker->vdev))
		return -1;
	return err_hint(err, "it has not been given a whole state, and only a reset ends that: mlxmigctl reset %s",
			text_shell_word(buf, walker->vdev->name, "DEVICE"));
}

/* What was walked is told also when an arc was refused. */
static int walk_all(const struct vdev *vdev, const struct mig_caps *caps,
		    const struct step_target *steps, size_t n,
		    struct step_result *result, struct err *err)
{
	enum device_state targets[ARCS_MAX];
	struct walker walker;
	int ret = 0;

	for (size_t i = 0; i < n; i++)
		targets[i] = steps[i].state;
	if (walker_init(&walker, vdev, caps->flags, &result->walk, err))
		return -1;
	result->origin = walker.state;
	if (walk_check_live(vdev, steps, n, err) ||
	    walk_plan(walker.state, targets, n, caps->flags, err))
		return err_device(err, vdev->name);
	for (size_t i = 0; i < n && !ret; i++)
		if (walk_to(&walker, targets[i], NULL, err))
			ret = hint_stuck(&walker, err);
	result->access.state = walker.state;
	result->closed_fd = walk_left_session(&result->walk, walker.state);
	return ret;
}

static struct step_files_plan plan_of(const struct request *request)
{
	const struct step_options *step = request->options;

	return (struct step_files_plan){
		.out = { .image = { .raw = step->raw,
				    .zstd_level = step->zstd_level },
			 .overwrite = step->overwrite,
			 .use = device_use(step->live),
			 .tool = PACKAGE_VERSION,
			 .progress = request->progress,
			 .progress_data = request->progress_data },
		.in = { .force = step->force,
			.bare = step->bare,
			.check_with = step->check_with,
			.use = device_use(step->live),
			.overwrite_guest = step->overwrite_guest,
			.progress = request->progress,
			.progress_data = request->progress_data },
	};
}

/* Resolved with its firmware, which an image tells. */
static int walk_with_files(const struct request *request, const struct step_target *steps, size_t n,
			   struct step_result *result, struct err *err)
{
	const struct step_files_plan options = plan_of(request);
	int AUTO_INTERRUPT begun = interrupt_begin(err);
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	struct device device;

	if (begun || transfer_resolve(request->operands, 1, &device, result->files, err))
		return -1;
	return step_files_run(&device, &vdev, steps, n, &options, result, err);
}

static int walk_only(const struct request *request, const struct step_target *steps, size_t n,
		     struct step_result *result, struct err *err)
{
	const struct step_options *step = request->options;
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	struct device device;
	struct mig_caps caps;

	if (device_access_begin(request->operands[0], device_use(step->live), &vdev,
				&result->access, &device, &caps, err) ||
	    mig_require(&device, &caps, err))
		return -1;
	result->origin = result->access.state;
	return walk_all(&vdev, &caps, steps, n, result, err);
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	struct step_target steps[ARCS_MAX];
	size_t n = request->n_operands - 1;
	AUTO_FREE struct transfer_result *files = NULL;
	struct step_result result = { 0 };
	int ret;

	if (steps_parse(request->operands, n, steps, err))
		return -1;
	result.n_files = steps_count_files(steps, n);
	reply->stdout_is_data = steps_write_stdout(steps, n);
	files = calloc(result.n_files + 1, sizeof(*files));
	if (!files)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu files", result.n_files);
	result.files = files;
	ret = result.n_files ? walk_with_files(request, steps, n, &result, err)
			     : walk_only(request, steps, n, &result, err);
	if (*result.access.device)
		reply->document = step_document(&result);
	return ret;
}

static const char *const columns[] = { "from", "to", "duration=duration_ns|time", "errno",
				       NULL };

static const char *const file_columns[] = { "file", "does", "done", "bytes", "digest=xxh3_128", NULL };

static const struct text_part text[] = {
	{ .each = "arcs", .columns = columns },
	{ .each = "files", .columns = file_columns, .some = true },
	TEXT_LINE("state", "{state}[, {lost?yes=by a reset: what it held is lost}]"),
	{ .label = "warning", .show = "{}", .each = "warnings" },
	{}
};

const struct command command_step = {
	.name = "step",
	.operand_words = "DEVICE STATE[=FILE]...",
	.summary = "walk a device through migration states, timing each arc",
	.description =
		"Takes DEVICE to each STATE in turn, one arc of the state machine at a time, and "
		"says how long each took. STOP_COPY=FILE and PRE_COPY=FILE save there into an "
		"image, RESUMING=FILE loads one; without a file a data fd that an arc gives is "
		"closed. Without mlxmigctl hold the device is opened for it, and reset when the "
		"command ends.",
	.operands = { OPERAND_DEVICE, OPERAND_STATE },
	.min_operands = 2,
	.max_operands = -1,
	.options = options,
	.options_size = sizeof(struct step_options),
	.handles_state = true,
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
