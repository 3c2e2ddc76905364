/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/holder_search.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "vfio/hold_marker.h"
#include "vfio/holders.h"

#define DEVICE_FILE "anon_inode:[vfio-device]"
#define SYSPATH "vfio-device-syspath:"
#define KEYS_MAX 5 /* of a device */
#define NUMBER_SIZE 32 /* "244:3" */
#define LISTED_STEPS 1024 /* of a captured host, for the memory that a process and each device of it takes, and its part of a document */

/*
 * By what a file of a device is recognised: a device number ("244:3"), of a
 * captured host also its name ("/vfio/40"), the device's own name (" 0000:…").
 */
struct key {
	char text[DEVICE_NAME_SIZE + sizeof("/vfio/devices/")];
	size_t device;
	enum holder_file file;
};

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct key *)a)->text, ((const struct key *)b)->text);
}

static void add_key(struct holder_search *search, size_t device, enum holder_file file,
		    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void add_key(struct holder_search *search, size_t device, enum holder_file file,
		    const char *fmt, ...)
{
	struct key *key = &search->keys[search->n_keys];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(key->text, sizeof(key->text), fmt, ap);
	va_end(ap);
	key->device = device;
	key->file = file;
	search->n_keys += len > 0 && (size_t)len < sizeof(key->text);
}

/* The device number of the group's or cdev's node, "244:3", as sysfs has it. */
static bool read_number(const struct device *device, enum holder_file file, char *number)
{
	if (file == HOLDER_CDEV)
		return *device->cdev && sysroot_read(number, NUMBER_SIZE, "/sys/class/vfio-dev/%s/dev",
						     device->cdev) > 0;
	return device->iommu_group >= 0 &&
	       (sysroot_read(number, NUMBER_SIZE, "/sys/class/vfio/%d/dev",
			     device->iommu_group) > 0 ||
		sysroot_read(number, NUMBER_SIZE, "/sys/class/vfio/noiommu-%d/dev",
			     device->iommu_group) > 0);
}

static void add_keys(struct holder_search *search, size_t i)
{
	const struct device *device = &search->devices[i];
	bool has_group = device->iommu_group >= 0, captured = !sysroot_is_host();
	char number[NUMBER_SIZE];

	for (enum holder_file file = HOLDER_GROUP; file <= HOLDER_CDEV; file++)
		if (read_number(device, file, number))
			add_key(search, i, file, "%s", number);
	if (captured && has_group)
		add_key(search, i, HOLDER_GROUP, "/vfio/%d", device->iommu_group);
	if (captured && has_group)
		add_key(search, i, HOLDER_GROUP, "/vfio/noiommu-%d", device->iommu_group);
	if (captured && *device->cdev)
		add_key(search, i, HOLDER_CDEV, "/vfio/devices/%s", device->cdev);
	add_key(search, i, HOLDER_DEVICE, " %s", device->name);
}

void holder_search_end(struct holder_search *search)
{
	free(search->keys);
	free(search->seen_in);
	free(search->keepers);
	free(search->found);
}

int holder_search_begin(struct holder_search *search, struct err *err)
{
	size_t n = search->n + 1; /* calloc(0) is no lack of memory */

	search->keys = calloc((KEYS_MAX + 1) * n, sizeof(*search->keys));
	search->seen_in = calloc(n, sizeof(*search->seen_in));
	search->keepers = calloc(n, sizeof(*search->keepers));
	search->found = calloc(n, sizeof(*search->found));
	if (!search->keys || !search->seen_in || !search->keepers || !search->found)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n - 1);
	for (size_t i = 0; i < search->n; i++) {
		search->devices[i].holder = (struct holder){ .fd = -1 };
		*search->devices[i].in_use_reason = '\0';
		hold_marker_keeper(search->devices[i].name, &search->keepers[i]);
		add_keys(search, i);
	}
	qsort(search->keys, search->n_keys, sizeof(*search->keys), compare_keys);
	return 0;
}

/* The first key of that text; *@end: after the last (the devices of a group). */
static const struct key *find_keys(const struct holder_search *search,
				   const char *text, const struct key **end)
{
	size_t low = 0, high = search->n_keys;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(search->keys[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (high < search->n_keys && !strcmp(search->keys[high].text, text))
		high++;
	*end = &search->keys[high];
	return &search->keys[low];
}

/* Of several files of one device that a process has, the first counts. */
static bool note_file(struct holder_search *search, const char *text, int fd, bool mapping)
{
	const struct key *key, *end;
	bool any = false;

	for (key = find_keys(search, text, &end); key < end && sysroot_spend(1); key++) {
		size_t *seen = &search->seen_in[key->device];
		struct holding *holding;

		any = true;
		search->has_group |= key->file == HOLDER_GROUP;
		if (!*seen) {
			search->found[search->n_found++] = (struct holding){
				.device = key->device, .thread = search->thread, .fd = fd,
				.file = mapping ? HOLDER_MAPPING : key->file,
				.open = TRI_UNKNOWN,
			};
			*seen = search->n_found;
		}
		holding = &search->found[*seen - 1];
		if (mapping || key->file == HOLDER_DEVICE)
			holding->open = TRI_YES;
	}
	return any;
}

/* The device number of a character device; @dir and @name as for statx(2). */
static bool file_number(int dir, const char *name, char *number)
{
	dev_t device;

	if (!char_device_number(dir, name, &device))
		return false;
	snprintf(number, NUMBER_SIZE, "%u:%u", major(device), minor(device));
	return true;
}

/*
 * Names under /dev are as that process sees them, in its mount namespace: its
 * file's number counts. Of a captured host, the node that was captured with it,
 * else the name.
 */
static bool read_file_number(int dir, const char *fd, const char *target, char *number)
{
	AUTO_CLOSE int captured = -1;

	if (sysroot_is_host())
		return file_number(dir, fd, number);
	captured = sysroot_open(O_PATH, "%s", target);
	return captured >= 0 && file_number(captured, "", number);
}

static void note_iommufd(struct holder_search *search, const char *number, const char *target)
{
	const char *name = strrchr(target, '/');
	char want[NUMBER_SIZE];

	if (*number)
		search->iommufd |= sysroot_read(want, sizeof(want), "/sys/class/misc/iommu/dev") > 0 &&
				   !strcmp(number, want);
	else if (!sysroot_is_host())
		search->iommufd |= !strcmp(name, "/iommu");
}

static void search_node(struct holder_search *search, const char *process, int dir, const char *fd,
			const char *target)
{
	const char *name = strstr(target, "/vfio/");
	char number[NUMBER_SIZE] = "";
	uint64_t value;

	if (text_u64(fd, 10, &value))
		return;
	if (!read_file_number(dir, fd, target, number) && sysroot_is_host())
		return;
	if (!process_file_is_open(process, fd))
		return;
	if (*number)
		note_file(search, number, (int)value, false);
	else if (name)
		note_file(search, name, (int)value, false);
	if (name && strcmp(name, "/vfio/vfio") && !text_starts(name, "/vfio/devices/"))
		search->has_group = true;
	if (!search->iommufd)
		note_iommufd(search, number, target);
}

/* What fdinfo reports of a device's file (from Linux 6.18 on): " NAME"; else false. */
static bool read_device_name(const char *pid, const char *fd, char *name, size_t size)
{
	char info[PATH_MAX], *path;

	if (sysroot_read(info, sizeof(info), "/proc/%s/fdinfo/%s", pid, fd) < 0)
		return false;
	path = strstr(info, SYSPATH);
	if (!path)
		return false;
	path[strcspn(path, "\n")] = '\0';
	path = strrchr(path, '/');
	return path && !text_format(name, size, " %s", path + 1);
}

static void search_device_file(struct holder_search *search, const char *process, const char *fd)
{
	char name[PATH_MAX];
	uint64_t value;

	if (text_u64(fd, 10, &value) || !process_file_is_open(process, fd))
		return;
	if (read_device_name(process, fd, name, sizeof(name))) {
		search->names = true;
		note_file(search, name, (int)value, false);
	} else if (search->unnamed.fd < 0) {
		search->unnamed = (struct holding){ .fd = (int)value, .thread = search->thread,
						    .file = HOLDER_DEVICE };
	}
}

/* Nodes of other names are looked for where the quick look has not found what must be there. */
static bool may_be_node(const struct holder_search *search, const char *target)
{
	const char *name = strrchr(target, '/');

	return *target == '/' &&
	       (search->deep || strstr(target, "vfio") || !strcmp(name, "/iommu"));
}

/* Listing them takes less of a right than following them (ptrace's, to read). 0, or -errno where that is lacking. */
static int search_fd(struct holder_search *search, const char *process, int dir, const char *fd)
{
	char target[PATH_MAX];
	int ret = process_file_name(dir, fd, target);

	if (ret)
		return ret == -EACCES || ret == -EPERM ? ret : 0;
	if (!strcmp(target, DEVICE_FILE))
		search_device_file(search, process, fd);
	else if (may_be_node(search, target))
		search_node(search, process, dir, fd, target);
	return 0;
}

static bool read_mapped_number(pid_t pid, const char *range, char *number)
{
	AUTO_CLOSE int fd = sysroot_open(O_PATH, "/proc/%d/map_files/%s", (int)pid, range);

	return fd >= 0 && file_number(fd, "", number);
}

/* A line of maps: range, permissions, offset, device, inode, path. */
static void search_mapping(struct holder_search *search, pid_t pid, const char *line)
{
	char range[64], number[NUMBER_SIZE];
	int path = 0;

	if (sscanf(line, "%63s %*s %*s %*s %*s %n", range, &path) != 1 || !path)
		return;
	if (text_starts(line + path, DEVICE_FILE))
		search->unnamed = (struct holding){ .fd = -1, .file = HOLDER_MAPPING };
	if (line[path] == '/' && read_mapped_number(pid, range, number))
		note_file(search, number, -1, true);
}

static void search_maps(struct holder_search *search, pid_t pid)
{
	AUTO_FILE FILE *file = sysroot_fopen("/proc/%d/maps", (int)pid);
	AUTO_FREE char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		/* A device's memory is mapped shared ("rw-s"). */
		if (strstr(line, "s "))
			search_mapping(search, pid, line);
}

/* A process that has borrowed the file of another has it open too: it is the other's. */
static int rank_holder(enum holder_kind kind, const char *comm)
{
	if (kind == HOLDER_NONE)
		return 0;
	if (kind == HOLDER_HOLD)
		return 3;
	return strcmp(comm, TOOL_COMM) ? 2 : 1;
}

static struct holder holder_of(const struct holding *holding, const struct process *process)
{
	struct holder holder = {
		.kind = holding->kind, .file = holding->file, .uncertain = holding->uncertain,
		.idle = holding->open == TRI_NO, .assumed = holding->open == TRI_UNKNOWN,
		.pid = process->pid, .start = process->start, .thread = holding->thread,
		.fd = holding->fd,
	};

	memcpy(holder.comm, process->name, sizeof(holder.comm));
	return holder;
}

/* Of the same rank the first counts. */
static void note_holder(struct device *device, const struct holding *holding,
			const struct process *process)
{
	const struct holder *holder = &device->holder;

	if (rank_holder(holding->kind, process->name) > rank_holder(holder->kind, holder->comm))
		device->holder = holder_of(holding, process);
}

static int list_process(struct holder_search *search, const struct process *process,
			struct err *err)
{
	struct process *listed;
	size_t i = 0;

	if (!sysroot_spend(LISTED_STEPS * (1 + search->n_found)))
		return 0;
	listed = holdings_add_process(search->holdings);
	if (listed) {
		*listed = *process;
		process_describe(listed);
		while (i < search->n_found && !holdings_add(search->holdings, &search->found[i]))
			i++;
	}
	return listed && i == search->n_found ? 0 :
		err_set(err, ERR_NO_MEMORY, 0, "the processes that have devices open");
}

/* Any process can take a name, and a number is used again: the marker is root's, or our own. */
static bool is_hold(const struct keeper *keeper, const struct process *process)
{
	return keeper->pid == process->pid && keeper->start == process->start &&
	       !strcmp(process->name, HOLDER_COMM);
}

/* Where its files have names, a device that none of them names is not open in it. */
static enum tristate open_in(const struct holder_search *search, const struct holding *found)
{
	if (found->open == TRI_UNKNOWN && found->file == HOLDER_GROUP && search->names)
		return TRI_NO;
	return found->open;
}

static void note_candidate(struct holder_search *search, const struct process *process)
{
	search->unnamed.kind = HOLDER_OTHER;
	search->unnamed.uncertain = true;
	search->unnamed.open = TRI_YES;
	search->candidate = holder_of(&search->unnamed, process);
}

static int note_process(struct holder_search *search, pid_t pid, bool candidate, struct err *err)
{
	struct process process = { .iommufd = search->iommufd };

	process_identify(&process, pid);
	for (size_t i = 0; i < search->n_found; i++) {
		struct holding *found = &search->found[i];

		found->kind = is_hold(&search->keepers[found->device], &process) ?
				      HOLDER_HOLD : HOLDER_OTHER;
		found->open = open_in(search, found);
		note_holder(&search->devices[found->device], found, &process);
	}
	if (candidate)
		note_candidate(search, &process);
	return search->holdings && (search->n_found || search->iommufd) ?
		       list_process(search, &process, err) : 0;
}

static void begin_process(struct holder_search *search)
{
	for (size_t i = 0; i < search->n_found; i++)
		search->seen_in[search->found[i].device] = 0;
	search->n_found = 0;
	search->unnamed.fd = -1;
	search->unnamed.file = HOLDER_DEVICE;
	search->names = search->has_group = search->iommufd = false;
}

static void search_fds(struct holder_search *search, const char *process, DIR *dir)
{
	struct dirent *entry;

	while (!search_time_is_over(&search->time) && (entry = sysroot_readdir(dir)))
		if (search_fd(search, process, dirfd(dir), entry->d_name)) {
			search->unsure = true;
			break;
		}
}

static void search_threads_apart(struct holder_search *search, pid_t pid)
{
	AUTO_FREE pid_t *threads = NULL;
	size_t n = process_threads_apart(pid, search->thread, &threads);

	for (size_t i = 0; i < n; i++) {
		char name[PROCESS_NAME_SIZE];
		AUTO_DIR DIR *dir = thread_open_fds(pid, threads[i], name);

		search->thread = threads[i];
		if (dir)
			search_fds(search, name, dir);
	}
}

static int search_process(struct holder_search *search, pid_t pid, struct err *err)
{
	char name[PROCESS_NAME_SIZE];
	AUTO_DIR DIR *dir = process_open_fds(pid, name, &search->thread);
	bool candidate;

	if (!dir) {
		search->unsure |= errno == EACCES || errno == EPERM;
		return 0;
	}
	begin_process(search);
	search_fds(search, name, dir);
	if (search->deep)
		search_threads_apart(search, pid);
	if (search->deep && !search->n_found && search->unnamed.fd < 0)
		search_maps(search, pid);
	candidate = !search->has_group && !search->candidate.pid &&
		    (search->unnamed.fd >= 0 || search->unnamed.file == HOLDER_MAPPING);
	return search->n_found || search->iommufd || candidate ?
		       note_process(search, pid, candidate, err) : 0;
}

/*
 * First, whatever time the others take. What they have open is listed with
 * that of all others, in the order of the processes.
 */
static int search_keepers(struct holder_search *search, struct err *err)
{
	struct holdings *holdings = search->holdings;
	int ret = 0;

	search->holdings = NULL;
	for (size_t i = 0; !ret && i < search->n; i++)
		if (search->keepers[i].pid && search->keepers[i].pid != search->self)
			ret = search_process(search, search->keepers[i].pid, err);
	search->holdings = holdings;
	return ret;
}

int holder_search_run(struct holder_search *search, struct err *err)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n = processes_list(&pids);

	if (!pids)
		return err_set(err, ERR_NO_MEMORY, 0, "the list of processes");
	if (!n && sysroot_is_host())
		return err_set(err, ERR_IO, 0, "/proc shows no processes");
	search->time.begun_ns = now_ns();
	if (search_keepers(search, err))
		return -1;
	for (size_t i = 0; i < n && !search_time_is_over(&search->time); i++)
		if (pids[i] != search->self && search_process(search, pids[i], err))
			return -1;
	return 0;
}

bool holder_is_file(int fd, const struct device *device, enum holder_file file)
{
	char number[NUMBER_SIZE], want[NUMBER_SIZE], name[PATH_MAX], fd_text[16];
	char path[32];

	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	if (file == HOLDER_DEVICE)
		return read_device_name("self", fd_text, name, sizeof(name)) &&
		       !strcmp(name + 1, device->name);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return file_number(AT_FDCWD, path, number) &&
	       read_number(device, file, want) && !strcmp(number, want);
}
