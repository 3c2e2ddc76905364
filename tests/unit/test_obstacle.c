/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which error each obstacle gets. */
#include "check.h"

#include <errno.h>

#include "vfio/proc_access.h"

static struct sight clear_sight(void)
{
	return (struct sight){ .own_numbers = true,
			       .all_numbers = true,
			       .capable = true };
}

static const struct holder holder = { .kind = HOLDER_HOLD,
				      .pid = 4242,
				      .comm = "mlxmigctl-hold" };

static void check_unseen(struct sight sight, const char *code, int status)
{
	struct err err = ERR_INIT;
	char buf[ERR_HINT_SIZE];

	CHECK_INT(obstacle_unseen(&sight, &err), -1);
	CHECK_STR(err_name(err.code), code);
	CHECK_INT(err_exit_status(&err), status);
	CHECK(*err_hint_of(&err, buf));
}

static void unseen_for_each_reason(void)
{
	struct sight sight = clear_sight();

	check_unseen(sight, "busy", 5);
	sight.closed = true;
	check_unseen(sight, "security_module", 6);
	sight.all_numbers = false;
	check_unseen(sight, "holder_hidden", 5);
	sight.capable = false;
	check_unseen(sight, "no_ptrace", 6);
	sight.own_numbers = false;
	check_unseen(sight, "holder_hidden", 5);
}

static void check_refused(struct sight sight, const char *code,
			  const char *words)
{
	struct err err = ERR_INIT;
	char buf[ERR_HINT_SIZE];

	CHECK_INT(obstacle_refused(&sight, &holder, EPERM, &err), -1);
	CHECK_STR(err_name(err.code), code);
	CHECK_INT(err_exit_status(&err), 6);
	CHECK_INT(err.num, EPERM);
	CHECK(strstr(err.message, "mlxmigctl-hold (pid 4242)"));
	CHECK(strstr(err.message, words));
	CHECK(*err_hint_of(&err, buf));
}

static void refused_for_each_reason(void)
{
	struct sight sight = clear_sight();

	strcpy(sight.modules, "apparmor, landlock");
	check_refused(sight, "security_module", "(one of apparmor, landlock)");
	*sight.modules = '\0';
	check_refused(sight, "security_module", "forbids it all the same: ");
	sight.ptrace_scope = 2;
	sight.capable = false;
	check_refused(sight, "no_ptrace", "CAP_SYS_PTRACE");
	sight.ptrace_scope = 3;
	check_refused(sight, "ptrace_scope", "kernel.yama.ptrace_scope is 3");
	sight.capable = true;
	check_refused(sight, "ptrace_scope", "kernel.yama.ptrace_scope is 3");
}

int main(void)
{
	CASE(unseen_for_each_reason);
	CASE(refused_for_each_reason);
	return CHECK_DONE();
}
