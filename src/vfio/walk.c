/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/walk.h"

#include <errno.h>
#include <stdio.h>

#include "host/fw_error.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "vfio/hold_marker.h"
#include "vfio/holders.h"
#include "vfio/migration.h"

/* The tool does not reset a guest's device. */
static void hint_reset_guest(const struct vdev *vdev, struct err *err)
{
	char guest[256], buf[OPERAND_SIZE];

	if (!vdev_is_live(vdev) || err->code != ERR_IN_ERROR)
		return;
	holder_guest(&vdev->lender, guest, sizeof(guest));
	err_hint(err, "only a reset ends this state: reset the guest (virsh reset %s, or QMP's system_reset)",
		 text_shell_word(buf, guest, "GUEST"));
}

static int in_error(const struct vdev *vdev, struct err *err)
{
	err_set(err, ERR_IN_ERROR, 0, "%s is in ERROR", vdev->name);
	hint_reset_guest(vdev, err);
	return err_device(err, vdev->name);
}

int walker_init(struct walker *walker, const struct vdev *vdev, uint64_t flags,
		struct walk *walk, struct err *err)
{
	*walker = (struct walker){ .vdev = vdev, .flags = flags, .walk = walk };
	*walk = (struct walk){ 0 };
	memory_watch_begin(&walker->memory);
	if (mig_state_get(vdev, &walker->state, err))
		return -1;
	return walker->state == STATE_ERROR ? in_error(vdev, err) : 0;
}

int walk_say_moved(const struct walker *walker, enum device_state now, struct err *err)
{
	const struct vdev *vdev = walker->vdev;
	char who[80] = "somebody else";

	if (vdev_is_live(vdev))
		snprintf(who, sizeof(who), "%s (pid %d), whose it is,",
			 vdev->lender.comm, (int)vdev->lender.pid);
	err_set(err, ERR_BUSY, 0, "%s was left in %s and is in %s now: %s moves it", vdev->name,
		state_name(walker->state), state_name(now), who);
	err_hint(err, "nothing more was done to it; try again when nobody else moves it");
	return err_device(err, vdev->name);
}

static int taken_away(struct walker *walker, enum device_state now, struct err *err)
{
	walk_say_moved(walker, now, err);
	walker->state = now;
	return -1;
}

/* Is the device still where we left it? */
static int check_unmoved(struct walker *walker, struct err *err)
{
	enum device_state now;

	if (mig_state_get(walker->vdev, &now, err))
		return -1;
	if (now == walker->state)
		return 0;
	if (now != STATE_ERROR)
		return taken_away(walker, now, err);
	walker->state = now;
	return in_error(walker->vdev, err);
}

static bool is_in(const struct vdev *vdev, enum device_state state)
{
	enum device_state now;
	struct err ignored = ERR_INIT;

	return !mig_state_get(vdev, &now, &ignored) && now == state;
}

/*
 * A signal may end the wait for a command that is still in the firmware; the
 * device has not moved then, and the arc is asked for again. Whether the
 * signal shall end more than that is the caller's to say between two walks.
 */
static int set_state(const struct walker *walker, enum device_state next, int *fd)
{
	int ret;

	do {
		ret = mig_state_set(walker->vdev, next, fd);
	} while (ret == -EINTR && is_in(walker->vdev, walker->state));
	return ret;
}

static const char *hint_for(int num)
{
	switch (num) {
	case ENOTCONN:
		return "its PF has switched SR-IOV off, or lost its driver";
	case EMFILE:
	case ENFILE:
		return "raise the limit of open files (ulimit -n), and go to STOP or reset the device";
	default:
		return NULL;
	}
}

/*
 * Names the memory that was short, and what the arc needed: a save knows that. In
 * chunks it needs less. Pre-copy has the memory of two saves and a tenth more, so
 * that stopping needs none (kmod/supply.c).
 */
static int explain_no_memory(const struct walker *walker, const struct arc *arc, struct err *err)
{
	struct memory_need need = { .at_most = true };

	if (state_has_data(arc->to) && arc->to != STATE_RESUMING)
		mig_data_size(walker->vdev, &need.bytes);
	if (arc->to == STATE_PRE_COPY || arc->to == STATE_PRE_COPY_P2P) {
		need.bytes += need.bytes + need.bytes / 5;
		need.instead = "save without pre-copy, which needs less than half of it";
	}
	return memory_watch_explain(&walker->memory, &need, err);
}

/* @watch: since before the arc */
static int refused_error(struct walker *walker, const struct arc *arc,
			 const struct fw_error_watch *watch, struct err *err)
{
	struct fw_error failure;
	struct err ignored = ERR_INIT;
	const char *hint = hint_for(arc->num);
	enum device_state now = arc->from;

	mig_state_get(walker->vdev, &now, &ignored);
	if (now != arc->from && now != STATE_ERROR)
		return taken_away(walker, now, err);
	walker->state = now;
	err_set(err,
		walker->state == STATE_ERROR ? ERR_IN_ERROR : ERR_REFUSED,
		arc->num, "%s: %s > %s was refused, which left it in %s",
		walker->vdev->name, state_name(arc->from),
		state_name(arc->to), state_name(walker->state));
	if (fw_error_watch_first(watch, &failure))
		err_firmware(err, &failure);
	if (hint && walker->state != STATE_ERROR)
		err_hint(err, "%s", hint);
	hint_reset_guest(walker->vdev, err);
	if (arc->num == ENOMEM)
		explain_no_memory(walker, arc, err);
	return err_device(err, walker->vdev->name);
}

static int walk_arc(struct walker *walker, enum device_state next, int *fd, struct err *err)
{
	AUTO_FW_ERROR_WATCH struct fw_error_watch watch = FW_ERROR_WATCH_INIT;
	struct arc *arc;
	uint64_t start;

	if (walker->walk->n_arcs == ARCS_MAX)
		return err_set(err, ERR_INTERNAL, 0, "%s: a walk of more than %d arcs",
			       walker->vdev->name, ARCS_MAX);
	fw_error_watch_begin(&watch, walker->vdev->name);
	/* The last thing before the arc: what lies between is when another may move it unseen. */
	if (check_unmoved(walker, err))
		return -1;
	arc = &walker->walk->arcs[walker->walk->n_arcs++];
	*arc = (struct arc){ .from = walker->state, .to = next };
	start = now_ns();
	arc->begun_ns = start;
	arc->num = -set_state(walker, next, fd);
	arc->duration_ns = now_ns() - start;
	if (arc->num)
		return refused_error(walker, arc, &watch, err);
	if (next == STATE_RESUMING && walker->vdev->lender.kind == HOLDER_HOLD)
		hold_marker_note_load(walker->vdev->name);
	walker->state = next;
	return 0;
}

static int no_way(enum device_state from, enum device_state to, uint64_t flags, struct err *err)
{
	if (from == STATE_ERROR)
		return err_set(err, ERR_IN_ERROR, 0, "the device is in ERROR");
	if (to == STATE_ERROR)
		return err_set(err, ERR_USAGE, 0, "no device can be asked into ERROR");
	if (!state_exists(to, flags))
		return err_set(err, ERR_UNSUPPORTED, 0, "the device does not offer state %s",
			       state_name(to));
	err_set(err, ERR_REFUSED, 0, "there is no way from %s to %s",
		state_name(from), state_name(to));
	return err_hint(err, "go to STOP or RUNNING first");
}

int walk_to(struct walker *walker, enum device_state target, int *data_fd, struct err *err)
{
	enum device_state next;
	AUTO_CLOSE int fd = -1;

	if (data_fd)
		*data_fd = -1;
	while (walker->state != target) {
		AUTO_CLOSE int given = -1;

		if (state_next(walker->state, target, walker->flags, &next)) {
			no_way(walker->state, target, walker->flags, err);
			return err_device(err, walker->vdev->name);
		}
		if (walk_arc(walker, next, &given, err))
			return -1;
		if (given >= 0) {
			cleanup_closep(&fd);
			fd = TAKE_FD(given);
		}
	}
	if (data_fd)
		*data_fd = TAKE_FD(fd);
	return 0;
}

int walk_plan(enum device_state from, const enum device_state *targets,
	      size_t n, uint64_t flags, struct err *err)
{
	enum device_state path[STATE_PATH_MAX];
	int total = 0;

	for (size_t i = 0; i < n; i++) {
		int arcs = state_path(from, targets[i], flags, path);

		if (arcs < 0 || from == STATE_ERROR)
			return no_way(from, targets[i], flags, err);
		total += arcs;
		from = targets[i];
	}
	if (total > ARCS_MAX)
		return err_set(err, ERR_USAGE, 0,
			       "that is a walk of %d arcs; at most %d at a time",
			       total, ARCS_MAX);
	return 0;
}

int walk_check_live(const struct vdev *vdev, const struct step_target *steps,
		    size_t n, struct err *err)
{
	if (!vdev_is_live(vdev))
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (steps[i].state != STATE_RESUMING || steps[i].file)
			continue;
		err_set(err, ERR_USAGE, 0,
			"%s in RESUMING without a file: the guest of %s (pid %d) would lose its device's state for nothing",
			vdev->name, vdev->lender.comm, (int)vdev->lender.pid);
		err_hint(err, "name the image to be loaded: RESUMING=FILE, with --overwrite-guest-state");
		return err_device(err, vdev->name);
	}
	return 0;
}

bool walk_entered(const struct walk *walk, enum device_state state)
{
	for (size_t i = 0; i < walk->n_arcs; i++)
		if (!walk->arcs[i].num && walk->arcs[i].to == state)
			return true;
	return false;
}

bool walk_left_session(const struct walk *walk, enum device_state now)
{
	if (!state_has_data(now))
		return false;
	/* From one data state to another there is but the way that keeps the fd. */
	for (size_t i = 0; i < walk->n_arcs; i++)
		if (!walk->arcs[i].num && state_gives_fd(walk->arcs[i].from, walk->arcs[i].to))
			return true;
	return false;
}

int walk_reset(const struct vdev *vdev, bool has_state,
	       struct reset_result *result, struct err *err)
{
	uint64_t start;

	result->access.has_state = has_state;
	if (has_state && mig_state_get(vdev, &result->before, err))
		return -1;
	start = now_ns();
	if (mig_reset(vdev, err))
		return -1;
	result->duration_ns = now_ns() - start;
	return has_state ? mig_state_get(vdev, &result->access.state, err) : 0;
}
