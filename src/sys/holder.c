/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/holder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "sys/root.h"

#define MARK HOLDER_COMM ":%s" /* the name of the file that says a device is held */

/* The devices that are searched for, all in one pass over the processes. */
struct search {
	struct device *devices;
	size_t n;
	bool unsure;
};

/*
 * Is @target, where a process's fd points, a file of @device? The name under
 * /dev is as that process sees it: in its mount namespace.
 */
static bool is_file_of(const struct device *device, const char *target,
		       bool *is_cdev)
{
	char name[64];
	const char *file = strstr(target, "/vfio/");

	if (!file)
		return false;
	snprintf(name, sizeof(name), "/vfio/%d", device->iommu_group);
	*is_cdev = false;
	if (device->iommu_group >= 0 && !strcmp(file, name))
		return true;
	snprintf(name, sizeof(name), "/vfio/devices/%s", device->cdev);
	*is_cdev = true;
	return *device->cdev && !strcmp(file, name);
}

/* The device number of a device's group or cdev, from sysfs; 0 or -errno. */
static int wanted_rdev(const struct device *device, bool is_cdev, dev_t *rdev)
{
	unsigned int major_number, minor_number;
	char text[32];
	int ret;

	if (is_cdev)
		ret = root_read(text, sizeof(text),
				"/sys/class/vfio-dev/%s/dev", device->cdev);
	else
		ret = root_read(text, sizeof(text), "/sys/class/vfio/%d/dev",
				device->iommu_group);
	if (ret < 0)
		return ret;
	if (sscanf(text, "%u:%u", &major_number, &minor_number) != 2)
		return -EINVAL;
	*rdev = makedev(major_number, minor_number);
	return 0;
}

static bool is_the_file(const struct stat *st, const struct device *device,
			bool is_cdev)
{
	dev_t rdev;

	return S_ISCHR(st->st_mode) && !wanted_rdev(device, is_cdev, &rdev) &&
	       st->st_rdev == rdev;
}

/* Of a group's file: is it open for @device, or for another of the group? */
static bool is_announced(int dir, const struct device *device)
{
	char mark[96], target[PATH_MAX];
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *fds = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	ssize_t len;

	if (!fds && fd >= 0)
		close(fd);
	snprintf(mark, sizeof(mark), "/memfd:" MARK " (deleted)", device->name);
	while (fds && (entry = readdir(fds))) {
		len = readlinkat(dir, entry->d_name, target,
				 sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		if (!strcmp(target, mark))
			return true;
	}
	return false;
}

/* Who has borrowed the file of a holder has it open too: the holder it is. */
static void note_holder(struct device *device, pid_t pid, int dir, int fd,
			bool is_cdev)
{
	struct holder holder = { .kind = HOLDER_OTHER,
				 .pid = pid,
				 .fd = fd,
				 .is_cdev = is_cdev };

	root_read(holder.comm, sizeof(holder.comm), "/proc/%d/comm",
		  (int)pid);
	if (!strcmp(holder.comm, HOLDER_COMM) &&
	    (is_cdev || is_announced(dir, device)))
		holder.kind = HOLDER_HOLD;
	if (device->holder.kind == HOLDER_NONE || holder.kind == HOLDER_HOLD)
		device->holder = holder;
}

/* A file of a captured host is only a name. */
static bool confirm(int dir, const char *fd, const struct device *device,
		    bool is_cdev)
{
	struct stat st;

	return !root_is_host() ||
	       (!fstatat(dir, fd, &st, 0) && is_the_file(&st, device, is_cdev));
}

static void search_fd(struct search *search, pid_t pid, int dir,
		      const char *fd)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dir, fd, target, sizeof(target) - 1);
	uint64_t number;
	bool is_cdev;

	if (len < 0 || text_u64(fd, 10, &number))
		return;
	target[len] = '\0';
	for (size_t i = 0; i < search->n; i++) {
		struct device *device = &search->devices[i];

		if (device->holder.kind != HOLDER_HOLD &&
		    is_file_of(device, target, &is_cdev) &&
		    confirm(dir, fd, device, is_cdev))
			note_holder(device, pid, dir, (int)number, is_cdev);
	}
}

static void search_process(struct search *search, pid_t pid)
{
	char path[PATH_MAX];
	struct dirent *entry;
	AUTO_DIR DIR *dir = NULL;

	if (root_path(path, "/proc/%d/fd", (int)pid))
		return;
	dir = opendir(path);
	if (!dir) {
		search->unsure |= errno == EACCES || errno == EPERM;
		return;
	}
	while ((entry = readdir(dir)))
		search_fd(search, pid, dirfd(dir), entry->d_name);
}

int holder_find_all(struct device *devices, size_t n, struct err *err)
{
	struct search search = { .devices = devices, .n = n };
	char path[PATH_MAX];
	struct dirent *entry;
	AUTO_DIR DIR *dir = NULL;

	for (size_t i = 0; i < n; i++)
		devices[i].holder = (struct holder){ .fd = -1 };
	if (root_path(path, "/proc"))
		return err_set(err, ERR_USAGE, ENAMETOOLONG, "--sysroot");
	dir = opendir(path);
	if (!dir && !root_is_host())
		return 0;
	if (!dir)
		return err_from_errno(err, errno, "%s", path);
	while ((entry = readdir(dir))) {
		uint64_t pid;

		if (!text_u64(entry->d_name, 10, &pid) &&
		    (!root_is_host() || (pid_t)pid != getpid()))
			search_process(&search, (pid_t)pid);
	}
	for (size_t i = 0; i < n; i++)
		devices[i].holder.unsure = search.unsure &&
			devices[i].holder.kind == HOLDER_NONE;
	return 0;
}

int holder_find(struct device *device, struct err *err)
{
	return holder_find_all(device, 1, err);
}

int holder_announce(const struct device *devices, size_t n, struct err *err)
{
	char mark[96];

	for (size_t i = 0; i < n; i++) {
		snprintf(mark, sizeof(mark), MARK, devices[i].name);
		if (memfd_create(mark, MFD_CLOEXEC) < 0)
			return err_from_errno(err, errno,
					      "cannot announce that %s is held",
					      devices[i].name);
	}
	/* Last: whoever reads the name finds everything open. */
	prctl(PR_SET_NAME, HOLDER_COMM);
	return 0;
}

int holder_unseen(struct err *err)
{
	err_set(err, ERR_BUSY, 0,
		"it is in use by a process that cannot be seen from here");
	return err_hint(err, "run it as root, outside of any container");
}

static int say_gone(const struct device *device, struct err *err)
{
	return err_set(err, ERR_BUSY, 0,
		       "its holder %s (pid %d) has just let it go",
		       device->holder.comm, (int)device->holder.pid);
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
	pidfd = pidfd_open(holder->pid, 0);
	if (pidfd >= 0)
		fd = pidfd_getfd(pidfd, holder->fd, 0);
	/* The pid or its fd may be another by now. */
	if (fd >= 0)
		return !fstat(fd, &st) &&
				       is_the_file(&st, device, holder->is_cdev) ?
			       TAKE_FD(fd) :
			       say_gone(device, err);
	if (errno == ESRCH || errno == EBADF || errno == EINVAL)
		return say_gone(device, err);
	err_from_errno(err, errno, "borrowing the open file of %s (pid %d)",
		       holder->comm, (int)holder->pid);
	if (err->code == ERR_PERMISSION)
		err_hint(err, "run it as root: it takes CAP_SYS_PTRACE");
	return -1;
}
