/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/hold_marker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "vfio/holders.h"
#include "vfio/process.h"

#define MARKER_SIZE 256 /* more than it has */

/* Another user cannot write where root does. */
static int marker_dir(char dir[PATH_MAX], uid_t uid)
{
	if (!uid || !sysroot_is_host())
		return sysroot_path(dir, HOLD_MARKER_DIR);
	return sysroot_path(dir, "/run/user/%u/mlxmigctl", uid);
}

static int marker_path(char path[PATH_MAX], uid_t uid, const char *name)
{
	char dir[PATH_MAX];
	int ret = marker_dir(dir, uid);

	return ret ? ret : text_format(path, PATH_MAX, "%s/%s.hold", dir, name);
}

static int marker_open(const char *name, uid_t uid, int flags)
{
	char path[PATH_MAX];

	if (marker_path(path, uid, name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
}

int hold_marker_make_dir(const char *path)
{
	/* The umask is the caller's, and every user's commands read what is in it. */
	return mkdir(path, 0755) || chmod(path, 0755) ? -errno : 0;
}

int hold_marker_write(const char *name, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	char dir[PATH_MAX];

	if (!marker_dir(dir, geteuid()))
		hold_marker_make_dir(dir);
	fd = marker_open(name, geteuid(), O_WRONLY | O_CREAT | O_TRUNC);
	if (fd >= 0 && !fchmod(fd, 0644) && dprintf(fd, "pid %d\nstart %llu\n", (int)getpid(),
			       (unsigned long long)process_start(getpid())) > 0)
		return 0;
	err_set(err, ERR_IO, errno, "cannot announce that %s is held: %s/%s.hold", name, dir, name);
	return err_hint(err, "see to it that %s is a directory where this user can write files: others borrow a device only from a holder that is announced there",
			dir);
}

void hold_marker_remove(const char *name)
{
	char path[PATH_MAX];

	if (!marker_path(path, geteuid(), name))
		unlink(path);
}

/* May others have written it? Its directory is root's, or as much @uid's as the file is. */
static bool is_trusted(int fd, uid_t uid)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == uid &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* The text of the marker that @uid has written; false: there is none. */
static bool marker_read_of(const char *name, uid_t uid, char *text, size_t size)
{
	AUTO_CLOSE int fd = marker_open(name, uid, O_RDONLY);
	ssize_t len = fd >= 0 && is_trusted(fd, uid) ? read(fd, text, size - 1) : -1;

	text[len < 0 ? 0 : len] = '\0';
	return len >= 0;
}

static bool marker_read(const char *name, char *text, size_t size)
{
	if (!sysroot_is_host())
		return sysroot_read(text, size, HOLD_MARKER_DIR "/%s.hold", name) >= 0;
	return marker_read_of(name, 0, text, size) ||
	       (geteuid() && marker_read_of(name, geteuid(), text, size));
}

enum tristate hold_marker_loaded(const char *name)
{
	char text[MARKER_SIZE];

	if (!marker_read(name, text, sizeof(text)))
		return TRI_UNKNOWN;
	return strstr(text, "\nloaded") ? TRI_YES : TRI_NO;
}

void hold_marker_note_load(const char *name)
{
	AUTO_CLOSE int fd = -1;

	if (hold_marker_loaded(name) == TRI_NO)
		fd = marker_open(name, geteuid(), O_WRONLY | O_APPEND);
	if (fd >= 0)
		dprintf(fd, "loaded\n");
}

void hold_marker_keeper(const char *name, struct keeper *keeper)
{
	char text[MARKER_SIZE];
	unsigned long long ticks;
	int pid;

	*keeper = (struct keeper){};
	if (marker_read(name, text, sizeof(text)) &&
	    sscanf(text, "pid %d start %llu", &pid, &ticks) == 2 && pid > 0)
		*keeper = (struct keeper){ .pid = pid, .start = ticks };
}

static void say_killed(const struct device *device, pid_t pid, char *text, size_t size)
{
	/* What is no PCI device need not be reset by its last close. */
	snprintf(text, size, "mlxmigctl hold (pid %d) was killed; %s", (int)pid,
		 device->kind == DEVICE_OTHER ?
			 "what it had in the device may be lost" :
			 "the kernel has reset the device, and what it held is lost");
}

/* A command of ours may have borrowed it while the holder lived, and takes the trace of what it opens. */
static bool is_in_other_hands(const struct holder *holder)
{
	return holder->kind != HOLDER_NONE && strcmp(holder->comm, TOOL_COMM);
}

void hold_marker_read(const struct device *device, char *text, size_t size)
{
	const struct holder *holder = &device->holder;
	struct keeper keeper;

	hold_marker_keeper(device->name, &keeper);
	*text = '\0';
	/* One that is not dead may be about to open it, or to end well. */
	if (!keeper.pid || !device->vfio || process_start(keeper.pid) == keeper.start)
		return;
	if (is_in_other_hands(holder)) {
		snprintf(text, size,
			 "mlxmigctl hold (pid %d) was killed before %s (pid %d) took the device; what it held is lost",
			 (int)keeper.pid, holder->comm, (int)holder->pid);
		if (sysroot_is_host())
			hold_marker_remove(device->name);
	} else if (device_in_use(device) == TRI_NO) {
		say_killed(device, keeper.pid, text, size);
	}
}

void hold_marker_take(const struct device *device, char *text, size_t size)
{
	struct keeper keeper;

	hold_marker_keeper(device->name, &keeper);
	*text = '\0';
	if (!keeper.pid)
		return;
	say_killed(device, keeper.pid, text, size);
	hold_marker_remove(device->name);
}
