/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which error each obstacle gets. */
#include "check.h"

#include <errno.h>

#include "vfio/proc_access.h"

static struct proc_access full_access(void)
{
	return (struct proc_access){ .own_numbers = true,
			       .all_numbers = true,
			       .capable = true };
}

static const struct holder holder = { .kind = HOLDER_HOLD,
				      .pid = 4242,
				      .comm = "mlxmigctl-hold" };

static void check_unseen(struct proc_access proc_access, const char *code, int status)
{
	struct err err = ERR_INIT;
	char buf[ERR_HINT_SIZE];

	CHECK_INT(proc_access_explain_hidden(&proc_access, &err), -1);
	CHECK_STR(err_name(err.code), code);
	CHECK_INT(err_exit_status(&err), status);
	CHECK(*err_hint_of(&err, buf));
}

static void unseen_for_each_reason(void)
{
	struct proc_access proc_access = full_access();

	check_unseen(proc_access, "busy", 5);
	proc_access.closed = true;
	check_unseen(proc_access, "security_module", 6);
	proc_access.all_numbers = false;
	check_unseen(proc_access, "holder_hidden", 5);
	proc_access.capable = false;
	check_unseen(proc_access, "no_ptrace", 6);
	proc_access.own_numbers = false;
	check_unseen(proc_access, "holder_hidden", 5);
}

/* Nothing hides a process, and none has the device by what /proc shows. */
static void each_way_to_keep_a_device_unseen_is_named(void)
{
	struct proc_access proc_access = full_access();
	struct err err = ERR_INIT;

	proc_access_explain_hidden(&proc_access, &err);
	CHECK(strstr(err.hint, "socket"));
	CHECK(strstr(err.hint, "io_uring"));
	CHECK(strstr(err.hint, "mapping"));
}

static void check_refused(struct proc_access proc_access, const char *code, const char *words)
{
	struct err err = ERR_INIT;
	char buf[ERR_HINT_SIZE];

	CHECK_INT(proc_access_explain_refusal(&proc_access, &holder, EPERM, &err), -1);
	CHECK_STR(err_name(err.code), code);
	CHECK_INT(err_exit_status(&err), 6);
	CHECK_INT(err.num, EPERM);
	CHECK(strstr(err.message, "mlxmigctl-hold (pid 4242)"));
	CHECK(strstr(err.message, words));
	CHECK(*err_hint_of(&err, buf));
}

static void refused_for_each_reason(void)
{
	struct proc_access proc_access = full_access();

	strcpy(proc_access.modules, "apparmor, landlock");
	check_refused(proc_access, "security_module", "(one of apparmor, landlock)");
	*proc_access.modules = '\0';
	check_refused(proc_access, "security_module", "forbids it all the same: ");
	proc_access.ptrace_scope = 2;
	proc_access.capable = false;
	check_refused(proc_access, "no_ptrace", "CAP_SYS_PTRACE");
	proc_access.ptrace_scope = 3;
	check_refused(proc_access, "ptrace_scope", "kernel.yama.ptrace_scope is 3");
	proc_access.capable = true;
	check_refused(proc_access, "ptrace_scope", "kernel.yama.ptrace_scope is 3");
}

int main(void)
{
	CASE(unseen_for_each_reason);
	CASE(each_way_to_keep_a_device_unseen_is_named);
	CASE(refused_for_each_reason);
	return CHECK_DONE();
}
