/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One device on its way into its file. Private to engine's saving: outgoing and precopy. */
#ifndef MIGRATE_SAVE_FILE_H
#define MIGRATE_SAVE_FILE_H

#include "image/pump.h"
#include "json/progress.h"
#include "lib/outfile.h"
#include "migrate/device.h"
#include "migrate/save.h"

/**
 * struct parcel - a device, its data fd and its file
 * @target: where it is left when all went well
 * @data_fd: of the saving session, or -1
 * @precopied: the session began in PRE_COPY or PRE_COPY_P2P
 * @fill: what reads the data fd just now; with @fill_data
 */
struct parcel {
	const struct outgoing_options *options;
	struct hand hand;
	struct outfile out;
	struct image_writer *writer;
	enum device_state target;
	int data_fd;
	bool precopied;
	pump_source_fn fill;
	void *fill_data;
};

/** parcel_init - of a device that is not open yet; all pointers are kept */
void parcel_init(struct parcel *p, const struct outgoing_options *options,
		 const struct device *device, const struct vdev *vdev,
		 const char *path, struct outcome *outcome)
	__attribute__((nonnull(1, 2, 3, 4, 5, 6)));

/** parcel_release - what is not published does not stay */
void parcel_release(struct parcel *p) __attribute__((nonnull(1)));

/** parcel_open_file - what cannot be written is told before any device is touched; 0 or -1 */
int parcel_open_file(struct parcel *p, struct err *err)
	__attribute__((nonnull(1, 2)));

/** parcel_begin - the device is in hand: begin its image; 0 or -1 */
int parcel_begin(struct parcel *p, struct err *err)
	__attribute__((nonnull(1, 2)));

/**
 * parcel_pump - from the data fd into the file, until @fill has no more
 * @phase: to which these bytes belong
 * @fill: fills blocks of that phase
 * @sample: for progress: what is not the same for every sample
 * @bytes: how many it were, also on failure
 */
int parcel_pump(struct parcel *p, enum phase phase, pump_source_fn fill,
		void *fill_data, const struct progress *sample,
		uint64_t *bytes, struct err *err)
	__attribute__((nonnull(1, 3, 4, 5, 6, 7)));

/** parcel_read_rest - in STOP_COPY: all that is left, which must make the stream whole; 0 or -1 */
int parcel_read_rest(struct parcel *p, struct err *err)
	__attribute__((nonnull(1, 2)));

/** parcel_finish - the image's end; @started_ns: when all began; 0 or -1 */
int parcel_finish(struct parcel *p, uint64_t started_ns, struct err *err)
	__attribute__((nonnull(1, 3)));

/** parcel_sync - the file to the disk; 0 or -1 */
int parcel_sync(struct parcel *p, struct err *err)
	__attribute__((nonnull(1, 2)));

/** parcel_publish - the file gets its name; 0 or -1 */
int parcel_publish(struct parcel *p, struct err *err)
	__attribute__((nonnull(1, 2)));

#endif
