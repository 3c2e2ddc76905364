/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which firmware command failed. Our driver tells it in debugfs
 * (mlx5-vfio-pci/DEVICE/failures, see kmod/README); where it does not, because
 * debugfs is not mounted, not ours to read, or another module has the device,
 * what mlx5_core wrote into the kernel log is taken instead.
 */
#ifndef HOST_FW_ERROR_H
#define HOST_FW_ERROR_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/err.h"

/*
 * What mlx5_core wrote into the kernel log about a firmware command that
 * failed: the only place where another driver's come out.
 */

/**
 * kmsg_failure - the first failed firmware command since kmsg_open()
 * @fd: of kmsg_open(); -1 finds nothing
 * @tid: of the thread that gave the command, or 0: any
 * @failure: has no number and no time then
 *
 * The first is the cause; those after it are of what was tried to mend it.
 */
bool kmsg_failure(int fd, pid_t tid, struct fw_error *failure) __attribute__((nonnull(3)));

/** kmsg_parse - the same for one record as /dev/kmsg gives it */
bool kmsg_parse(const char *record, pid_t tid, struct fw_error *failure)
	__attribute__((nonnull(1, 3)));

/**
 * struct fw_error_watch - from when on failures count
 * @device: its name
 * @told: the driver tells them; @mark is the number of the last one before
 * @log: else the kernel log from then on, or -1
 */
struct fw_error_watch {
	const char *device;
	bool told;
	uint64_t mark;
	int log;
};

#define FW_ERROR_WATCH_INIT { .log = -1 }

/** fw_error_watch_begin - what fails from now on is meant; @device is kept, not copied */
void fw_error_watch_begin(struct fw_error_watch *watch, const char *device)
	__attribute__((nonnull(1, 2)));

/**
 * fw_error_watch_first - the first failure since fw_error_watch_begin()
 *
 * The first is the cause; those after it are of what was tried to mend it. Of
 * the kernel log only what this thread has caused is taken. False: there was
 * none, or nobody tells.
 */
bool fw_error_watch_first(const struct fw_error_watch *watch, struct fw_error *failure)
	__attribute__((nonnull(1, 2)));

/** fw_error_watch_end - harmless on FW_ERROR_WATCH_INIT and twice */
void fw_error_watch_end(struct fw_error_watch *watch) __attribute__((nonnull(1)));

#define AUTO_FW_ERROR_WATCH __attribute__((cleanup(fw_error_watch_end)))

/** fw_error_last - the cause of what last failed since @device was bound, as its driver tells it; false: nothing did, or it does not tell */
bool fw_error_last(const char *device, struct fw_error *failure) __attribute__((nonnull(1, 2)));

#endif
