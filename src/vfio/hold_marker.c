/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/hold_marker.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "vfio/holders.h"
#include "vfio/process.h"

#define TRACE_FORMAT HOLD_MARKER_DIR "/%s.hold"

static int trace_open(const char *name, int flags)
{
	char path[PATH_MAX];

	if (sysroot_path(path, TRACE_FORMAT, name))
		return -1;
	return open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | flags, 0644);
}

void hold_marker_write(const char *name)
{
	AUTO_CLOSE int fd = -1;
	char dir[PATH_MAX];

	if (!sysroot_path(dir, HOLD_MARKER_DIR))
		mkdir(dir, 0755);
	fd = trace_open(name, O_CREAT | O_TRUNC);
	if (fd >= 0)
		dprintf(fd, "pid %d\nstart %llu\n", (int)getpid(),
			(unsigned long long)process_start(getpid()));
}

void hold_marker_remove(const char *name)
{
	char path[PATH_MAX];

	if (!sysroot_path(path, TRACE_FORMAT, name))
		unlink(path);
}

enum tristate hold_marker_loaded(const char *name)
{
	char text[256];

	if (sysroot_read(text, sizeof(text), TRACE_FORMAT, name) < 0)
		return TRI_UNKNOWN;
	/* sysroot_read() has cut the last newline off. */
	return strstr(text, "\nloaded") ? TRI_YES : TRI_NO;
}

void hold_marker_note_load(const char *name)
{
	AUTO_CLOSE int fd = -1;

	if (hold_marker_loaded(name) == TRI_NO)
		fd = trace_open(name, O_APPEND);
	if (fd >= 0)
		dprintf(fd, "loaded\n");
}

/* Who left it: the pid, or 0 where there is no trace. */
static pid_t read_trace(const char *name, uint64_t *start)
{
	char trace[256];
	unsigned long long ticks;
	int pid;

	if (sysroot_read(trace, sizeof(trace), TRACE_FORMAT, name) < 0 ||
	    sscanf(trace, "pid %d start %llu", &pid, &ticks) != 2)
		return 0;
	*start = ticks;
	return pid;
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
	uint64_t start;
	pid_t pid = read_trace(device->name, &start);

	*text = '\0';
	/* One that is not dead may be about to open it, or to end well. */
	if (!pid || !device->vfio || process_start(pid) == start)
		return;
	if (is_in_other_hands(holder)) {
		snprintf(text, size,
			 "mlxmigctl hold (pid %d) was killed before %s (pid %d) took the device; what it held is lost",
			 (int)pid, holder->comm, (int)holder->pid);
		if (sysroot_is_host())
			hold_marker_remove(device->name);
	} else if (device_in_use(device) == TRI_NO) {
		say_killed(device, pid, text, size);
	}
}

void hold_marker_take(const struct device *device, char *text, size_t size)
{
	uint64_t start;
	pid_t pid = read_trace(device->name, &start);

	*text = '\0';
	if (!pid)
		return;
	say_killed(device, pid, text, size);
	hold_marker_remove(device->name);
}
