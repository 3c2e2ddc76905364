/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One device on its way into its file. Private to this room. */
#ifndef MIGRATE_SAVE_FILE_H
#define MIGRATE_SAVE_FILE_H

#include "image/pump.h"
#include "json/progress.h"
#include "lib/outfile.h"
#include "migrate/device.h"
#include "migrate/save.h"

/**
 * struct save_file - a device, its data fd and its file
 * @target: where it is left when all went well
 * @data_fd: of the saving session, or -1
 * @precopied: the session began in PRE_COPY or PRE_COPY_P2P
 * @fill: what reads the data fd just now; with @fill_data
 */
struct save_file {
	const struct save_plan *options;
	struct mig_device dev;
	struct outfile out;
	struct image_writer *writer;
	enum device_state target;
	int data_fd;
	bool precopied;
	pump_source_fn fill;
	void *fill_data;
};

/** save_file_init - of a device that is not open yet; all pointers are kept */
void save_file_init(struct save_file *p, const struct save_plan *options,
		    const struct device *device, const struct vdev *vdev,
		    const char *path, struct transfer_result *result)
	__attribute__((nonnull(1, 2, 3, 4, 5, 6)));

/** save_file_release - what is not published does not stay */
void save_file_release(struct save_file *p) __attribute__((nonnull(1)));

/** save_file_open - what cannot be written is told before any device is touched; 0 or -1 */
int save_file_open(struct save_file *p, struct err *err) __attribute__((nonnull(1, 2)));

/** save_file_begin - the device is in hand: begin its image; 0 or -1 */
int save_file_begin(struct save_file *p, struct err *err) __attribute__((nonnull(1, 2)));

/**
 * save_file_pump - from the data fd into the file, until @fill has no more
 * @phase: to which these bytes belong
 * @fill: fills blocks of that phase
 * @sample: for progress: what is not the same for every sample
 * @bytes: how many it were, also on failure
 */
int save_file_pump(struct save_file *p, enum phase phase, pump_source_fn fill, void *fill_data,
		   const struct progress *sample, uint64_t *bytes, struct err *err)
	__attribute__((nonnull(1, 3, 4, 5, 6, 7)));

/** save_file_read_rest - in STOP_COPY: all that is left, which must make the stream whole; 0 or -1 */
int save_file_read_rest(struct save_file *p, struct err *err) __attribute__((nonnull(1, 2)));

/** save_file_finish - the image's end; @started_ns: when all began; 0 or -1 */
int save_file_finish(struct save_file *p, uint64_t started_ns, struct err *err)
	__attribute__((nonnull(1, 3)));

/** save_file_sync - the file to the disk; 0 or -1 */
int save_file_sync(struct save_file *p, struct err *err) __attribute__((nonnull(1, 2)));

/** save_file_publish - the file gets its name; 0 or -1 */
int save_file_publish(struct save_file *p, struct err *err) __attribute__((nonnull(1, 2)));

#endif
