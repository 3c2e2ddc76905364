/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc tells of a process. */
#ifndef VFIO_PROCESS_H
#define VFIO_PROCESS_H

#include "model/process.h"

/**
 * process_self - this process, as the /proc that is read numbers it
 *
 * 0 where that is another host's, or of a PID namespace that this process is
 * not in.
 */
pid_t process_self(void);

/** process_start - when it began, in clock ticks since boot (proc_pid_stat(5)); 0: there is none, or it is not told */
uint64_t process_start(pid_t pid);

/** process_identify - fill @pid, @start and @name */
void process_identify(struct process *process, pid_t pid)
	__attribute__((nonnull(1)));

/** process_describe - and the rest that is told: command, guest, and whom it acts as, which the host's user database names */
void process_describe(struct process *process) __attribute__((nonnull(1)));

#endif
