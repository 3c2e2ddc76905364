/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pass over /proc/PID/fd: which processes have files of devices. For this room alone; see vfio/holder_find.h. */
#ifndef VFIO_HOLDER_SEARCH_H
#define VFIO_HOLDER_SEARCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "host/device.h"
#include "host/processes.h"
#include "lib/err.h"
#include "vfio/process.h"

struct key;

/**
 * struct holder_search - devices that are searched for, all in one pass over the processes
 * @devices: @n, their holders are filled
 * @holdings: NULL: only the holders matter
 * @self: this process, which does not count; a child that searches for it is none of the holders either
 * @keys: sorted by @text
 * @seen_in: of each device, the number in @found + 1, for the process that is being looked at
 * @keepers: of each device, the mlxmigctl hold that keeps it, as its marker tells
 * @deep: nodes of any name, mappings, and the files of threads that do not share those of their process, too
 * @thread: of the process that is being looked at: whose files these are; 0: the first thread's
 * @found: what the process that is being looked at has open
 * @unnamed: its file of a device of which the kernel does not report the name; -1: none
 * @names: the kernel reports the names of its files of devices
 * @has_group: it has a group's file, to which @unnamed belongs
 * @candidate: the first process with such a file and no group's
 * @unsure: there are processes that cannot be looked into
 * @time: how long it may take; over: there are files that were not looked at
 */
struct holder_search {
	struct device *devices;
	size_t n;
	pid_t self;
	struct key *keys;
	size_t n_keys;
	size_t *seen_in;
	struct keeper *keepers;
	struct holdings *holdings;
	bool deep;
	pid_t thread;
	struct holding *found;
	size_t n_found;
	struct holding unnamed;
	bool names, has_group, iommufd;
	struct holder candidate;
	bool unsure;
	struct search_time time;
};

/** holder_search_begin - ready for devices, holdings and unsure, which are set; 0 or -1, and holder_search_end() in any case */
int holder_search_begin(struct holder_search *search, struct err *err)
	__attribute__((nonnull(1, 2)));

/** holder_search_run - one pass, limited by search_time_is_over(), which adds to what was found before; 0 or -1 */
int holder_search_run(struct holder_search *search, struct err *err) __attribute__((nonnull(1, 2)));

/** holder_search_end - free what the search has allocated */
void holder_search_end(struct holder_search *search) __attribute__((nonnull(1)));

/** holder_is_file - is @fd, a file of this process, the @file of the device? */
bool holder_is_file(int fd, const struct device *device, enum holder_file file)
	__attribute__((nonnull(2)));

#endif
