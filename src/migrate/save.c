/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/save.h"

#include <stdlib.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "lib/text.h"
#include "migrate/precopy.h"
#include "migrate/save_file.h"

/* All devices; the vdevs are opened together, since devices may share a group. */
struct save_set {
	const struct save_plan *options;
	struct save_file *saves;
	struct vdev *vdevs;
	size_t n;
	uint64_t started_ns;
};

static void save_set_release(struct save_set *s)
{
	for (size_t i = 0; s->saves && i < s->n; i++)
		save_file_release(&s->saves[i]);
	for (size_t i = 0; s->vdevs && i < s->n; i++)
		vdev_close(&s->vdevs[i]);
	free(s->saves);
	free(s->vdevs);
}

static int save_set_init(struct save_set *s, const struct device *devices, char *const *paths,
			 struct transfer_result *results, struct err *err)
{
	s->vdevs = calloc(s->n, sizeof(*s->vdevs));
	for (size_t i = 0; s->vdevs && i < s->n; i++)
		s->vdevs[i] = (struct vdev)VDEV_INIT;
	if (s->vdevs)
		s->saves = calloc(s->n, sizeof(*s->saves));
	if (!s->saves)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", s->n);
	for (size_t i = 0; i < s->n; i++)
		save_file_init(&s->saves[i], s->options, &devices[i],
			       &s->vdevs[i], paths[i], &results[i]);
	return 0;
}

static int open_files(struct save_set *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (save_file_open(&s->saves[i], err))
			return -1;
	return 0;
}

static int check_target(const struct save_file *p, struct err *err)
{
	char buf[OPERAND_SIZE];

	if (mig_device_require_paused(&p->dev, err))
		return -1;
	if (p->dev.walker.state == STATE_RESUMING) {
		err_set(err, ERR_REFUSED, 0,
			"%s is in RESUMING: it waits for a state, and has none whole",
			p->dev.device->name);
		err_hint(err, "finish the load, or reset the device: mlxmigctl reset %s",
			 text_shell_word(buf, p->dev.device->name, "DEVICE"));
		return err_device(err, p->dev.device->name);
	}
	if (mig_device_check_then(&p->dev, p->target, err))
		return -1;
	if (state_exists(p->target, p->dev.caps.flags))
		return 0;
	err_set(err, ERR_UNSUPPORTED, 0, "%s does not offer state %s",
		p->dev.device->name, state_name(p->target));
	return err_device(err, p->dev.device->name);
}

/* That is seldom meant. */
static void warn_of_fresh(struct save_file *p)
{
	if (!p->dev.vdev->borrowed && p->dev.caps.reset)
		transfer_result_warn(p->dev.result,
				     "nobody had the device open, so it was reset first: what is saved is the state of a device that has done nothing yet");
}

static int take_devices(struct save_set *s, const struct device *devices, struct err *err)
{
	if (vdev_open_all(s->vdevs, devices, s->n, s->options->use, err))
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		struct save_file *p = &s->saves[i];

		if (mig_device_take(&p->dev, err))
			return -1;
		p->target = s->options->has_then ? s->options->then : p->dev.rest;
		if (check_target(p, err) || (s->options->precopy && precopy_check(p, err)))
			return -1;
		warn_of_fresh(p);
	}
	return 0;
}

static bool is_running(enum device_state state)
{
	return state == STATE_RUNNING || state == STATE_RUNNING_P2P ||
	       state == STATE_PRE_COPY || state == STATE_PRE_COPY_P2P;
}

static int begin_saves(struct save_set *s, struct err *err)
{
	s->started_ns = now_ns();
	for (size_t i = 0; i < s->n; i++)
		if (interrupt_check(err) || save_file_begin(&s->saves[i], err))
			return -1;
	return 0;
}

/* A device that was pre-copied stays in its session until its last byte is read. */
static int quiesce_device(struct save_file *p, struct err *err)
{
	if (!mig_device_has_p2p(&p->dev) || !is_running(p->dev.walker.state))
		return 0;
	return mig_device_walk(&p->dev, p->precopied ? STATE_PRE_COPY_P2P
						: STATE_RUNNING_P2P, NULL, err);
}

/* None of them starts anything towards another once the first one stops. */
static int quiesce_devices(struct save_set *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (interrupt_check(err) || quiesce_device(&s->saves[i], err))
			return -1;
	for (size_t i = 0; i < s->n; i++) {
		struct save_file *p = &s->saves[i];

		if (interrupt_check(err) ||
		    mig_device_walk(&p->dev, p->precopied ? STATE_STOP_COPY
						     : STATE_STOP, NULL, err))
			return -1;
	}
	return 0;
}

static int save_one(const struct save_set *s, struct save_file *p, struct err *err)
{
	if (interrupt_check(err) ||
	    (!p->precopied &&
	     mig_device_walk(&p->dev, STATE_STOP_COPY, &p->data_fd, err)) ||
	    save_file_read_rest(p, err) ||
	    mig_device_walk(&p->dev, STATE_STOP, NULL, err))
		return -1;
	return save_file_finish(p, s->started_ns, err);
}

static int to_target(struct save_file *p, struct err *err)
{
	return p->dev.walker.state == p->target ?
		       0 : mig_device_walk(&p->dev, p->target, NULL, err);
}

/* As they stopped: first all of them hear, then all of them speak. */
static int resume_all(struct save_set *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		struct save_file *p = &s->saves[i];

		if (p->target == STATE_RUNNING && mig_device_has_p2p(&p->dev) &&
		    mig_device_walk(&p->dev, STATE_RUNNING_P2P, NULL, err))
			return -1;
	}
	for (size_t i = 0; i < s->n; i++)
		if (to_target(&s->saves[i], err))
			return -1;
	return 0;
}

/* One that does not get its name takes none of the others with it. */
static int publish_files(struct save_set *s, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < s->n; i++)
		if (save_file_sync(&s->saves[i], err))
			return -1;
	if (interrupt_check(err))
		return -1;
	for (size_t i = 0; i < s->n; i++)
		ret |= save_file_publish(&s->saves[i], err);
	return ret;
}

static int save_all(struct save_set *s, struct err *err)
{
	if (begin_saves(s, err) ||
	    (s->options->precopy && precopy_run(s->saves, s->n, err)) ||
	    quiesce_devices(s, err))
		return -1;
	for (size_t i = 0; i < s->n; i++)
		if (save_one(s, &s->saves[i], err))
			return -1;
	return resume_all(s, err) || publish_files(s, err) ? -1 : 0;
}

int save_devices(const struct device *devices, char *const *paths, size_t n,
		 const struct save_plan *options, struct transfer_result *results, struct err *err)
{
	AUTO_INTERRUPT int begun = -1; /* first: signals are let in last */
	CLEANUP(save_set_release)
	struct save_set s = { .options = options, .n = n };
	int ret;

	if (save_set_init(&s, devices, paths, results, err) || open_files(&s, err))
		return -1;
	begun = interrupt_begin(err);
	if (begun || take_devices(&s, devices, err))
		return -1;
	ret = save_all(&s, err);
	for (size_t i = 0; i < n; i++) {
		struct save_file *p = &s.saves[i];

		if (ret) {
			mig_device_was_moved(&p->dev, err);
			mig_device_put_back(&p->dev);
		}
		p->dev.result->transfer.duration_ns = now_ns() - s.started_ns;
	}
	return ret;
}
