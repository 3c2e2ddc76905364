/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A saved state on its way into a device. Private to this room. */
#ifndef MIGRATE_LOAD_STREAM_H
#define MIGRATE_LOAD_STREAM_H

#include "host/fw_error.h"
#include "image/input.h"
#include "migrate/device.h"
#include "migrate/load.h"

/**
 * struct load_stream - what is being loaded, and how far
 * @options, @result: the caller's, kept
 * @source: of an image: whose state it is
 * @dev: the device, once it is in hand; the caller's
 * @data_fd: of the resuming session, or -1
 * @since_ns: how far the phases' times are told
 * @watch: from before the first byte
 */
struct load_stream {
	const struct load_plan *options;
	struct transfer_result *result;
	struct input input;
	struct device source;
	struct mig_device *dev;
	int data_fd;
	uint64_t since_ns;
	struct fw_error_watch watch;
};

#define LOAD_STREAM_INIT \
	{ .input = INPUT_INIT, .data_fd = -1, .watch = FW_ERROR_WATCH_INIT }

/**
 * load_stream_open - open @path, see that it fits @device as far as that is known, and check a regular file whole
 *
 * Where a command is to check it too, signals are held back from then on
 * (interrupt_begin(), unless the caller has done that). 0 or -1.
 */
int load_stream_open(struct load_stream *d, const struct device *device,
		     const char *path, struct err *err)
	__attribute__((nonnull(1, 2, 3, 4)));

/** load_stream_release - close what is open */
void load_stream_release(struct load_stream *d) __attribute__((nonnull(1)));

/** load_stream_check_offer - open, the device tells what there was still to know; nothing is moved yet; 0 or -1 */
int load_stream_check_offer(struct load_stream *d, struct err *err) __attribute__((nonnull(1, 2)));

/** load_stream_run - all of the input into @data_fd; 0 or -1 */
int load_stream_run(struct load_stream *d, struct err *err) __attribute__((nonnull(1, 2)));

/** load_stream_warn_of_framing - of a bare stream: what could not be checked */
void load_stream_warn_of_framing(struct load_stream *d) __attribute__((nonnull(1)));

/** load_stream_hint_verify - of a file that is no state, or not a whole one: how more can be found out; returns -1 */
int load_stream_hint_verify(const struct load_stream *d, struct err *err)
	__attribute__((nonnull(1, 2)));

/** load_stream_hint_bare - what has no image around it, the firmware alone can tell to be no state; returns -1 */
int load_stream_hint_bare(const struct load_stream *d, struct err *err)
	__attribute__((nonnull(1, 2)));

/** load_stream_hint_incomplete - the firmware does not resume what was loaded; returns -1 */
int load_stream_hint_incomplete(const struct load_stream *d, struct err *err)
	__attribute__((nonnull(1, 2)));

/** load_stream_check_guest - the device of a VMM: its guest must be paused, and the user must know what it loses; 0 or -1 */
int load_stream_check_guest(const struct load_stream *d, struct err *err)
	__attribute__((nonnull(1, 2)));

/** load_stream_undo - after a load that failed: out of RESUMING or ERROR by a reset, and back to where it came from */
void load_stream_undo(struct load_stream *d) __attribute__((nonnull(1)));

#endif
