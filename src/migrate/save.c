/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/save.h"

#include <stdlib.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "migrate/precopy.h"
#include "migrate/save_file.h"

/* All devices; the vdevs are opened together, since devices may share a group. */
struct shipment {
	const struct outgoing_options *options;
	struct parcel *parcels;
	struct vdev *vdevs;
	size_t n;
	uint64_t started_ns;
};

static void shipment_release(struct shipment *s)
{
	for (size_t i = 0; s->parcels && i < s->n; i++)
		parcel_release(&s->parcels[i]);
	for (size_t i = 0; s->vdevs && i < s->n; i++)
		vdev_close(&s->vdevs[i]);
	free(s->parcels);
	free(s->vdevs);
}

static int shipment_init(struct shipment *s, const struct device *devices,
			 char *const *paths, struct outcome *outcomes,
			 struct err *err)
{
	s->vdevs = calloc(s->n, sizeof(*s->vdevs));
	for (size_t i = 0; s->vdevs && i < s->n; i++)
		s->vdevs[i] = (struct vdev)VDEV_INIT;
	if (s->vdevs)
		s->parcels = calloc(s->n, sizeof(*s->parcels));
	if (!s->parcels)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", s->n);
	for (size_t i = 0; i < s->n; i++)
		parcel_init(&s->parcels[i], s->options, &devices[i],
			    &s->vdevs[i], paths[i], &outcomes[i]);
	return 0;
}

static int open_files(struct shipment *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (parcel_open_file(&s->parcels[i], err))
			return -1;
	return 0;
}

static int check_target(const struct parcel *p, struct err *err)
{
	if (hand_require_paused(&p->hand, err))
		return -1;
	if (p->hand.walker.state == STATE_RESUMING) {
		err_set(err, ERR_REFUSED, 0,
			"%s is in RESUMING: it waits for a state, and has none whole",
			p->hand.device->name);
		err_hint(err, "finish the load, or reset the device: mlxmigctl reset %s",
			 p->hand.device->name);
		return err_device(err, p->hand.device->name);
	}
	if (hand_check_then(&p->hand, p->target, err))
		return -1;
	if (fsm_state_exists(p->target, p->hand.caps.flags))
		return 0;
	err_set(err, ERR_UNSUPPORTED, 0, "%s does not offer state %s",
		p->hand.device->name, fsm_state_name(p->target));
	return err_device(err, p->hand.device->name);
}

/* That is seldom meant. */
static void warn_of_fresh(struct parcel *p)
{
	if (!p->hand.vdev->borrowed && p->hand.caps.reset)
		outcome_warn(p->hand.outcome,
			     "nobody had the device open, so it was reset first: what is saved is the state of a device that has done nothing yet");
}

static int take_devices(struct shipment *s, const struct device *devices,
			struct err *err)
{
	if (vdev_open_all(s->vdevs, devices, s->n, s->options->use,
			  err))
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		struct parcel *p = &s->parcels[i];

		if (hand_take(&p->hand, err))
			return -1;
		p->target = s->options->has_then ? s->options->then
						 : p->hand.rest;
		if (check_target(p, err) ||
		    (s->options->precopy && precopy_check(p, err)))
			return -1;
		warn_of_fresh(p);
	}
	return 0;
}

static bool runs(enum device_state state)
{
	return state == STATE_RUNNING || state == STATE_RUNNING_P2P ||
	       state == STATE_PRE_COPY || state == STATE_PRE_COPY_P2P;
}

static int begin(struct shipment *s, struct err *err)
{
	s->started_ns = now_ns();
	for (size_t i = 0; i < s->n; i++)
		if (interrupt_check(err) || parcel_begin(&s->parcels[i], err))
			return -1;
	return 0;
}

/* A device that was pre-copied stays in its session until its last byte is read. */
static int quiet_initiator(struct parcel *p, struct err *err)
{
	if (!hand_has_p2p(&p->hand) || !runs(p->hand.walker.state))
		return 0;
	return hand_walk(&p->hand, p->precopied ? STATE_PRE_COPY_P2P
						: STATE_RUNNING_P2P, NULL, err);
}

/* None of them starts anything towards another once the first one stops. */
static int quiesce(struct shipment *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (interrupt_check(err) ||
		    quiet_initiator(&s->parcels[i], err))
			return -1;
	for (size_t i = 0; i < s->n; i++) {
		struct parcel *p = &s->parcels[i];

		if (interrupt_check(err) ||
		    hand_walk(&p->hand, p->precopied ? STATE_STOP_COPY
						     : STATE_STOP, NULL, err))
			return -1;
	}
	return 0;
}

static int save_one(const struct shipment *s, struct parcel *p,
		    struct err *err)
{
	if (interrupt_check(err) ||
	    (!p->precopied &&
	     hand_walk(&p->hand, STATE_STOP_COPY, &p->data_fd, err)) ||
	    parcel_read_rest(p, err) ||
	    hand_walk(&p->hand, STATE_STOP, NULL, err))
		return -1;
	return parcel_finish(p, s->started_ns, err);
}

static int to_target(struct parcel *p, struct err *err)
{
	return p->hand.walker.state == p->target ?
		       0 : hand_walk(&p->hand, p->target, NULL, err);
}

/* As they stopped: first all of them hear, then all of them speak. */
static int let_go(struct shipment *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		struct parcel *p = &s->parcels[i];

		if (p->target == STATE_RUNNING && hand_has_p2p(&p->hand) &&
		    hand_walk(&p->hand, STATE_RUNNING_P2P, NULL, err))
			return -1;
	}
	for (size_t i = 0; i < s->n; i++)
		if (to_target(&s->parcels[i], err))
			return -1;
	return 0;
}

static int publish(struct shipment *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (parcel_sync(&s->parcels[i], err))
			return -1;
	if (interrupt_check(err))
		return -1;
	for (size_t i = 0; i < s->n; i++)
		if (parcel_publish(&s->parcels[i], err))
			return -1;
	return 0;
}

static int save_all(struct shipment *s, struct err *err)
{
	if (begin(s, err) ||
	    (s->options->precopy && precopy_run(s->parcels, s->n, err)) ||
	    quiesce(s, err))
		return -1;
	for (size_t i = 0; i < s->n; i++)
		if (save_one(s, &s->parcels[i], err))
			return -1;
	return let_go(s, err) || publish(s, err) ? -1 : 0;
}

int outgoing_save(const struct device *devices, char *const *paths, size_t n,
		  const struct outgoing_options *options,
		  struct outcome *outcomes, struct err *err)
{
	AUTO_INTERRUPT int begun = -1; /* first: signals are let in last */
	CLEANUP(shipment_release)
	struct shipment s = { .options = options, .n = n };
	int ret;

	if (shipment_init(&s, devices, paths, outcomes, err) ||
	    open_files(&s, err))
		return -1;
	begun = interrupt_begin(err);
	if (begun || take_devices(&s, devices, err))
		return -1;
	ret = save_all(&s, err);
	for (size_t i = 0; i < n; i++) {
		struct parcel *p = &s.parcels[i];

		if (ret) {
			hand_was_moved(&p->hand, err);
			hand_put_back(&p->hand);
		}
		p->hand.outcome->transfer.duration_ns =
			now_ns() - s.started_ns;
	}
	return ret;
}
