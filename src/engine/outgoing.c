/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/outgoing.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/outfile.h"
#include "base/text.h"
#include "engine/hand.h"
#include "engine/pump.h"
#include "sys/mig.h"

_Static_assert(PUMP_BLOCK <= IMAGE_MEMBER_MAX, "a block must fit a member");

/* One device on its way out. */
struct parcel {
	struct hand hand;
	struct outfile out;
	struct image_writer *writer;
	struct pump_fd from;
	enum device_state target;
};

/* All of them; the vdevs are opened together, since devices may share a group. */
struct shipment {
	const struct outgoing_options *options;
	struct parcel *parcels;
	struct vdev *vdevs;
	size_t n;
	uint64_t started_ns;
};

static void shipment_release(struct shipment *s)
{
	for (size_t i = 0; s->parcels && i < s->n; i++) {
		image_writer_free(s->parcels[i].writer);
		outfile_discard(&s->parcels[i].out);
	}
	for (size_t i = 0; s->vdevs && i < s->n; i++)
		vdev_close(&s->vdevs[i]);
	free(s->parcels);
	free(s->vdevs);
}

static int shipment_init(struct shipment *s, const struct device *devices,
			 char *const *paths, struct outcome *outcomes,
			 struct err *err)
{
	s->parcels = calloc(s->n, sizeof(*s->parcels));
	s->vdevs = calloc(s->n, sizeof(*s->vdevs));
	for (size_t i = 0; s->vdevs && i < s->n; i++)
		s->vdevs[i] = (struct vdev)VDEV_INIT;
	for (size_t i = 0; s->parcels && i < s->n; i++) {
		struct parcel *p = &s->parcels[i];

		p->out = (struct outfile)OUTFILE_INIT;
		p->hand = (struct hand){ .device = &devices[i],
					 .vdev = s->vdevs ? &s->vdevs[i] : NULL,
					 .outcome = &outcomes[i] };
		text_copy(outcomes[i].device, sizeof(outcomes[i].device),
			  devices[i].name);
		outcomes[i].file = paths[i];
		outcomes[i].raw = s->options->image.raw;
		outcomes[i].compressed = s->options->image.zstd_level > 0;
	}
	if (!s->parcels || !s->vdevs)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", s->n);
	return 0;
}

/* Before any device is touched: what cannot be written ends it here. */
static int open_files(struct shipment *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		struct parcel *p = &s->parcels[i];

		if (outfile_open(&p->out, p->hand.outcome->file,
				 s->options->overwrite, err))
			return err_device(err, p->hand.device->name);
	}
	return 0;
}

static int check_target(const struct parcel *p, struct err *err)
{
	if (p->hand.walker.state == STATE_RESUMING) {
		err_set(err, ERR_REFUSED, 0,
			"%s is in RESUMING: it waits for a state, and has none whole",
			p->hand.device->name);
		err_hint(err, "finish the load, or reset the device: mlxmigctl reset %s",
			 p->hand.device->name);
		return err_device(err, p->hand.device->name);
	}
	if (fsm_state_exists(p->target, p->hand.caps.flags))
		return 0;
	err_set(err, ERR_UNSUPPORTED, 0, "%s does not offer state %s",
		p->hand.device->name, fsm_state_name(p->target));
	return err_device(err, p->hand.device->name);
}

static int take_devices(struct shipment *s, const struct device *devices,
			struct err *err)
{
	if (vdev_open_all(s->vdevs, devices, s->n, VDEV_ANY, err))
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		struct parcel *p = &s->parcels[i];

		if (hand_take(&p->hand, err))
			return -1;
		p->target = s->options->has_then ? s->options->then
						 : p->hand.rest;
		if (check_target(p, err))
			return -1;
	}
	return 0;
}

static bool runs(enum device_state state)
{
	return state == STATE_RUNNING || state == STATE_RUNNING_P2P ||
	       state == STATE_PRE_COPY || state == STATE_PRE_COPY_P2P;
}

/* None of them starts anything towards another once the first one stops. */
static int quiesce(struct shipment *s, struct err *err)
{
	s->started_ns = now_ns();
	for (size_t i = 0; i < s->n; i++) {
		struct hand *hand = &s->parcels[i].hand;

		hand->outcome->transfer.started_unix_ns = now_unix_ns();
		if (interrupt_check(err))
			return -1;
		if (hand_has_p2p(hand) && runs(hand->walker.state) &&
		    hand_walk(hand, STATE_RUNNING_P2P, NULL, err))
			return -1;
	}
	for (size_t i = 0; i < s->n; i++)
		if (interrupt_check(err) ||
		    hand_walk(&s->parcels[i].hand, STATE_STOP, NULL, err))
			return -1;
	return 0;
}

/* What went wrong with the file is told with its name. */
static int file_failed(const struct parcel *p, struct err *err)
{
	const char *name = p->hand.outcome->file;

	if (err->code == ERR_INTERRUPTED)
		return -1;
	if (err->num == EPIPE)
		err_hint(err, "who read it has ended: look for the reason there");
	err_wrap(err, "%s", strcmp(name, "-") ? name : "stdout");
	return err_device(err, p->hand.device->name);
}

static int open_writer(const struct shipment *s, struct parcel *p,
		       struct err *err)
{
	struct image_options image = s->options->image;
	uint64_t started = p->hand.outcome->transfer.started_unix_ns;
	struct image_origin origin = { .saved_unix_ns = started };
	struct device device = *p->hand.device;
	AUTO_FREE char *json = NULL;
	struct utsname host;

	device.probed = true;
	device.probe_fresh = !p->hand.vdev->borrowed;
	device.caps = p->hand.caps;
	image.mtime_s = (int64_t)(started / 1000000000u);
	if (!uname(&host))
		text_copy(origin.kernel, sizeof(origin.kernel), host.release);
	text_copy(origin.tool, sizeof(origin.tool), s->options->tool);
	json = s->options->device_json(&device, &origin);
	if (!json)
		return err_set(err, ERR_NO_MEMORY, 0, "device.json");
	return image_writer_open(&p->writer, p->out.fd, &image,
				 image.raw ? NULL : json,
				 image.raw ? 0 : strlen(json), err) ?
		       file_failed(p, err) : 0;
}

/* A block is a member; its digest is this thread's work, since the other has the file. */
static int read_block(struct pump_block *block, void *data, struct err *err)
{
	struct parcel *p = data;
	int ret = pump_source_fd(block, &p->from, err);

	if (ret <= 0)
		return ret;
	image_writer_digest(p->writer, block->phase, block->data, block->len,
			    block->digest);
	record_feed(&p->hand.outcome->transfer.records, block->data,
		    block->len, NULL, NULL);
	return ret;
}

static int write_block(const struct pump_block *block, void *data,
		       struct err *err)
{
	struct parcel *p = data;

	return image_writer_member(p->writer, block->phase, block->data,
				   block->len, block->digest, err) ?
		       file_failed(p, err) : 0;
}

/* A stream that ends in the middle is no state, though the device said no more. */
static int check_whole(const struct parcel *p, struct err *err)
{
	const struct transfer *transfer = &p->hand.outcome->transfer;

	if (!transfer->bytes)
		return err_set(err, ERR_IO, 0, "%s gave no state",
			       p->hand.device->name);
	if (transfer->records.format != STREAM_RECORDS)
		return 0;
	return record_require_complete(&transfer->records, err);
}

static int pump_out(const struct shipment *s, struct parcel *p, int data_fd,
		    struct err *err)
{
	struct transfer *transfer = &p->hand.outcome->transfer;
	struct pump pump = {
		.source = read_block,
		.source_data = p,
		.sink = write_block,
		.sink_data = p,
		.progress = s->options->progress,
		.progress_data = s->options->progress_data,
		.sample = { .device = p->hand.device->name,
			    .phase = phase_name(PHASE_STOP_COPY) },
	};
	uint64_t begun = now_ns();
	int ret;

	p->from = (struct pump_fd){ .fd = data_fd,
				    .name = p->hand.device->name,
				    .phase = PHASE_STOP_COPY };
	mig_data_size(p->hand.vdev, &pump.sample.total_bytes);
	ret = pump_run(&pump, &transfer->bytes, err);
	transfer->phases[PHASE_STOP_COPY].duration_ns = now_ns() - begun;
	hand_stopped(&p->hand);
	return ret ? -1 : check_whole(p, err);
}

static int finish_image(const struct shipment *s, struct parcel *p,
			struct err *err)
{
	struct transfer *transfer = &p->hand.outcome->transfer;
	AUTO_FREE char *json = NULL;
	struct image_totals totals;

	if (image_writer_flush(p->writer, &totals, err))
		return file_failed(p, err);
	for (int i = 0; i < PHASE_COUNT; i++) {
		transfer->phases[i].bytes = totals.phases[i].bytes;
		transfer->phases[i].members = totals.phases[i].members;
	}
	text_copy(transfer->digest, sizeof(transfer->digest), totals.digest);
	/* What is left to do is not in the image's own account. */
	transfer->duration_ns = now_ns() - s->started_ns;
	json = s->options->manifest_json(&totals, transfer);
	if (!json)
		return err_set(err, ERR_NO_MEMORY, 0, "manifest.json");
	if (image_writer_finish(p->writer, json, strlen(json), err))
		return file_failed(p, err);
	image_writer_free(TAKE_PTR(p->writer));
	return 0;
}

static int name_device(const struct parcel *p, struct err *err)
{
	return err->code == ERR_INTERRUPTED ?
		       -1 : err_device(err, p->hand.device->name);
}

static int save_one(const struct shipment *s, struct parcel *p,
		    struct err *err)
{
	AUTO_CLOSE int data_fd = -1;

	if (open_writer(s, p, err))
		return name_device(p, err);
	if (interrupt_check(err) ||
	    hand_walk(&p->hand, STATE_STOP_COPY, &data_fd, err))
		return -1;
	if (pump_out(s, p, data_fd, err))
		return name_device(p, err);
	if (hand_walk(&p->hand, STATE_STOP, NULL, err))
		return -1;
	return finish_image(s, p, err) ? name_device(p, err) : 0;
}

static int to_target(struct parcel *p, struct err *err)
{
	if (p->hand.walker.state != p->target &&
	    hand_walk(&p->hand, p->target, NULL, err))
		return -1;
	if (runs(p->target))
		hand_stopped(&p->hand);
	return 0;
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
	for (size_t i = 0; i < s->n; i++) {
		struct parcel *p = &s->parcels[i];
		struct stat st;

		if (!fstat(p->out.fd, &st) && S_ISREG(st.st_mode))
			p->hand.outcome->file_bytes = (uint64_t)st.st_size;
		if (outfile_sync(&p->out, err))
			return name_device(p, err);
	}
	if (interrupt_check(err))
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		struct parcel *p = &s->parcels[i];

		if (outfile_publish(&p->out, err))
			return name_device(p, err);
		p->hand.outcome->done = true;
	}
	return 0;
}

static int save_all(struct shipment *s, struct err *err)
{
	if (quiesce(s, err))
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

		if (ret)
			hand_put_back(&p->hand);
		p->hand.outcome->transfer.duration_ns =
			now_ns() - s.started_ns;
	}
	return ret;
}
