/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/bind_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/interrupt.h"
#include "lib/io.h"
#include "lib/text.h"
#include "vfio/hold_marker.h"

#define LOCK_WAIT_MS 5000
#define LOCK_POLL_MS 20

/* A lock that another process has, by its pid. */
static int say_locked(const char *path, const char *device, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char pid[32] = "", buf[OPERAND_SIZE];
	ssize_t len = fd < 0 ? 0 : read(fd, pid, sizeof(pid) - 1);

	pid[len > 0 ? len : 0] = '\0';
	err_set(err, ERR_BUSY, 0, "%s: another mlxmigctl (pid %s) is changing its driver",
		device, *pid ? pid : "not known");
	err_hint(err, "wait until that command has ended, and see mlxmigctl status %s",
		 text_shell_word(buf, device, "DEVICE"));
	return err_device(err, device);
}

static void lock_path(const char *device, char *path)
{
	snprintf(path, PATH_MAX, HOLD_MARKER_DIR "/%s.bind", device);
}

/* Is the file that is open still the one of that name? Its last owner may have removed it. */
static bool is_current(int fd, const char *path)
{
	struct stat ours, named;

	return !fstat(fd, &ours) && !stat(path, &named) && stat_is_same_file(&ours, &named);
}

/* -2: there is no place for locks. */
static int say_not_made(const char *path, int num, struct err *err)
{
	switch (num) {
	case EROFS:
	case ENOENT:
	case ENOTDIR:
	case EACCES:
		return -2;
	case ENOSPC:
	case EDQUOT:
		err_from_errno(err, num, "%s", path);
		return err_hint(err, "free space or inodes on the file system of " HOLD_MARKER_DIR ": df -h and df -i show which it lacks");
	default:
		return err_from_errno(err, num, "%s", path);
	}
}

/* 1: locked, by the file *@fd; 0: another process has the lock; else as say_not_made(). */
static int try_lock(const char *path, int *fd, struct err *err)
{
	AUTO_CLOSE int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (file < 0)
		return say_not_made(path, errno, err);
	if (!flock(file, LOCK_EX | LOCK_NB) && is_current(file, path)) {
		*fd = TAKE_FD(file);
		return 1;
	}
	return 0;
}

static int lock_device(const char *device, int *fd, struct err *err)
{
	char path[PATH_MAX];
	int ret;

	lock_path(device, path);
	for (int waited = 0; !(ret = try_lock(path, fd, err)); waited += LOCK_POLL_MS) {
		if (interrupt_check(err))
			return -1;
		if (waited >= LOCK_WAIT_MS)
			return say_locked(path, device, err);
		poll(NULL, 0, LOCK_POLL_MS);
	}
	return ret == -1 ? err_device(err, device) : 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct device *const *da = a, *const *db = b;

	return strcmp((*da)->name, (*db)->name);
}

/* In the order of the names: two calls never wait for each other. */
static int lock_sorted(const struct device **sorted, size_t n, int *fds, struct err *err)
{
	qsort(sorted, n, sizeof(*sorted), compare_names);
	for (size_t i = 0; i < n; i++)
		if (lock_device(sorted[i]->name, &fds[i], err))
			return -1;
	return 0;
}

int bind_lock_all(const struct device *devices, size_t n, int *fds, struct err *err)
{
	AUTO_FREE const struct device **sorted = calloc(n + 1, sizeof(*sorted));
	int ret;

	if (!sorted)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n);
	/* A full /run is no place without locks: the directory may be there by the next call. */
	ret = hold_marker_make_dir(HOLD_MARKER_DIR);
	if (ret == -ENOSPC || ret == -EDQUOT)
		return say_not_made(HOLD_MARKER_DIR, -ret, err);
	for (size_t i = 0; i < n; i++)
		sorted[i] = &devices[i];
	return lock_sorted(sorted, n, fds, err);
}

void bind_lock_write_owner(const int *fds, size_t n)
{
	char pid[16];
	int len = snprintf(pid, sizeof(pid), "%d", (int)getpid());

	/* The file of a process that was killed may have a longer number in it. */
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0 && !ftruncate(fds[i], 0) && pwrite(fds[i], pid, (size_t)len, 0) < len)
			continue;
}

void bind_lock_remove(const struct device *devices, size_t n)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < n; i++) {
		lock_path(devices[i].name, path);
		unlink(path);
	}
}
