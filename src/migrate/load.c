/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/load.h"

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "migrate/load_stream.h"

static int check_target(const struct delivery *d, struct err *err)
{
	if (!d->options->has_then ||
	    fsm_state_exists(d->options->then, d->hand->caps.flags))
		return 0;
	err_set(err, ERR_UNSUPPORTED, 0, "%s does not offer state %s",
		d->hand->device->name, fsm_state_name(d->options->then));
	return err_device(err, d->hand->device->name);
}

/* Left so by a load that was killed; what came in then is of no use. */
static int leave_resuming(struct delivery *d, struct err *err)
{
	if (d->hand->walker.state != STATE_RESUMING)
		return 0;
	outcome_warn(d->outcome,
		     "it was in RESUMING, from a load that did not end, and has been reset");
	if (hand_reset(d->hand, err))
		return -1;
	d->hand->rest = d->hand->walker.state;
	return 0;
}

static int load(struct delivery *d, struct err *err)
{
	struct hand *hand = d->hand;

	d->outcome->transfer.started_unix_ns = now_unix_ns();
	if (leave_resuming(d, err) || interrupt_check(err) ||
	    hand_walk(hand, STATE_STOP, NULL, err) || interrupt_check(err) ||
	    hand_walk(hand, STATE_RESUMING, &d->data_fd, err) ||
	    delivery_run(d, err) || interrupt_check(err))
		return -1;
	cleanup_closep(&d->data_fd);
	d->data_fd = -1;
	/* A bare image is loaded here, since no record told its end. */
	return hand_walk(hand, STATE_STOP, NULL, err) ? delivery_hint_bare(d, err) : 0;
}

static int go_on(struct delivery *d, struct err *err)
{
	hand_stopped(d->hand);
	if (!d->options->has_then || d->options->then == STATE_STOP)
		return 0;
	if (hand_walk(d->hand, d->options->then, NULL, err))
		return -1;
	hand_stopped(d->hand);
	return 0;
}

/* All of it is in. Nothing here makes that undone. */
static int settle(struct delivery *d, struct err *err)
{
	struct transfer *transfer = &d->outcome->transfer;
	int ret;

	d->outcome->loaded = true;
	delivery_warn_of_framing(d);
	ret = go_on(d, err);
	/* Last, since the holder may have ended in the meantime. */
	transfer->kept = d->options->use == VDEV_FRESH ||
			 vdev_is_kept(d->hand->vdev, d->hand->device);
	if (!transfer->kept)
		outcome_warn(d->outcome, "nobody holds the device, so %s (mlxmigctl hold keeps a device open)",
			     d->hand->caps.reset ?
				     "the loaded state is gone again with the end of this command" :
				     "what becomes of the loaded state is its driver's affair");
	d->outcome->done = !ret;
	return ret;
}

static int load_into(struct delivery *d, const struct vdev *vdev,
		     const struct device *device, struct err *err)
{
	uint64_t started = now_ns();
	struct hand hand = { .device = device, .vdev = vdev,
			     .outcome = d->outcome };
	int ret;

	d->hand = &hand;
	if (hand_take(d->hand, err) || delivery_check_guest(d, err) ||
	    check_target(d, err) ||
	    delivery_check_offer(d, err))
		return -1;
	ret = load(d, err);
	if (ret && !hand_was_moved(d->hand, err))
		delivery_undo(d);
	else if (!ret)
		ret = settle(d, err);
	d->outcome->transfer.duration_ns = now_ns() - started;
	return ret;
}

int incoming_load_into(const struct device *device, struct vdev *vdev,
		       const char *path,
		       const struct incoming_options *options,
		       struct outcome *outcome, struct err *err)
{
	CLEANUP(delivery_release) struct delivery d = DELIVERY_INIT;

	d.options = options;
	d.outcome = outcome;
	if (delivery_open(&d, device, path, err))
		return -1;
	if (interrupt_fd() < 0 && interrupt_begin(err))
		return -1;
	if (vdev->fd < 0 && vdev_open(vdev, device, options->use, err))
		return -1;
	return load_into(&d, vdev, device, err) ?
		       delivery_hint_verify(&d, err) : 0;
}

int incoming_load(const struct device *device, const char *path,
		  const struct incoming_options *options,
		  struct outcome *outcome, struct err *err)
{
	AUTO_INTERRUPT int begun = 0; /* in the load; first: signals are let in last */
	AUTO_VDEV struct vdev vdev = VDEV_INIT;

	return incoming_load_into(device, &vdev, path, options, outcome, err);
}
