/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Borrowing from real processes that are not, or no longer, what was found. */
#include "check.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vfio/hold_marker.h"
#include "vfio/holders.h"
#include "vfio/process.h"

/* A child with /dev/null as fd 9, until it is killed. */
static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open("/dev/null", O_RDWR), 9);
	for (;;)
		pause();
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static struct device held_by(pid_t pid)
{
	struct device device = { .name = "0000:3b:00.2",
				 .iommu_group = 4711 };

	device.holder = (struct holder){ .kind = HOLDER_HOLD,
					 .pid = pid,
					 .start = process_start(pid),
					 .comm = HOLDER_COMM,
					 .fd = 9 };
	return device;
}

static void check_borrow(const struct device *device, const char *code, const char *words)
{
	struct err err = ERR_INIT;

	CHECK_INT(holder_borrow(device, &err), -1);
	CHECK_STR(err_name(err.code), code);
	CHECK(strstr(err.message, words));
	if (!strstr(err.message, words))
		printf("# %s\n", err.message);
}

static void a_process_has_a_start_of_its_own(void)
{
	pid_t pid = start_child();

	CHECK(process_start(getpid()) > 0);
	CHECK(process_start(pid) >= process_start(getpid()));
	end_child(pid);
	CHECK_INT(process_start(pid), 0);
	CHECK_INT(process_self(), getpid());
}

static void one_that_has_ended(void)
{
	pid_t pid = start_child();
	struct device device = held_by(pid);

	end_child(pid);
	check_borrow(&device, "holder_gone", "has just let it go");
}

static void one_that_has_ended_and_was_not_waited_for(void)
{
	pid_t pid = start_child();
	struct device device = held_by(pid);
	siginfo_t info;

	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	check_borrow(&device, "holder_gone", "has just let it go");
	end_child(pid);
}

static void a_file_that_is_another_by_now(void)
{
	pid_t pid = start_child();
	struct device device = held_by(pid);

	check_borrow(&device, "holder_gone", "has just let it go");
	device.holder.file = HOLDER_CDEV;
	strcpy(device.cdev, "vfio4711");
	check_borrow(&device, "holder_gone", "has just let it go");
	device.holder.fd = 10;
	check_borrow(&device, "holder_gone", "has just let it go");
	end_child(pid);
}

/* By the host's own /run, where that can be written. */
static void what_was_announced_is_withdrawn(void)
{
	struct device devices[] = { { .name = "0000:3b:00.2" },
				    { .name = "0000:3b:00.3" } };
	struct keeper keeper;
	struct err err = ERR_INIT;
	struct process self;

	if (geteuid()) {
		printf("# without privilege this is not tried\n");
		return;
	}
	CHECK_INT(holder_announce(devices, 2, &err), 0);
	process_identify(&self, getpid());
	CHECK_STR(self.name, HOLDER_COMM);
	for (int i = 0; i < 2; i++) {
		hold_marker_keeper(devices[i].name, &keeper);
		CHECK_INT(keeper.pid, self.pid);
		CHECK(keeper.start == self.start);
		hold_marker_remove(devices[i].name);
	}
	holder_withdraw();
	process_identify(&self, getpid());
	CHECK_STR(self.name, TOOL_COMM);
}

/* For good: the last case. */
static int drop_ptrace(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	unsigned int bit = CAP_TO_MASK(CAP_SYS_PTRACE);

	if (syscall(SYS_capget, &header, data) ||
	    !(data[CAP_TO_INDEX(CAP_SYS_PTRACE)].permitted & bit))
		return -1;
	data[CAP_TO_INDEX(CAP_SYS_PTRACE)].permitted &= ~bit;
	data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective &= ~bit;
	data[CAP_TO_INDEX(CAP_SYS_PTRACE)].inheritable &= ~bit;
	return (int)syscall(SYS_capset, &header, data);
}

/*
 * What the child may do is more than what the parent still may. A number that
 * is another process by now is not even asked.
 */
static void without_the_right_to_ptrace(void)
{
	pid_t pid = start_child();
	struct device device = held_by(pid);

	if (drop_ptrace()) {
		printf("# without privilege this is not tried\n");
	} else {
		check_borrow(&device, "no_ptrace", "lacks CAP_SYS_PTRACE");
		device.holder.start--;
		check_borrow(&device, "holder_gone", "has just let it go");
	}
	end_child(pid);
}

int main(void)
{
	CASE(a_process_has_a_start_of_its_own);
	CASE(one_that_has_ended);
	CASE(one_that_has_ended_and_was_not_waited_for);
	CASE(a_file_that_is_another_by_now);
	CASE(what_was_announced_is_withdrawn);
	CASE(without_the_right_to_ptrace);
	return CHECK_DONE();
}
