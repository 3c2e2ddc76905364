/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/load_stream.h"

#include <errno.h>
#include <string.h>

#include "host/driver_info.h"
#include "image/members.h"
#include "image/pump.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "lib/io.h"
#include "lib/text.h"

void load_stream_release(struct load_stream *d)
{
	input_release(&d->input);
	cleanup_closep(&d->data_fd);
	fw_error_watch_end(&d->watch);
}

static int compare_identity(struct load_stream *d, const struct device *target, struct err *err)
{
	struct transfer_result *result = d->result;

	identity_compare(&d->source, target, &result->fit);
	result->has_fit = true;
	if (d->options->force || !identity_require(&result->fit, err))
		return 0;
	return err_device(err, target->name);
}

/* Before the device is touched: does the state come from one like it? */
static int check_identity(struct load_stream *d, const struct device *target, struct err *err)
{
	struct transfer_result *result = d->result;
	const char *json;
	size_t len;

	result->raw = input_is_raw(&d->input);
	result->compressed = image_reader_is_compressed(d->input.reader);
	if (result->raw) {
		transfer_result_warn(result,
				     "a bare stream does not tell which device it is from: that it fits was not checked");
		return 0;
	}
	json = image_reader_device(d->input.reader, &len);
	if (device_json_read(json, len, &d->source, NULL, err))
		return err_wrap(err, "%s", d->input.name);
	d->source.probed = false; /* until the device is, which is not open yet */
	return compare_identity(d, target, err);
}

int load_stream_check_offer(struct load_stream *d, struct err *err)
{
	struct transfer_result *result = d->result;
	struct device target = *d->dev->device;

	if (result->raw)
		return 0;
	target.caps = d->dev->caps;
	target.probed = d->source.probed = true;
	stream_formats_find(&target);
	if (compare_identity(d, &target, err))
		return -1;
	for (size_t i = 0; i < result->fit.n_facts; i++) {
		const struct fit_fact *fact = &result->fit.facts[i];

		transfer_result_warn(result, "%s: source %s, device %s: %s",
				     fact->name, *fact->source ? fact->source : "unknown",
				     *fact->target ? fact->target : "unknown",
				     fact->reason);
	}
	return 0;
}

/* At the end of the input: an image's reader has seen to the image, and not to the records in it. */
static int check_end(const struct load_stream *d,
		     const struct record_parser *records, struct err *err)
{
	if (!records->offset)
		return err_set(err, ERR_DAMAGED, 0, "%s holds no state", d->input.name);
	if (records->format == STREAM_BARE || !record_require_complete(records, err))
		return 0;
	return err_wrap(err, "%s", d->input.name);
}

int load_stream_hint_verify(const struct load_stream *d, struct err *err)
{
	char buf[OPERAND_SIZE];

	if (err->code != ERR_DAMAGED)
		return -1;
	return err_hint(err, "is it a saved state, and whole? mlxmigctl verify %s tells%s; if it was, save it again",
			image_operand(buf, d->input.name),
			!strcmp(d->result->file, "-") ? " that of a file" : "");
}

void load_stream_warn_of_framing(struct load_stream *d)
{
	const struct record_parser *records = &d->result->transfer.records;

	if (!d->result->raw)
		return;
	if (records->format == STREAM_BARE)
		transfer_result_warn(d->result,
				     "the stream is one bare image without records: whether it is whole cannot be told");
	else
		transfer_result_warn(d->result,
				     "the stream has no image around it: had it been cut between two records, only the firmware could tell");
}

/* A file whole, and of what comes through a pipe the first member, while a signal may still end it all. */
static int verify_input(struct load_stream *d, struct err *err)
{
	struct record_parser records = d->result->transfer.records;
	uint64_t started = now_ns();

	if (!input_is_file(&d->input))
		return input_format(&d->input, &d->source.formats.writes, err);
	d->result->file_bytes = (uint64_t)d->input.before.st_size;
	if (input_verify(&d->input, &records, d->result->device,
			 d->options->progress, d->options->progress_data, err))
		return -1;
	d->result->transfer.verify_ns = now_ns() - started;
	d->source.formats.writes = records.format;
	return check_end(d, &records, err);
}

#define VENDOR_INTEL 0x8086

/* A dialect's own devices take it, as any content that cannot be judged. */
static bool is_of_another_device(enum content_look look, const struct device *device)
{
	return content_is_dialect(look) &&
	       !(look == LOOK_XE && device->vendor_id == VENDOR_INTEL);
}

/* A stream of another driver can pass for records, and is not taken apart. */
static int check_dialect(struct load_stream *d, const struct device *device, struct err *err)
{
	const struct content_scan *content = input_content(&d->input);

	if (!input_is_raw(&d->input) || !content_is_dialect(content->look))
		return 0;
	d->result->transfer.records.format = STREAM_BARE;
	if (!is_of_another_device(content->look, device))
		return 0;
	return content_unjudged(content->look, d->input.name, NULL, err);
}

/* Of an image that pack made, only records show that there is a saved state in it. */
static int check_packed(const struct load_stream *d, enum stream_format format, struct err *err)
{
	if (d->options->bare || !d->input.packed || format != STREAM_BARE)
		return 0;
	err_set(err, ERR_UNJUDGED, 0,
		"%s is an image that pack made of content without records: the content cannot be judged",
		d->input.name);
	return err_hint(err, "check that this is the right file; if it is the state of a device like %s, load it with --bare",
			d->result->device);
}

/* What shows at the end only. */
static int check_whole_content(const struct load_stream *d, struct err *err)
{
	if (check_packed(d, d->result->transfer.records.format, err))
		return -1;
	if (!input_is_raw(&d->input) || d->input.look != LOOK_ZEROS)
		return 0;
	return content_unjudged(LOOK_ZEROS, d->input.name, NULL, err);
}

/* What is no image and has no records: of a file all of it was read, of a pipe the beginning. */
static int check_content(const struct load_stream *d, const struct device *device, struct err *err)
{
	const struct content_scan *content = input_content(&d->input);
	enum content_look look = input_is_file(&d->input) ? d->input.look :
							     content_look_now(content);
	char advice[160];

	if (check_packed(d, d->source.formats.writes, err))
		return err_device(err, device->name);
	if (!input_is_raw(&d->input) || !content_is_unknown(content))
		return 0;
	if (d->options->bare)
		return check_whole_content(d, err);
	snprintf(advice, sizeof(advice),
		 "check that this is the right file; if it is the state of a device like %s, load it with --bare", device->name);
	return content_unjudged(look, d->input.name, advice, err);
}

static int open_any(struct load_stream *d, const char *path, struct err *err)
{
	return d->options->check_with ? input_open_checked(&d->input, path, err) :
					input_open_any(&d->input, path, err);
}

/* A command that hangs is ended by a signal, which must not end this process before it. */
static int check_with_command(struct load_stream *d, const char *path, struct err *err)
{
	const char *command = d->options->check_with;

	if (!command)
		return 0;
	if ((interrupt_fd() < 0 && interrupt_begin(err)) ||
	    input_check_with(&d->input, command, path, err))
		return -1;
	d->result->checked_with = command;
	return 0;
}

int load_stream_open(struct load_stream *d, const struct device *device,
		     const char *path, struct err *err)
{
	text_copy(d->result->device, sizeof(d->result->device), device->name);
	d->result->file = path;
	if (open_any(d, path, err) || check_dialect(d, device, err) || check_identity(d, device, err) ||
	    verify_input(d, err) || check_content(d, device, err) ||
	    check_with_command(d, path, err))
		return load_stream_hint_verify(d, err);
	return 0;
}

int load_stream_hint_bare(const struct load_stream *d, struct err *err)
{
	if (!d->result->raw)
		return -1;
	return err_hint(err, "is it a saved state at all? mlxmigctl inspect tells what is known of a bare stream, which only the firmware can check");
}

int load_stream_hint_incomplete(const struct load_stream *d, struct err *err)
{
	if (!d->result->raw || err->code != ERR_REFUSED)
		return -1;
	return err_hint(err, "the stream may have been cut between two records, so that the state is incomplete: load the whole of it");
}

/*
 * The records around what the firmware refused are in order. A device that
 * another process keeps open may have had a part of another state in it, which
 * ends with the reset after this failure.
 */
static int hint_refused(const struct load_stream *d, struct err *err)
{
	char buf[OPERAND_SIZE];

	if (d->result->transfer.records.format == STREAM_RECORDS && d->dev->vdev->borrowed &&
	    fw_error_is_set(&err->firmware))
		return err_hint(err, "the device may have held a part of another state, which the reset has removed: repeat the command once; if the state is refused again, mlxmigctl inspect %s shows what is known of it",
				image_operand(buf, d->input.name));
	return load_stream_hint_bare(d, err);
}

/* The size of the image that arrives; 0: a bare one, which does not say it. */
static uint64_t image_bytes(const struct load_stream *d)
{
	const struct record_parser *records = &d->result->transfer.records;

	return records->format == STREAM_RECORDS ? records->last.size : 0;
}

/* The firmware loads inside write(2), so here is where it refuses a state, and this thread's command it was. */
static int refused_error(const struct load_stream *d, size_t len, int num, struct err *err)
{
	unsigned long long at = d->result->transfer.records.offset;
	struct fw_error failure;

	err_set(err, ERR_REFUSED, num, "%s refused the state, within bytes %llu to %llu",
		d->dev->device->name, at, at + len - 1);
	if (fw_error_watch_first(&d->watch, &failure))
		err_firmware(err, &failure);
	if (num == ENOMEM)
		memory_watch_explain(&d->dev->walker.memory,
				     &(struct memory_need){ .bytes = image_bytes(d) },
				     err);
	else
		hint_refused(d, err);
	return err_device(err, d->dev->device->name);
}

/* All since the last time is this phase's: its bytes were waited for, and loaded. */
static void add_phase_time(struct load_stream *d, enum phase phase)
{
	uint64_t now = now_ns();

	d->result->transfer.phases[phase].duration_ns += now - d->since_ns;
	d->since_ns = now;
}

static int write_block(const struct pump_block *block, void *data, struct err *err)
{
	struct load_stream *d = data;
	struct transfer *transfer = &d->result->transfer;
	int ret = write_all(d->data_fd, block->data, block->len);

	if (ret)
		return refused_error(d, block->len, -ret, err);
	record_feed(&transfer->records, block->data, block->len, NULL, NULL);
	transfer->phases[block->phase].bytes += block->len;
	add_phase_time(d, block->phase);
	return 0;
}

static void note_totals(struct transfer *transfer, const struct image_totals *totals)
{
	text_copy(transfer->digest, sizeof(transfer->digest), totals->digest);
	for (int i = 0; i < PHASE_COUNT; i++)
		transfer->phases[i].members = totals->phases[i].members;
}

int load_stream_run(struct load_stream *d, struct err *err)
{
	struct transfer *transfer = &d->result->transfer;
	struct pump pump = {
		.source = input_next,
		.source_data = &d->input,
		.sink = write_block,
		.sink_data = d,
		.progress = d->options->progress,
		.progress_data = d->options->progress_data,
		.sample = { .device = d->result->device, .phase = "load",
			    .total_bytes = d->input.totals.bytes },
	};

	d->since_ns = now_ns();
	fw_error_watch_begin(&d->watch, d->dev->device->name);
	if (pump_run(&pump, &transfer->bytes, err) ||
	    input_check_unchanged(&d->input, err) ||
	    check_end(d, &transfer->records, err) || check_whole_content(d, err))
		return -1;
	note_totals(transfer, &d->input.totals);
	return 0;
}

int load_stream_check_guest(const struct load_stream *d, struct err *err)
{
	const struct mig_device *dev = d->dev;
	const struct holder *lender = &dev->vdev->lender;

	if (!vdev_is_live(dev->vdev))
		return 0;
	if (mig_device_require_paused(dev, err) ||
	    (d->options->has_then &&
	     mig_device_check_then(dev, d->options->then, err)))
		return -1;
	if (d->options->overwrite_guest)
		return 0;
	err_set(err, ERR_USAGE, 0,
		"%s has the state of a guest of %s (pid %d), which a load overwrites; and only a reset ends a load that fails",
		dev->device->name, lender->comm, (int)lender->pid);
	err_hint(err, "if that is meant: --live --overwrite-guest-state");
	return err_device(err, dev->device->name);
}

void load_stream_undo(struct load_stream *d)
{
	struct mig_device *dev = d->dev;
	struct err err = ERR_INIT;
	enum device_state now = dev->walker.state;

	if (!dev->taken)
		return;
	if (now == STATE_RESUMING || now == STATE_ERROR) {
		d->result->transfer.lost = true;
		if (vdev_is_live(dev->vdev))
			transfer_result_warn(d->result,
					     "the guest of %s (pid %d) has lost its device's state: load one before it goes on",
					     dev->vdev->lender.comm,
					     (int)dev->vdev->lender.pid);
		if (mig_device_reset(dev, &err)) {
			transfer_result_warn(d->result, "it could not be reset: %s", err.message);
			return;
		}
	}
	mig_device_put_back(dev);
}
