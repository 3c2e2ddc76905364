/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/save_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "image/members.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "migrate/transfer.h"
#include "vfio/migration.h"

_Static_assert(PUMP_BLOCK <= IMAGE_MEMBER_MAX, "a block must fit a member");

void save_file_init(struct save_file *p, const struct save_plan *options,
		    const struct device *device, const struct vdev *vdev,
		    const char *path, struct transfer_result *result)
{
	*p = (struct save_file){
		.options = options,
		.dev = { .device = device, .vdev = vdev, .result = result },
		.out = OUTFILE_INIT,
		.data_fd = -1,
	};
	text_copy(result->device, sizeof(result->device), device->name);
	result->file = path;
	result->raw = options->image.raw;
	result->compressed = options->image.zstd_level > 0;
}

void save_file_release(struct save_file *p)
{
	image_writer_free(TAKE_PTR(p->writer));
	outfile_discard(&p->out);
	cleanup_closep(&p->data_fd);
	p->data_fd = -1;
}

static int name_device(const struct save_file *p, struct err *err)
{
	return err->code == ERR_INTERRUPTED ? -1 : err_device(err, p->dev.device->name);
}

/* What went wrong with the file is told with its name. */
static int file_failed(const struct save_file *p, struct err *err)
{
	const char *name = p->dev.result->file;

	if (err->code == ERR_INTERRUPTED)
		return -1;
	if (err->num == EPIPE)
		err_hint(err, "who read it has ended: look for the reason there");
	err_wrap(err, "%s", strcmp(name, "-") ? name : "stdout");
	return err_device(err, p->dev.device->name);
}

int save_file_open(struct save_file *p, struct err *err)
{
	if (outfile_open(&p->out, p->dev.result->file, p->options->overwrite, err))
		return err_device(err, p->dev.device->name);
	return 0;
}

/* The tool that loads it cannot compare what is not in it. */
static void warn_of_unknown_firmware(const struct save_file *p)
{
	const struct device *device = p->dev.device;

	if (!p->options->image.raw && device->kind == DEVICE_VF && !*device->fw_version &&
	    !*device->psid)
		transfer_result_warn(p->dev.result,
				     "the image has no firmware version and no PSID in it, since devlink did not report them%s%s",
				     *device->migratable_reason ? ": " : "",
				     device->migratable_reason);
}

int save_file_begin(struct save_file *p, struct err *err)
{
	struct image_options image = p->options->image;
	uint64_t started = now_unix_ns();
	struct image_origin origin = { .saved_unix_ns = started };
	struct device device = *p->dev.device;
	AUTO_FREE char *json = NULL;
	struct utsname host;

	p->dev.result->transfer.started_unix_ns = started;
	warn_of_unknown_firmware(p);
	device.probed = true;
	device.probe_fresh = !p->dev.vdev->borrowed;
	device.caps = p->dev.caps;
	image.mtime_s = (int64_t)(started / 1000000000u);
	if (!uname(&host))
		text_copy(origin.kernel, sizeof(origin.kernel), host.release);
	text_copy(origin.tool, sizeof(origin.tool), p->options->tool);
	json = device_json_make(&device, &origin);
	if (!json) {
		err_set(err, ERR_NO_MEMORY, 0, "device.json");
		return name_device(p, err);
	}
	return image_writer_open(&p->writer, p->out.fd, &image,
				 image.raw ? NULL : json,
				 image.raw ? 0 : strlen(json), err) ?
		       file_failed(p, err) : 0;
}

/* A block is a member; its digest is this thread's work, since the other has the file. */
static int read_block(struct pump_block *block, void *data, struct err *err)
{
	struct save_file *p = data;
	int ret = p->fill(block, p->fill_data, err);

	if (!ret)
		p->dev.result->transfer.read_ended_ns = now_ns();
	if (ret <= 0)
		return ret;
	image_writer_digest(p->writer, block->phase, block->data, block->len, block->digest);
	record_feed(&p->dev.result->transfer.records, block->data, block->len, NULL, NULL);
	return ret;
}

static int write_block(const struct pump_block *block, void *data, struct err *err)
{
	struct save_file *p = data;

	return image_writer_member(p->writer, block->phase, block->data,
				   block->len, block->digest, err) ?
		       file_failed(p, err) : 0;
}

int save_file_pump(struct save_file *p, enum phase phase, pump_source_fn fill, void *fill_data,
		   const struct progress *sample, uint64_t *bytes, struct err *err)
{
	struct transfer *transfer = &p->dev.result->transfer;
	struct pump pump = {
		.source = read_block,
		.source_data = p,
		.sink = write_block,
		.sink_data = p,
		.progress = p->options->progress,
		.progress_data = p->options->progress_data,
		.sample = *sample,
	};
	int ret;

	pump.sample.device = p->dev.device->name;
	pump.sample.phase = phase_name(phase);
	p->fill = fill;
	p->fill_data = fill_data;
	transfer->read_begun_ns = now_ns();
	transfer->read_ended_ns = 0;
	ret = pump_run(&pump, bytes, err);
	transfer->phases[phase].duration_ns += now_ns() - transfer->read_begun_ns;
	transfer->phases[phase].bytes += *bytes;
	transfer->bytes += *bytes;
	return ret ? name_device(p, err) : 0;
}

/* A stream that ends in the middle is no state, though the device said no more. */
static int check_whole(const struct save_file *p, struct err *err)
{
	const struct transfer *transfer = &p->dev.result->transfer;

	if (!transfer->bytes)
		return err_set(err, ERR_IO, 0, "%s gave no state", p->dev.device->name);
	if (transfer->records.format != STREAM_RECORDS)
		return 0;
	return record_require_complete(&transfer->records, err);
}

int save_file_read_rest(struct save_file *p, struct err *err)
{
	struct pump_fd from = { .fd = p->data_fd, .name = p->dev.device->name,
				.phase = PHASE_STOP_COPY };
	struct transfer *transfer = &p->dev.result->transfer;
	struct progress sample = {};
	struct stopped stopped;
	uint64_t bytes;
	int ret;

	/* That is the size of the whole, of which pre-copy has taken a part. */
	if (!p->precopied)
		mig_data_size(p->dev.vdev, &sample.total_bytes);
	ret = save_file_pump(p, PHASE_STOP_COPY, pump_source_fd, &from, &sample, &bytes, err);
	if (ret)
		return -1;
	if (transfer_stopped(transfer, &stopped))
		transfer->stopped_ns = stopped.duration_ns;
	cleanup_closep(&p->data_fd);
	p->data_fd = -1;
	return check_whole(p, err) ? name_device(p, err) : 0;
}

static int write_manifest(struct save_file *p, const struct image_totals *totals, struct err *err)
{
	AUTO_FREE char *json = manifest_json_make(totals, &p->dev.result->transfer);

	if (!json) {
		err_set(err, ERR_NO_MEMORY, 0, "manifest.json");
		return name_device(p, err);
	}
	return image_writer_finish(p->writer, json, strlen(json), err) ? file_failed(p, err) : 0;
}

int save_file_finish(struct save_file *p, uint64_t started_ns, struct err *err)
{
	struct transfer *transfer = &p->dev.result->transfer;
	struct image_totals totals;

	if (image_writer_flush(p->writer, &totals, err))
		return file_failed(p, err);
	for (int i = 0; i < PHASE_COUNT; i++)
		transfer->phases[i].members = totals.phases[i].members;
	text_copy(transfer->digest, sizeof(transfer->digest), totals.digest);
	/* What is left to do is not in the image's own account. */
	transfer->duration_ns = now_ns() - started_ns;
	if (write_manifest(p, &totals, err))
		return -1;
	image_writer_free(TAKE_PTR(p->writer));
	return 0;
}

int save_file_sync(struct save_file *p, struct err *err)
{
	struct stat st;

	if (!fstat(p->out.fd, &st) && S_ISREG(st.st_mode))
		p->dev.result->file_bytes = (uint64_t)st.st_size;
	return outfile_sync(&p->out, err) ? name_device(p, err) : 0;
}

int save_file_publish(struct save_file *p, struct err *err)
{
	struct err own = ERR_INIT;

	p->dev.result->done = !outfile_publish(&p->out, &own);
	if (p->dev.result->done)
		return 0;
	/* Where another file failed before, its message does not name this one. */
	if (err_is_set(err))
		transfer_result_warn(p->dev.result, "%s", own.message);
	else
		*err = own;
	return name_device(p, err);
}
