/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A saved state on its way into a device. Private to engine's loading: incoming and script. */
#ifndef MIGRATE_LOAD_STREAM_H
#define MIGRATE_LOAD_STREAM_H

#include "host/fw_error.h"
#include "image/input.h"
#include "migrate/device.h"
#include "migrate/load.h"

/**
 * struct delivery - what is being loaded, and how far
 * @options, @outcome: the caller's, kept
 * @source: of an image: whose state it is
 * @hand: the device, once it is in hand; the caller's
 * @data_fd: of the resuming session, or -1
 * @since_ns: how far the phases' times are told
 * @watch: from before the first byte
 */
struct delivery {
	const struct incoming_options *options;
	struct outcome *outcome;
	struct input input;
	struct device source;
	struct hand *hand;
	int data_fd;
	uint64_t since_ns;
	struct failure_watch watch;
};

#define DELIVERY_INIT \
	{ .input = INPUT_INIT, .data_fd = -1, .watch = FAILURE_WATCH_INIT }

/** delivery_open - open @path, see that it fits @device as far as that is known, and check a regular file whole; 0 or -1 */
int delivery_open(struct delivery *d, const struct device *device,
		  const char *path, struct err *err)
	__attribute__((nonnull(1, 2, 3, 4)));

/** delivery_release - close what is open */
void delivery_release(struct delivery *d) __attribute__((nonnull(1)));

/** delivery_check_offer - open, the device tells what there was still to know; nothing is moved yet; 0 or -1 */
int delivery_check_offer(struct delivery *d, struct err *err)
	__attribute__((nonnull(1, 2)));

/** delivery_run - all of the input into @data_fd; 0 or -1 */
int delivery_run(struct delivery *d, struct err *err)
	__attribute__((nonnull(1, 2)));

/** delivery_warn_of_framing - of a bare stream: what could not be checked */
void delivery_warn_of_framing(struct delivery *d) __attribute__((nonnull(1)));

/** delivery_hint_verify - of a file that is no state, or not a whole one: how more can be found out; returns -1 */
int delivery_hint_verify(const struct delivery *d, struct err *err)
	__attribute__((nonnull(1, 2)));

/** delivery_hint_bare - what has no image around it, the firmware alone can tell to be no state; returns -1 */
int delivery_hint_bare(const struct delivery *d, struct err *err)
	__attribute__((nonnull(1, 2)));

/** delivery_check_guest - the device of a VMM: its guest must be paused, and the user must know what it loses; 0 or -1 */
int delivery_check_guest(const struct delivery *d, struct err *err)
	__attribute__((nonnull(1, 2)));

/** delivery_undo - after a load that failed: out of RESUMING or ERROR by a reset, and back to where it came from */
void delivery_undo(struct delivery *d) __attribute__((nonnull(1)));

#endif
