/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/holder_find.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/pci_function.h"
#include "host/sysroot.h"
#include "lib/bounded.h"
#include "lib/cleanup.h"
#include "vfio/holder_search.h"
#include "vfio/proc_access.h"

#define DEEP_LIMIT_MS 10000 /* a file of a server that does not answer can make stat(2) wait */

/* Is the device enabled, by VFIO? A driver of the host enables it too, so its word is none. */
static enum tristate is_enabled(const struct device *device)
{
	long enabled;

	if ((*device->driver && !device->vfio) ||
	    sysroot_read_long(&enabled, SYSFS_PCI "%s/enable", device->name))
		return TRI_UNKNOWN;
	return enabled > 0 ? TRI_YES : TRI_NO;
}

/* While the kernel waits for the close of a device that is unbound, it shows no driver of it any more. */
static bool may_be_open(const struct device *device, enum tristate enabled)
{
	return (device->vfio && enabled != TRI_NO) || (!*device->driver && enabled == TRI_YES);
}

/* May it be open although no process with a file of it was found? */
static bool is_unexplained(const struct device *device)
{
	return device->holder.kind == HOLDER_NONE && may_be_open(device, is_enabled(device));
}

static bool any_unexplained(const struct holder_search *search)
{
	for (size_t i = 0; i < search->n; i++)
		if (is_unexplained(&search->devices[i]))
			return true;
	return false;
}

/* struct deep_result - what the search for nodes of any name found: the candidate, and a holder for each device */
struct deep_result {
	bool timed_out;
	struct holder candidate;
	struct holder holders[];
};

static int search_deep(size_t i, const void *arg, void *result)
{
	struct holder_search search = *(const struct holder_search *)arg;
	struct deep_result *deep = result;
	struct err untold = ERR_INIT;

	search.deep = true;
	search.holdings = NULL;
	if (holder_search_run(&search, &untold) || sysroot_exceeded())
		return -EIO;
	deep->timed_out = search.time.over;
	deep->candidate = search.candidate;
	for (i = 0; i < search.n; i++)
		deep->holders[i] = search.devices[i].holder;
	return 0;
}

/* Of a captured host, which has limits of its own and no file that is waited for: in this process, whose holders stay as they are. */
static int search_deep_here(const struct holder_search *search, struct deep_result *deep)
{
	AUTO_FREE struct holder *before = calloc(search->n + 1, sizeof(*before));
	int ret;

	if (!before)
		return -ENOMEM;
	for (size_t i = 0; i < search->n; i++)
		before[i] = search->devices[i].holder;
	ret = search_deep(0, search, deep);
	for (size_t i = 0; i < search->n; i++)
		search->devices[i].holder = before[i];
	return ret;
}

static struct process *find_listed(const struct holdings *holdings, pid_t pid, size_t *index)
{
	for (*index = 0; *index < holdings->n_processes; (*index)++)
		if (holdings->processes[*index].pid == pid)
			return &holdings->processes[*index];
	return NULL;
}

/* The process may be listed already, for something else. */
static int list_holder(struct holdings *holdings, size_t device, const struct holder *holder,
		       struct err *err)
{
	const struct holding holding = {
		.device = device, .kind = holder->kind, .file = holder->file,
		.uncertain = holder->uncertain, .open = TRI_YES, .thread = holder->thread,
		.fd = holder->fd,
	};
	struct process *process;
	size_t index;

	if (!holdings)
		return 0;
	process = find_listed(holdings, holder->pid, &index);
	if (!process) {
		process = holdings_add_process(holdings);
		if (process) {
			process_identify(process, holder->pid);
			process_describe(process);
		}
	}
	if (!process || holdings_add(holdings, &holding))
		return err_set(err, ERR_NO_MEMORY, 0, "the processes that have devices open");
	holdings->list[holdings->n - 1].process = index;
	return 0;
}

static int take_deep(struct holder_search *search, const struct deep_result *deep, struct err *err)
{
	search->time.over |= deep->timed_out;
	if (!search->candidate.pid)
		search->candidate = deep->candidate;
	for (size_t i = 0; i < search->n; i++) {
		struct holder *holder = &search->devices[i].holder;

		if (holder->kind != HOLDER_NONE || deep->holders[i].kind == HOLDER_NONE)
			continue;
		*holder = deep->holders[i];
		if (list_holder(search->holdings, i, holder, err))
			return -1;
	}
	return 0;
}

static int search_again(struct holder_search *search, struct err *err)
{
	size_t size = sizeof(struct deep_result) + search->n * sizeof(struct holder);
	AUTO_FREE struct deep_result *deep = malloc(size);
	int num;

	if (!deep)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", search->n);
	if (sysroot_is_host())
		bounded_each(1, search_deep, search, deep, size, &num, DEEP_LIMIT_MS);
	else
		num = search_deep_here(search, deep);
	if (!num)
		return take_deep(search, deep, err);
	search->time.over = num == -ETIMEDOUT;
	search->unsure = true;
	return 0;
}

static void set_reason(struct device *device, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void set_reason(struct device *device, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(device->in_use_reason, sizeof(device->in_use_reason), fmt, ap);
	va_end(ap);
}

static void explain_holder(struct device *device)
{
	const struct holder *holder = &device->holder;

	if (holder->uncertain)
		set_reason(device, "%s (pid %d) has a VFIO device open, perhaps this one: the kernel does not report which",
			   holder->comm, (int)holder->pid);
	else if (!holder->idle)
		return;
	else if (holder->file == HOLDER_CDEV)
		set_reason(device, "%s (pid %d) has its file /dev/vfio/devices/%s open, but does not use the device",
			   holder->comm, (int)holder->pid, device->cdev);
	else
		set_reason(device, "%s (pid %d) has its IOMMU group %d open, but not the device",
			   holder->comm, (int)holder->pid, device->iommu_group);
}

/* NULL: all was looked at. */
static const char *what_was_not_seen(const struct holder_search *search)
{
	if (search->time.over)
		return "the host's processes have more files open than can be looked at in the time that is taken for it";
	return search->unsure ? "not every process can be looked into" : NULL;
}

/* No holder was found; that does not mean that there is none. */
static void settle_free(const struct holder_search *search, struct device *device,
			enum tristate enabled)
{
	const char *not_seen = what_was_not_seen(search);
	struct holder *holder = &device->holder;

	if (!may_be_open(device, enabled))
		return;
	holder->unsure = true;
	if (enabled == TRI_YES)
		set_reason(device, "its PCI function is enabled, but no process that has it open was found%s%s",
			   not_seen ? ", and " : "", not_seen ? not_seen : "");
	else if (not_seen)
		set_reason(device, "%s", not_seen);
	else if (search->candidate.pid)
		set_reason(device, "%s (pid %d) has a VFIO device open, perhaps this one: the kernel does not report which",
			   search->candidate.comm, (int)search->candidate.pid);
	else
		holder->unsure = false;
}

static bool is_listed(const struct holdings *holdings, size_t device)
{
	for (size_t i = 0; i < holdings->n; i++)
		if (holdings->list[i].device == device)
			return true;
	return false;
}

/* A mlxmigctl hold is looked at first; it is listed later, unless the time was over before. */
static int list_keeper(const struct holder_search *search, size_t i, struct err *err)
{
	const struct holder *holder = &search->devices[i].holder;

	if (!search->time.over || !search->holdings || holder->kind != HOLDER_HOLD ||
	    is_listed(search->holdings, i))
		return 0;
	return list_holder(search->holdings, i, holder, err);
}

static int settle(struct holder_search *search, size_t i, struct err *err)
{
	struct device *device = &search->devices[i];
	struct holder *holder = &device->holder;
	enum tristate enabled = is_enabled(device);

	device->search_cut = search->time.over;
	device->processes_hidden = search->unsure || search->time.over;
	if (is_unexplained(device) && enabled == TRI_YES && search->candidate.pid) {
		*holder = search->candidate;
		if (list_holder(search->holdings, i, holder, err))
			return -1;
	}
	if (holder->kind == HOLDER_NONE) {
		settle_free(search, device, enabled);
		return 0;
	}
	if (list_keeper(search, i, err))
		return -1;
	if ((*device->driver && !device->vfio) || enabled == TRI_NO)
		holder->idle = true;
	/* The device is open, but not by a file that the process shows. */
	if (holder->idle && device->vfio && enabled == TRI_YES) {
		holder->idle = false;
		holder->uncertain = true;
	}
	if (holder->idle || enabled == TRI_YES)
		holder->assumed = false;
	explain_holder(device);
	return 0;
}

int holder_list(struct device *devices, size_t n, struct holdings *holdings, struct err *err)
{
	CLEANUP(holder_search_end) struct holder_search search = {
		.devices = devices, .n = n, .holdings = holdings,
		.self = process_self(), .unsure = !proc_access_sees_all(),
	};

	if (holder_search_begin(&search, err) || holder_search_run(&search, err) ||
	    (!search.time.over && any_unexplained(&search) && search_again(&search, err)))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (settle(&search, i, err))
			return -1;
	return 0;
}

int holder_find_all(struct device *devices, size_t n, struct err *err)
{
	return holder_list(devices, n, NULL, err);
}

int holder_find(struct device *device, struct err *err)
{
	return holder_find_all(device, 1, err);
}

bool holder_still_has(const struct device *device, const struct holder *holder)
{
	struct device now = *device;
	struct holdings holdings = {};
	struct err ignored = ERR_INIT;
	bool has = false;

	if (!holder_list(&now, 1, &holdings, &ignored))
		for (size_t i = 0; i < holdings.n; i++) {
			const struct holding *holding = &holdings.list[i];
			const struct process *process = &holdings.processes[holding->process];

			has |= holding->kind == holder->kind &&
			       process->pid == holder->pid && process->start == holder->start;
		}
	holdings_free(&holdings);
	return has;
}
