/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "vfio/proc_access.h"

#define DELETED " (deleted)"

/* How a file of a device is called, in /dev/vfio or as a mark, and whose it is. */
struct key {
	char text[DEVICE_NAME_SIZE + sizeof("/memfd:" HOLDER_COMM ":")];
	size_t device;
};

/*
 * struct holder_search - devices that are searched for, all in one pass over the processes
 * @keys: sorted by @text
 * @seen_in: of each device, the last process that was found to have it open
 * @announced_by: ... and the last that says it holds it
 * @holdings: NULL: who else has them open does not matter
 * @found: what the process that is being looked at has open
 */
struct holder_search {
	struct device *devices;
	size_t n;
	struct key *keys;
	size_t n_keys;
	pid_t *seen_in, *announced_by;
	struct holdings *holdings;
	struct holding *found;
	size_t n_found;
	bool iommufd;
	bool unsure;
};

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct key *)a)->text, ((const struct key *)b)->text);
}

static void add_key(struct holder_search *search, size_t device, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add_key(struct holder_search *search, size_t device, const char *fmt, ...)
{
	struct key *key = &search->keys[search->n_keys];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(key->text, sizeof(key->text), fmt, ap);
	va_end(ap);
	key->device = device;
	search->n_keys += len > 0 && (size_t)len < sizeof(key->text);
}

static void add_keys(struct holder_search *search, size_t i)
{
	const struct device *device = &search->devices[i];

	if (device->iommu_group >= 0)
		add_key(search, i, "%d", device->iommu_group);
	if (*device->cdev)
		add_key(search, i, "devices/%s", device->cdev);
	add_key(search, i, "/memfd:" HOLDER_MARK, device->name);
}

static void search_free(struct holder_search *search)
{
	free(search->keys);
	free(search->seen_in);
	free(search->announced_by);
	free(search->found);
}

static int search_begin(struct holder_search *search, struct err *err)
{
	size_t n = search->n + 1; /* none is no lack of memory */

	search->keys = calloc(3 * n, sizeof(*search->keys));
	search->seen_in = calloc(n, sizeof(*search->seen_in));
	search->announced_by = calloc(n, sizeof(*search->announced_by));
	search->found = calloc(n, sizeof(*search->found));
	if (!search->keys || !search->seen_in || !search->announced_by || !search->found)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n - 1);
	for (size_t i = 0; i < search->n; i++) {
		search->devices[i].holder = (struct holder){ .fd = -1 };
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

/* Is the file of that process's fd the character device that sysfs numbers there? */
static bool is_chardev(const struct stat *st, const char *class, const char *name)
{
	unsigned int major_number, minor_number;
	char text[32];

	return S_ISCHR(st->st_mode) &&
	       sysroot_read(text, sizeof(text), "/sys/class/%s/%s/dev", class, name) > 0 &&
	       sscanf(text, "%u:%u", &major_number, &minor_number) == 2 &&
	       st->st_rdev == makedev(major_number, minor_number);
}

/* holder_is_file - is a file that was looked at (stat) the device's group or cdev, as sysfs numbers it? */
static bool holder_is_file(const struct stat *st, const struct device *device,
			   bool is_cdev)
{
	char group[16];

	snprintf(group, sizeof(group), "%d", device->iommu_group);
	return is_cdev ? is_chardev(st, "vfio-dev", device->cdev) : is_chardev(st, "vfio", group);
}

/*
 * Names under /dev are as that process sees them, in its mount namespace, so
 * they only say where to look; a file of a captured host is only a name.
 */
static bool confirm_file(int dir, const char *fd, const struct device *device, bool is_cdev)
{
	struct stat st;

	return !sysroot_is_host() ||
	       (!fstatat(dir, fd, &st, 0) && holder_is_file(&st, device, is_cdev));
}

static bool is_iommufd(int dir, const char *fd, const char *target)
{
	const char *name = strrchr(target, '/');
	struct stat st;

	return name && !strcmp(name, "/iommu") &&
	       (!sysroot_is_host() || (!fstatat(dir, fd, &st, 0) &&
				       is_chardev(&st, "misc", "iommu")));
}

/* Of several fds of one device that a process has, the first counts. */
static void search_file(struct holder_search *search, pid_t pid, int dir, const char *fd,
			const char *name)
{
	bool is_cdev = text_starts(name, "devices/");
	const struct key *key, *end;
	uint64_t number;

	if (text_u64(fd, 10, &number))
		return;
	for (key = find_keys(search, name, &end); key < end; key++) {
		if (search->seen_in[key->device] == pid ||
		    !confirm_file(dir, fd, &search->devices[key->device], is_cdev))
			continue;
		search->seen_in[key->device] = pid;
		search->found[search->n_found++] =
			(struct holding){ .device = key->device,
					  .fd = (int)number,
					  .is_cdev = is_cdev };
	}
}

/* Of a group's file: for which of its devices is it open? */
static void note_mark(struct holder_search *search, pid_t pid, const char *target)
{
	const struct key *end, *key = find_keys(search, target, &end);

	if (key < end)
		search->announced_by[key->device] = pid;
}

/* Listing them takes less of a right than following them (ptrace's, to read). 0, or -errno where that is lacking. */
static int search_fd(struct holder_search *search, pid_t pid, int dir, const char *fd)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dir, fd, target, sizeof(target) - 1);
	size_t tail = strlen(DELETED);
	const char *file;

	if (len < 0)
		return errno == EACCES || errno == EPERM ? -errno : 0;
	target[len] = '\0';
	if ((size_t)len > tail && !strcmp(target + len - tail, DELETED))
		target[(size_t)len - tail] = '\0';
	if (text_starts(target, "/memfd:"))
		note_mark(search, pid, target);
	else if ((file = strstr(target, "/vfio/")))
		search_file(search, pid, dir, fd, file + strlen("/vfio/"));
	else if (!search->iommufd)
		search->iommufd = is_iommufd(dir, fd, target);
	return 0;
}

/* Who has borrowed the file of another has it open too: it is that one's. */
static int rank_holder(enum holder_kind kind, const char *comm)
{
	if (kind == HOLDER_NONE)
		return 0;
	if (kind == HOLDER_HOLD)
		return 3;
	return strcmp(comm, TOOL_COMM) ? 2 : 1;
}

/* Of the same rank the first counts. */
static void note_holder(struct device *device, const struct holding *holding,
			const struct process *process)
{
	struct holder *holder = &device->holder;

	if (rank_holder(holding->kind, process->name) <= rank_holder(holder->kind, holder->comm))
		return;
	*holder = (struct holder){ .kind = holding->kind,
				   .pid = process->pid,
				   .start = process->start,
				   .fd = holding->fd,
				   .is_cdev = holding->is_cdev };
	memcpy(holder->comm, process->name, sizeof(holder->comm));
}

static int list_process(struct holder_search *search, const struct process *process,
			struct err *err)
{
	struct process *listed = holdings_add_process(search->holdings);
	size_t i = 0;

	if (listed) {
		*listed = *process;
		process_describe(listed);
		while (i < search->n_found && !holdings_add(search->holdings, &search->found[i]))
			i++;
	}
	return listed && i == search->n_found ? 0 :
		err_set(err, ERR_NO_MEMORY, 0, "who has devices open");
}

static int note_process(struct holder_search *search, pid_t pid, struct err *err)
{
	struct process process = { .iommufd = search->iommufd };
	bool holds;

	process_identify(&process, pid);
	holds = !strcmp(process.name, HOLDER_COMM);
	for (size_t i = 0; i < search->n_found; i++) {
		struct holding *found = &search->found[i];

		found->kind = holds && (found->is_cdev ||
					search->announced_by[found->device] == pid) ?
				      HOLDER_HOLD : HOLDER_OTHER;
		note_holder(&search->devices[found->device], found, &process);
	}
	return search->holdings ? list_process(search, &process, err) : 0;
}

static int search_process(struct holder_search *search, pid_t pid, struct err *err)
{
	char path[PATH_MAX];
	struct dirent *entry;
	AUTO_DIR DIR *dir = NULL;

	if (sysroot_path(path, "/proc/%d/fd", (int)pid))
		return 0;
	dir = opendir(path);
	if (!dir) {
		search->unsure |= errno == EACCES || errno == EPERM;
		return 0;
	}
	search->n_found = 0;
	search->iommufd = false;
	while ((entry = readdir(dir)))
		if (search_fd(search, pid, dirfd(dir), entry->d_name)) {
			search->unsure = true;
			break;
		}
	return search->n_found || search->iommufd ? note_process(search, pid, err) : 0;
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* All processes but this one, by number; the caller's to free. NULL: no memory. */
static pid_t *list_pids(DIR *dir, size_t *n)
{
	pid_t self = process_self(), *pids = NULL, *more;
	struct dirent *entry;
	size_t room = 0;

	for (*n = 0; (entry = readdir(dir));) {
		uint64_t pid;

		if (*n == room) {
			room = room ? room * 2 : 512;
			more = reallocarray(pids, room, sizeof(*pids));
			if (!more) {
				free(pids);
				return NULL;
			}
			pids = more;
		}
		if (!text_u64(entry->d_name, 10, &pid) && (pid_t)pid != self)
			pids[(*n)++] = (pid_t)pid;
	}
	if (*n)
		qsort(pids, *n, sizeof(*pids), compare_pids);
	return pids;
}

static int search_all(struct holder_search *search, struct err *err)
{
	AUTO_FREE pid_t *pids = NULL;
	AUTO_DIR DIR *dir = NULL;
	char path[PATH_MAX];
	size_t n;

	if (sysroot_path(path, "/proc"))
		return err_set(err, ERR_USAGE, ENAMETOOLONG, "--sysroot");
	dir = opendir(path);
	if (!dir && !sysroot_is_host())
		return 0;
	if (!dir)
		return err_from_errno(err, errno, "%s", path);
	pids = list_pids(dir, &n);
	if (!pids)
		return err_set(err, ERR_NO_MEMORY, 0, "%s", path);
	for (size_t i = 0; i < n; i++)
		if (search_process(search, pids[i], err))
			return -1;
	for (size_t i = 0; i < search->n; i++) {
		struct holder *holder = &search->devices[i].holder;

		holder->unsure = search->unsure && holder->kind == HOLDER_NONE;
	}
	return 0;
}

int holder_list(struct device *devices, size_t n,
			  struct holdings *holdings, struct err *err)
{
	CLEANUP(search_free) struct holder_search search = { .devices = devices,
						      .n = n,
						      .holdings = holdings,
						      .unsure = !proc_access_sees_all() };

	return search_begin(&search, err) ? -1 : search_all(&search, err);
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

/* A device's file, as it came from a group, tells of which: its path in sysfs. */
static void read_syspath(const struct device *device, const char *fd, enum tristate *has)
{
	int pid = device->holder.pid;
	char info[PATH_MAX], link[32];
	char *path, *name;

	if (sysroot_link_name(link, sizeof(link), "/proc/%d/fd/%s", pid, fd) ||
	    strcmp(link, "anon_inode:[vfio-device]") ||
	    sysroot_read(info, sizeof(info), "/proc/%d/fdinfo/%s", pid, fd) < 0)
		return;
	path = strstr(info, "vfio-device-syspath:");
	if (!path)
		return;
	path[strcspn(path, "\n")] = '\0';
	name = strrchr(path, '/');
	*has = name && !strcmp(name + 1, device->name) ? TRI_YES : TRI_NO;
}

static enum tristate told_by_files(const struct device *device)
{
	enum tristate has = TRI_UNKNOWN;
	char path[PATH_MAX];
	struct dirent *entry;
	AUTO_DIR DIR *dir = NULL;

	if (sysroot_path(path, "/proc/%d/fd", (int)device->holder.pid))
		return has;
	dir = opendir(path);
	while (dir && has != TRI_YES && (entry = readdir(dir)))
		read_syspath(device, entry->d_name, &has);
	return has;
}

/*
 * 6.1 and 6.12 do not tell the path. But VFIO's drivers of PCI devices enable
 * one at its first open, and disable it at its last close, which sysfs counts;
 * and nobody else than who has the group can have opened it.
 */
enum tristate holder_has_open(const struct device *device)
{
	enum tristate has = told_by_files(device);
	long enabled;

	if (has == TRI_UNKNOWN &&
	    !sysroot_read_long(&enabled, "/sys/bus/pci/devices/%s/enable",
			       device->name))
		has = enabled > 0 ? TRI_YES : TRI_NO;
	return has;
}

/* One without a driver does not count, and a bridge has a driver of the host. */
bool holder_is_alone(const struct device *device)
{
	bool listed = false, others = false;
	char path[PATH_MAX], driver[64];
	struct dirent *entry;
	AUTO_DIR DIR *dir = NULL;

	if (sysroot_path(path, "/sys/kernel/iommu_groups/%d/devices", device->iommu_group))
		return false;
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, device->name))
			listed = true;
		else if (*entry->d_name != '.' &&
			 !sysroot_link_name(driver, sizeof(driver),
					    "/sys/kernel/iommu_groups/%d/devices/%s/driver",
					    device->iommu_group, entry->d_name))
			others |= !!strcmp(driver, "pcieport");
	}
	return listed && !others;
}

int holder_announce(const struct device *devices, int *marks, size_t n, struct err *err)
{
	char mark[96];

	for (size_t i = 0; i < n; i++) {
		snprintf(mark, sizeof(mark), HOLDER_MARK, devices[i].name);
		marks[i] = memfd_create(mark, MFD_CLOEXEC);
		if (marks[i] < 0)
			return err_from_errno(err, errno, "cannot announce that %s is held",
					      devices[i].name);
	}
	/* Last: whoever reads the name finds everything open. */
	prctl(PR_SET_NAME, HOLDER_COMM);
	return 0;
}

void holder_withdraw(int *marks, size_t n)
{
	/* First, since holder_borrow() asks for it last. */
	prctl(PR_SET_NAME, TOOL_COMM);
	for (size_t i = 0; i < n; i++) {
		if (marks[i] >= 0)
			close(marks[i]);
		marks[i] = -1;
	}
}

int holder_unseen(struct err *err)
{
	struct proc_access proc_access;

	proc_access_read(&proc_access);
	return proc_access_explain_hidden(&proc_access, err);
}

void holder_guest(const struct holder *holder, char *name, size_t size)
{
	struct process process = {};

	process_identify(&process, holder->pid);
	process_describe(&process);
	text_copy(name, size, process.start == holder->start ? process.guest : "");
}

static int say_gone(const struct device *device, struct err *err)
{
	return err_set(err, ERR_HOLDER_GONE, 0, "its holder %s (pid %d) has just let it go",
		       device->holder.comm, (int)device->holder.pid);
}

static int say_refused(const struct holder *holder, int num, struct err *err)
{
	struct proc_access proc_access;

	if (num != EPERM && num != EACCES)
		return err_from_errno(err, num, "borrowing the open file of %s (pid %d)",
				      holder->comm, (int)holder->pid);
	proc_access_read(&proc_access);
	return proc_access_explain_refusal(&proc_access, holder, num, err);
}

/*
 * A pid is used again. From here on the fd names one process for good; it is
 * that which was found if it began when that began.
 */
static int open_process(const struct holder *holder)
{
	int pidfd = pidfd_open(holder->pid, 0);

	if (pidfd < 0 || process_start(holder->pid) == holder->start)
		return pidfd;
	close(pidfd);
	errno = ESRCH;
	return -1;
}

/*
 * Asked once its file is ours too: either this sees the name that was taken
 * back, or the holder, which looks after that, sees the file.
 */
static bool is_lending(const struct holder *holder)
{
	struct process process = {};

	process_identify(&process, holder->pid);
	return holder->kind != HOLDER_HOLD || !strcmp(process.name, HOLDER_COMM);
}

int holder_borrow(const struct device *device, struct err *err)
{
	const struct holder *holder = &device->holder;
	AUTO_CLOSE int pidfd = -1;
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (!sysroot_is_host())
		return err_set(err, ERR_UNSUPPORTED, 0, "a captured host has no open files");
	if (process_self() != getpid())
		return holder_unseen(err);
	pidfd = open_process(holder);
	if (pidfd >= 0)
		fd = pidfd_getfd(pidfd, holder->fd, 0);
	/* Its fd may be another file by now. */
	if (fd >= 0)
		return !fstat(fd, &st) &&
		       holder_is_file(&st, device, holder->is_cdev) &&
		       is_lending(holder) ? TAKE_FD(fd) : say_gone(device, err);
	if (errno == ESRCH || errno == EBADF || errno == EINVAL)
		return say_gone(device, err);
	return say_refused(holder, errno, err);
}
