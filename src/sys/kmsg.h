/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mlx5_core wrote into the kernel log about a firmware command that
 * failed: the only place where another driver's come out.
 */
#ifndef SYS_KMSG_H
#define SYS_KMSG_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/firmware.h"

/** kmsg_open - the kernel log (/dev/kmsg) from now on; a fd, the caller's, or -1 where it may not be read */
int kmsg_open(void);

/**
 * kmsg_failure - the first failed firmware command since kmsg_open()
 * @fd: of kmsg_open(); -1 finds nothing
 * @tid: of the thread that gave the command, or 0: any
 * @failure: has no number and no time then
 *
 * The first is the cause; those after it are of what was tried to mend it.
 */
bool kmsg_failure(int fd, pid_t tid, struct fw_failure *failure)
	__attribute__((nonnull(3)));

/** kmsg_parse - the same for one record as /dev/kmsg gives it */
bool kmsg_parse(const char *record, pid_t tid, struct fw_failure *failure)
	__attribute__((nonnull(1, 3)));

#endif
