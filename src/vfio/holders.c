/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/holders.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "sys/search.h"
#include "vfio/proc_access.h"
#include "vfio/process.h"

int holder_list(struct device *devices, size_t n, struct holdings *holdings,
		struct err *err)
{
	return search_holders(devices, n, holdings, err);
}

int holder_find_all(struct device *devices, size_t n, struct err *err)
{
	return search_holders(devices, n, NULL, err);
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
			const struct process *process =
				&holdings.processes[holding->process];

			has |= holding->kind == holder->kind &&
			       process->pid == holder->pid &&
			       process->start == holder->start;
		}
	holdings_free(&holdings);
	return has;
}

/* A device's file, as it came from a group, tells of which: its path in sysfs. */
static void read_syspath(const struct device *device, const char *fd,
			 enum tristate *has)
{
	int pid = device->holder.pid;
	char info[PATH_MAX], link[32];
	char *path, *name;

	if (root_link_name(link, sizeof(link), "/proc/%d/fd/%s", pid, fd) ||
	    strcmp(link, "anon_inode:[vfio-device]") ||
	    root_read(info, sizeof(info), "/proc/%d/fdinfo/%s", pid, fd) < 0)
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

	if (root_path(path, "/proc/%d/fd", (int)device->holder.pid))
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
	    !root_read_long(&enabled, "/sys/bus/pci/devices/%s/enable",
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

	if (root_path(path, "/sys/kernel/iommu_groups/%d/devices",
		      device->iommu_group))
		return false;
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, device->name))
			listed = true;
		else if (*entry->d_name != '.' &&
			 !root_link_name(driver, sizeof(driver),
					 "/sys/kernel/iommu_groups/%d/devices/%s/driver",
					 device->iommu_group, entry->d_name))
			others |= !!strcmp(driver, "pcieport");
	}
	return listed && !others;
}

int holder_announce(const struct device *devices, int *marks, size_t n,
		    struct err *err)
{
	char mark[96];

	for (size_t i = 0; i < n; i++) {
		snprintf(mark, sizeof(mark), HOLDER_MARK, devices[i].name);
		marks[i] = memfd_create(mark, MFD_CLOEXEC);
		if (marks[i] < 0)
			return err_from_errno(err, errno,
					      "cannot announce that %s is held",
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
	struct sight sight;

	obstacle_look(&sight);
	return obstacle_unseen(&sight, err);
}

void holder_guest(const struct holder *holder, char *name, size_t size)
{
	struct process process = {};

	process_identify(&process, holder->pid);
	process_describe(&process);
	text_copy(name, size,
		  process.start == holder->start ? process.guest : "");
}

static int say_gone(const struct device *device, struct err *err)
{
	return err_set(err, ERR_HOLDER_GONE, 0,
		       "its holder %s (pid %d) has just let it go",
		       device->holder.comm, (int)device->holder.pid);
}

static int say_refused(const struct holder *holder, int num, struct err *err)
{
	struct sight sight;

	if (num != EPERM && num != EACCES)
		return err_from_errno(err, num,
				      "borrowing the open file of %s (pid %d)",
				      holder->comm, (int)holder->pid);
	obstacle_look(&sight);
	return obstacle_refused(&sight, holder, num, err);
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
static bool lends(const struct holder *holder)
{
	struct process process = {};

	process_identify(&process, holder->pid);
	return holder->kind != HOLDER_HOLD ||
	       !strcmp(process.name, HOLDER_COMM);
}

int holder_borrow(const struct device *device, struct err *err)
{
	const struct holder *holder = &device->holder;
	AUTO_CLOSE int pidfd = -1;
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (!root_is_host())
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "a captured host has no open files");
	if (process_self() != getpid())
		return holder_unseen(err);
	pidfd = open_process(holder);
	if (pidfd >= 0)
		fd = pidfd_getfd(pidfd, holder->fd, 0);
	/* Its fd may be another file by now. */
	if (fd >= 0)
		return !fstat(fd, &st) &&
		       search_is_file(&st, device, holder->is_cdev) &&
		       lends(holder) ?
			       TAKE_FD(fd) : say_gone(device, err);
	if (errno == ESRCH || errno == EBADF || errno == EINVAL)
		return say_gone(device, err);
	return say_refused(holder, errno, err);
}
