/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/holders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "host/iommu_group.h"
#include "host/processes.h"
#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "vfio/hold_marker.h"
#include "vfio/holder_search.h"
#include "vfio/proc_access.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* from Linux 6.9 on */
#endif

bool holder_is_alone(const struct device *device)
{
	CLEANUP(iommu_group_free) struct iommu_group group = {};
	bool listed = false, others = false;

	if (iommu_group_read(device->iommu_group, &group))
		return false;
	for (size_t i = 0; i < group.n; i++) {
		if (!strcmp(group.members[i].name, device->name))
			listed = true;
		else
			others |= group.members[i].use != MEMBER_IDLE;
	}
	return listed && !others;
}

int holder_announce(const struct device *devices, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!hold_marker_write(devices[i].name, err))
			continue;
		while (i--)
			hold_marker_remove(devices[i].name);
		return -1;
	}
	/* Last: whoever reads the name finds everything written. */
	prctl(PR_SET_NAME, HOLDER_COMM);
	return 0;
}

/* holder_borrow() asks for the name last. */
void holder_withdraw(void)
{
	prctl(PR_SET_NAME, TOOL_COMM);
}

int holder_unseen(bool cut, struct err *err)
{
	struct proc_access proc_access;

	if (cut) {
		err_set(err, ERR_BUSY, 0,
			"whether a process has it open is not known: they have more files open than can be looked at in %d s",
			PROCESSES_LIMIT_S);
		return err_hint(err, "end the process that has so many: for p in /proc/[0-9]*; do echo \"$(ls $p/fd | wc -l) $p\"; done | sort -n | tail -3");
	}
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

static int say_thread(const struct holder *holder, struct err *err)
{
	err_set(err, ERR_BUSY, 0,
		"the device cannot be borrowed from %s (pid %d): only its thread %d has the file, since the first thread has ended or does not share its files, and this kernel borrows from whole processes",
		holder->comm, (int)holder->pid, (int)holder->thread);
	return err_hint(err, "end process %d, or use Linux 6.9 or later", (int)holder->pid);
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
 * A pid is used again. From here on the fd names one process, or thread, for
 * good; it is that which was found if it began when that began.
 */
static int open_process(const struct holder *holder)
{
	pid_t thread = holder->thread;
	int pidfd = thread ? pidfd_open(thread, PIDFD_THREAD) : pidfd_open(holder->pid, 0);

	if (pidfd < 0 ||
	    (process_start(holder->pid) == holder->start &&
	     (!thread || sysroot_exists("/proc/%d/task/%d", (int)holder->pid, (int)thread))))
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

	if (!sysroot_is_host())
		return err_set(err, ERR_UNSUPPORTED, 0, "a captured host has no open files");
	if (process_self() != getpid())
		return holder_unseen(false, err);
	pidfd = open_process(holder);
	if (pidfd < 0 && errno == EINVAL && holder->thread)
		return say_thread(holder, err);
	if (pidfd >= 0)
		fd = pidfd_getfd(pidfd, holder->fd, 0);
	/* Its fd may be another file by now. */
	if (fd >= 0)
		return holder_is_file(fd, device, holder->file) && is_lending(holder) ?
			       TAKE_FD(fd) : say_gone(device, err);
	if (errno == ESRCH || errno == EBADF || errno == EINVAL)
		return say_gone(device, err);
	return say_refused(holder, errno, err);
}
