/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's processes, and which of them have a character device open. */
#ifndef HOST_PROCESSES_H
#define HOST_PROCESSES_H

#include <stddef.h>
#include <sys/types.h>

/** processes_list - the numbers of all processes in /proc, ascending, into @pids, which the caller frees; how many: 0 also without memory */
size_t processes_list(pid_t **pids) __attribute__((nonnull(1)));

/** process_name - its name as the kernel has it (comm); empty: it is gone */
void process_name(char *buf, size_t size, pid_t pid) __attribute__((nonnull(1)));

/** struct char_device - a character device: its device number, and the name of its node in /dev */
struct char_device {
	dev_t number;
	char name[32];
};

/** opener_fn - the process @pid has the device @i open */
typedef void (*opener_fn)(size_t i, pid_t pid, void *data);

/**
 * processes_find_openers - call @fn for each process that has one of @devices open, in one pass over all processes
 *
 * Once for each device and process. On the running host a device is known by
 * its number; on a captured one only by the name of its node. A process whose
 * files cannot be read is left out. 0 or -ENOMEM.
 */
int processes_find_openers(const struct char_device *devices, size_t n, opener_fn fn, void *data)
	__attribute__((nonnull(3)));

#endif
