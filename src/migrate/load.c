/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/load.h"

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "migrate/load_stream.h"

static int check_target(const struct load_stream *d, struct err *err)
{
	if (!d->options->has_then || state_exists(d->options->then, d->dev->caps.flags))
		return 0;
	err_set(err, ERR_UNSUPPORTED, 0, "%s does not offer state %s",
		d->dev->device->name, state_name(d->options->then));
	return err_device(err, d->dev->device->name);
}

/* Left so by a load that was killed; what came in then is of no use. */
static int leave_resuming(struct load_stream *d, struct err *err)
{
	if (d->dev->walker.state != STATE_RESUMING)
		return 0;
	transfer_result_warn(d->result,
			     "it was in RESUMING, from a load that did not end, and has been reset");
	if (mig_device_reset(d->dev, err))
		return -1;
	d->dev->rest = d->dev->walker.state;
	return 0;
}

static int load_state(struct load_stream *d, struct err *err)
{
	struct mig_device *dev = d->dev;

	d->result->transfer.started_unix_ns = now_unix_ns();
	if (leave_resuming(d, err) || interrupt_check(err) ||
	    mig_device_walk(dev, STATE_STOP, NULL, err) || interrupt_check(err) ||
	    mig_device_walk(dev, STATE_RESUMING, &d->data_fd, err) ||
	    load_stream_run(d, err) || interrupt_check(err))
		return -1;
	cleanup_closep(&d->data_fd);
	d->data_fd = -1;
	/* A bare image is loaded here, since no record told its end. */
	return mig_device_walk(dev, STATE_STOP, NULL, err) ? load_stream_hint_bare(d, err) : 0;
}

static int leave_in_target_state(struct load_stream *d, struct err *err)
{
	mig_device_note_stopped(d->dev);
	if (!d->options->has_then || d->options->then == STATE_STOP)
		return 0;
	if (mig_device_walk(d->dev, d->options->then, NULL, err))
		return load_stream_hint_incomplete(d, err);
	mig_device_note_stopped(d->dev);
	return 0;
}

/* All of it is in. Nothing here makes that undone. */
static int finish_load(struct load_stream *d, struct err *err)
{
	struct transfer *transfer = &d->result->transfer;
	int ret;

	d->result->loaded = true;
	load_stream_warn_of_framing(d);
	ret = leave_in_target_state(d, err);
	/* Last, since the holder may have ended in the meantime. */
	transfer->kept = d->options->use == VDEV_FRESH ||
			 vdev_is_kept(d->dev->vdev, d->dev->device);
	if (!transfer->kept)
		transfer_result_warn(d->result, "nobody holds the device, so %s (mlxmigctl hold keeps a device open)",
				     d->dev->caps.reset ?
				     "the loaded state is gone again with the end of this command" :
				     "what becomes of the loaded state is its driver's affair");
	d->result->done = !ret;
	return ret;
}

static int load_into(struct load_stream *d, const struct vdev *vdev,
		     const struct device *device, struct err *err)
{
	uint64_t started = now_ns();
	struct mig_device dev = { .device = device, .vdev = vdev,
			     .result = d->result };
	int ret;

	d->dev = &dev;
	if (mig_device_take(d->dev, err) || load_stream_check_guest(d, err) ||
	    check_target(d, err) ||
	    load_stream_check_offer(d, err))
		return -1;
	ret = load_state(d, err);
	if (ret && !mig_device_was_moved(d->dev, err))
		load_stream_undo(d);
	else if (!ret)
		ret = finish_load(d, err);
	d->result->transfer.duration_ns = now_ns() - started;
	return ret;
}

int load_into_device(const struct device *device, struct vdev *vdev, const char *path,
		     const struct load_plan *options, struct transfer_result *result,
		     struct err *err)
{
	CLEANUP(load_stream_release) struct load_stream d = LOAD_STREAM_INIT;

	d.options = options;
	d.result = result;
	if (load_stream_open(&d, device, path, err) ||
	    (interrupt_fd() < 0 && interrupt_begin(err)) ||
	    (vdev->fd < 0 && vdev_open(vdev, device, options->use, err)))
		return err_device(err, device->name);
	if (!load_into(&d, vdev, device, err))
		return 0;
	load_stream_hint_verify(&d, err);
	return err_device(err, device->name);
}

int load_device(const struct device *device, const char *path, const struct load_plan *options,
		struct transfer_result *result, struct err *err)
{
	AUTO_INTERRUPT int begun = 0; /* in the load; first: signals are let in last */
	AUTO_VDEV struct vdev vdev = VDEV_INIT;

	return load_into_device(device, &vdev, path, options, result, err);
}
