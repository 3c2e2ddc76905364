/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/visit.h"
#include "commands.h"
#include "engine/walk.h"
#include "report/walk.h"
#include "sys/mig.h"

enum { KEY_LIVE = 0x300 };

struct step_options {
	bool live;
};

static const struct argp_option options[] = {
	{ "live", KEY_LIVE, NULL, 0, LIVE_HELP, 0 },
	{}
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct step_options *step = data;

	(void)arg;
	(void)err;
	if (key != KEY_LIVE)
		return ARGP_ERR_UNKNOWN;
	step->live = true;
	return 0;
}

/* DEVICE and @n states; the same target twice is no arc, but may be said. */
static int parse_targets(char **operands, size_t n,
			 enum device_state targets[ARCS_MAX], struct err *err)
{
	const char *device = *operands++;

	if (n > ARCS_MAX)
		return err_set(err, ERR_USAGE, 0,
			       "%zu states; at most %d at a time", n, ARCS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (fsm_state_parse(operands[i], &targets[i])) {
			err_set(err, ERR_USAGE, 0, "no such state: %s",
				operands[i]);
			return err_hint(err,
					"the states are STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY and PRE_COPY_P2P");
		}
		if (targets[i] == STATE_ERROR) {
			err_set(err, ERR_USAGE, 0,
				"no device can be asked into ERROR");
			return err_hint(err,
					"a device enters it by itself, and leaves it by mlxmigctl reset %s",
					device);
		}
	}
	return 0;
}

static int check(const void *options, char **operands, size_t n_operands,
		 struct err *err)
{
	enum device_state targets[ARCS_MAX];

	(void)options;
	return parse_targets(operands, n_operands - 1, targets, err);
}

/* What was walked is told also when an arc was refused. */
static int walk_all(const struct vdev *vdev, const struct mig_caps *caps,
		    const enum device_state *targets, size_t n,
		    struct step_result *result, struct err *err)
{
	struct walker walker;
	int ret = 0;

	if (walker_init(&walker, vdev, caps->flags, &result->walk, err))
		return -1;
	result->origin = walker.state;
	if (walk_plan(walker.state, targets, n, caps->flags, err))
		return err_device(err, vdev->name);
	for (size_t i = 0; i < n && !ret; i++)
		ret = walk_to(&walker, targets[i], NULL, err);
	result->visit.state = walker.state;
	result->closed_fd = walk_left_session(&result->walk, walker.state);
	return ret;
}

static int run(const struct request *request, struct reply *reply,
	       struct err *err)
{
	const struct step_options *step = request->options;
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	enum device_state targets[ARCS_MAX];
	size_t n = request->n_operands - 1;
	struct step_result result = { 0 };
	struct device device;
	struct mig_caps caps;
	int ret;

	if (parse_targets(request->operands, n, targets, err) ||
	    visit_begin(request->operands[0], visit_use(step->live), &vdev,
			&result.visit, &device, &caps, err) ||
	    mig_require(&device, &caps, err))
		return -1;
	result.origin = result.visit.state;
	ret = walk_all(&vdev, &caps, targets, n, &result, err);
	reply->document = report_step(&result);
	return ret;
}

static const char *const columns[] = { "from", "to", "duration=duration_ns|time", "errno",
				       NULL };

static const struct text_part text[] = {
	{ .each = "arcs", .columns = columns },
	TEXT_LINE("warnings", "{warnings}"),
	{}
};

const struct command command_step = {
	.name = "step",
	.operand_words = "DEVICE STATE...",
	.summary = "walk a device through migration states, timing each arc",
	.description =
		"Takes DEVICE to each STATE in turn, one arc of the state "
		"machine at a time, and says how long each took. A data fd "
		"that an arc gives is closed. Without mlxmigctl hold the "
		"device is opened for it, and reset when the command ends.",
	.operands = { OPERAND_DEVICE, OPERAND_STATE },
	.min_operands = 2,
	.max_operands = -1,
	.options = options,
	.options_size = sizeof(struct step_options),
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
