/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keeps this process from looking into others, and from borrowing their files. */
#ifndef VFIO_PROC_ACCESS_H
#define VFIO_PROC_ACCESS_H

#include <stdbool.h>

#include "host/device.h"
#include "lib/err.h"

/**
 * struct proc_access - what this process may see of others, and do to them
 * @own_numbers: /proc numbers processes as pidfd_open(2) does here
 * @all_numbers: ... and it numbers all of the host's, in the first PID namespace, with none hidden (hidepid=)
 * @capable: it has CAP_SYS_PTRACE, in the first user namespace
 * @closed: there are processes whose files it may not look at
 * @ptrace_scope: kernel.yama.ptrace_scope; 0 where there is no Yama
 * @modules: the security modules that may forbid it (/sys/kernel/security/lsm), or empty
 */
struct proc_access {
	bool own_numbers, all_numbers;
	bool capable;
	bool closed;
	int ptrace_scope;
	char modules[96];
};

/** proc_access_read - fill @proc_access, of the running host */
void proc_access_read(struct proc_access *proc_access) __attribute__((nonnull(1)));

/** proc_access_sees_all - are all of the host's processes in its /proc, whether they may be looked at or not? Of another root: yes */
bool proc_access_sees_all(void);

/**
 * proc_access_explain_hidden - why it cannot be seen who has a device open
 *
 * ERR_HOLDER_HIDDEN, ERR_NO_PTRACE or ERR_SECURITY; ERR_BUSY where nothing is
 * in the way. Pure. Returns -1.
 */
int proc_access_explain_hidden(const struct proc_access *proc_access, struct err *err)
	__attribute__((nonnull(1, 2)));

/**
 * proc_access_explain_refusal - why a file of @holder cannot be borrowed, which the kernel refused with @num (EPERM or EACCES)
 *
 * ERR_PTRACE_SCOPE, ERR_NO_PTRACE or ERR_SECURITY. Pure. Returns -1.
 *
 * pidfd_getfd(2) asks for ptrace's right to attach (PTRACE_MODE_ATTACH_REALCREDS),
 * /proc/PID/fd only for that to read, which Yama does not touch.
 */
int proc_access_explain_refusal(const struct proc_access *proc_access, const struct holder *holder,
				int num, struct err *err)
	__attribute__((nonnull(1, 2, 4)));

#endif
