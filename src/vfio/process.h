/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc tells of a process. */
#ifndef VFIO_PROCESS_H
#define VFIO_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/device.h"

/* The processes that have devices of VFIO open: filled here and by vfio/holders. */

/**
 * struct process - what is known of one; texts are empty where nothing is
 * @start: when it began, in clock ticks since boot: with @pid it names one process for good; 0: not known
 * @name: as the kernel has it (comm)
 * @command: the program, as it was called
 * @has_uid: @uid is known: whom it acts as (the effective one)
 * @guest: what QEMU's -name calls the guest
 * @libvirt: it is libvirt's, which calls the domain @guest
 * @iommufd: it has /dev/iommu open, which a device's cdev is bound to
 */
struct process {
	pid_t pid;
	uint64_t start;
	char name[32];
	char command[256];
	bool has_uid;
	uid_t uid;
	char user[64];
	char guest[256];
	bool libvirt;
	bool iommufd;
};

/**
 * struct holding - one process has one device open
 * @device: its index among the devices that were asked for
 * @process: its index in struct holdings
 * @file: what @fd is
 * @uncertain: as in struct holder
 * @open: is the device open by it?
 * @thread: the thread that has @fd, where the first one has ended or does not share that one's files; else 0
 * @fd: the first of its file descriptors of it; -1 with HOLDER_MAPPING
 */
struct holding {
	size_t device, process;
	enum holder_kind kind;
	enum holder_file file;
	bool uncertain;
	enum tristate open;
	pid_t thread;
	int fd;
};

/** struct holdings - all that have one of the devices, or an iommufd; in the order of the processes */
struct holdings {
	struct process *processes;
	size_t n_processes;
	struct holding *list;
	size_t n;
};

/** holdings_free - and leave it empty */
void holdings_free(struct holdings *holdings) __attribute__((nonnull(1)));

/** holdings_add_process - one more, zeroed; NULL without memory. What was returned before may have moved. */
struct process *holdings_add_process(struct holdings *holdings) __attribute__((nonnull(1)));

/** holdings_add - one more holding, of the last process; 0 or -ENOMEM */
int holdings_add(struct holdings *holdings, const struct holding *holding)
	__attribute__((nonnull(1, 2)));

/**
 * process_read_command - fill @command, @guest and @libvirt
 * @line: what /proc/PID/cmdline has: arguments, each ended by a NUL
 * @len: of it; a NUL follows, also where the last argument has none
 *
 * The guest's name is that of "-name guest=NAME,…" or "-name NAME,…", where
 * two commas stand for one (qemu(1)). libvirt is known by its folder for the
 * domain in some argument (…/libvirt/qemu/domain-N-NAME/…).
 */
void process_read_command(struct process *process, const char *line, size_t len)
	__attribute__((nonnull(1, 2)));

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
void process_identify(struct process *process, pid_t pid) __attribute__((nonnull(1)));

/** process_describe - and the rest that is told: command, guest, and whom it acts as, which the host's user database names */
void process_describe(struct process *process) __attribute__((nonnull(1)));

#endif
