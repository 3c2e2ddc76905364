/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/proc_access.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "vfio/process.h"

/* The first namespaces have fixed numbers (the kernel's include/linux/proc_ns.h). */
#define FIRST_USER_NS "user:[4026531837]"
#define FIRST_PID_NS "pid:[4026531836]"

#define YAMA_NO_ATTACH 3 /* for everybody, and until the next boot (Documentation/admin-guide/LSM/Yama.rst) */

/* Where it cannot be read, nothing speaks for another one. */
static bool is_namespace(const char *kind, const char *first)
{
	char name[32];

	return sysroot_link_name(name, sizeof(name), "/proc/self/ns/%s", kind) ||
	       !strcmp(name, first);
}

static bool has_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	return !syscall(SYS_capget, &header, data) && data[CAP_TO_INDEX(capability)].effective &
		       CAP_TO_MASK(capability);
}

bool proc_access_sees_all(void)
{
	/* Process 1 is always there, unless it is hidden. */
	return !sysroot_is_host() ||
	       (process_self() == getpid() &&
		is_namespace("pid", FIRST_PID_NS) && !access("/proc/1", F_OK));
}

static bool is_denied(ssize_t ret)
{
	return ret < 0 && (errno == EACCES || errno == EPERM);
}

/* A list of files may be there, and none of them to be followed. */
static bool is_closed(const char *pid)
{
	char target[1];
	struct dirent *entry;
	AUTO_DIR DIR *fds = sysroot_opendir("/proc/%s/fd", pid);

	if (!fds)
		return is_denied(-1);
	while ((entry = sysroot_readdir(fds)))
		if (is_denied(readlinkat(dirfd(fds), entry->d_name, target, sizeof(target))))
			return true;
	return false;
}

static bool any_closed(void)
{
	AUTO_DIR DIR *dir = sysroot_opendir("/proc");
	struct dirent *entry;
	uint64_t pid;

	while (dir && (entry = sysroot_readdir(dir)))
		if (!text_u64(entry->d_name, 10, &pid) && is_closed(entry->d_name))
			return true;
	return false;
}

/* Without those that never stand in the way of root, or have an error of their own. */
static void read_modules(char *list, size_t size)
{
	static const char *const others[] = { "capability", "yama", "lockdown",
					      "loadpin", "safesetid",
					      "integrity", "ima", "evm", "ipe" };
	char text[256], *rest = text, *name;
	size_t used = 0;

	*list = '\0';
	if (sysroot_read(text, sizeof(text), "/sys/kernel/security/lsm") < 0)
		return;
	while ((name = strsep(&rest, ","))) {
		size_t i = 0;

		while (i < ARRAY_SIZE(others) && strcmp(name, others[i]))
			i++;
		if (i < ARRAY_SIZE(others) || used + strlen(name) + 3 > size)
			continue;
		used += (size_t)sprintf(list + used, "%s%s", used ? ", " : "", name);
	}
}

void proc_access_read(struct proc_access *proc_access)
{
	long scope;

	*proc_access = (struct proc_access){
		.own_numbers = process_self() == getpid(),
		.all_numbers = proc_access_sees_all(),
		.capable = has_capability(CAP_SYS_PTRACE) && is_namespace("user", FIRST_USER_NS),
		.closed = any_closed(),
	};
	if (!sysroot_read_long(&scope, "/proc/sys/kernel/yama/ptrace_scope"))
		proc_access->ptrace_scope = (int)scope;
	read_modules(proc_access->modules, sizeof(proc_access->modules));
}

static int say_security(const struct proc_access *proc_access, int num, const char *what,
			struct err *err)
{
	bool known = *proc_access->modules;

	err_set(err, ERR_SECURITY, num,
		"%s: this command has CAP_SYS_PTRACE, and a security module forbids it all the same%s%s%s",
		what, known ? " (one of " : "", proc_access->modules,
		known ? ")" : "");
	return -1;
}

int proc_access_explain_hidden(const struct proc_access *proc_access, struct err *err)
{
	static const char what[] = "who has it open cannot be seen from here";

	if (!proc_access->own_numbers)
		return err_set(err, ERR_HOLDER_HIDDEN, 0,
			       "%s: /proc is of another PID namespace", what);
	if (!proc_access->capable)
		return err_set(err, ERR_NO_PTRACE, 0,
			       "%s: this command lacks CAP_SYS_PTRACE", what);
	if (!proc_access->all_numbers)
		return err_set(err, ERR_HOLDER_HIDDEN, 0,
			       "%s: this command is in a PID namespace of its own, as in a container",
			       what);
	if (proc_access->closed)
		return say_security(proc_access, 0, what, err);
	err_set(err, ERR_BUSY, 0,
		"the device is in use, but no process that has it open was found");
	return err_hint(err, "try again; if it stays so, end the process that keeps it: by a file descriptor in a socket, a file registered with io_uring, or a mapping of its memory");
}

int proc_access_explain_refusal(const struct proc_access *proc_access, const struct holder *holder,
				int num, struct err *err)
{
	char what[96];

	snprintf(what, sizeof(what), "borrowing the open file of %s (pid %d)",
		 holder->comm, (int)holder->pid);
	if (proc_access->ptrace_scope >= YAMA_NO_ATTACH)
		return err_set(err, ERR_PTRACE_SCOPE, num,
			       "%s: kernel.yama.ptrace_scope is %d, which forbids it to everybody",
			       what, proc_access->ptrace_scope);
	if (!proc_access->capable)
		return err_set(err, ERR_NO_PTRACE, num,
			       "%s: this command lacks CAP_SYS_PTRACE", what);
	return say_security(proc_access, num, what, err);
}
