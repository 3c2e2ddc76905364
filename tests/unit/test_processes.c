/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and network namespaces of real processes. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/netlink.h"
#include "host/netns.h"
#include "host/processes.h"
#include "host/sysroot.h"
#include "root_kit.h"

#define NULL_NUMBER makedev(1, 3) /* of /dev/null */

/* A child that has @path open twice, or is in a network namespace of its own, until it is killed. */
static pid_t start_child(const char *path)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* What the test was started with may be /dev/null too. */
		dup2(ready[1], 0);
		close_range(1, ~0u, 0);
		if (!path)
			unshare(CLONE_NEWNET);
		else if (dup(open(path, O_RDONLY)) < 0)
			_exit(1);
		close(0);
		for (;;)
			pause();
	}
	close(ready[1]);
	while (read(ready[0], &byte, 1) > 0)
		;
	close(ready[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* struct count - how often @pid was told to have the device @i open */
struct count {
	size_t i;
	pid_t pid;
	int times;
};

static void count_opener(size_t i, pid_t pid, void *data)
{
	struct count *count = data;

	count->times += i == count->i && pid == count->pid;
}

static int times_found(const struct char_device *device, pid_t pid)
{
	struct count count = { .pid = pid };

	CHECK_INT(processes_find_openers(device, 1, count_opener, &count), 0);
	return count.times;
}

static void a_file_is_known_by_its_number_and_counts_once(void)
{
	struct char_device null = { NULL_NUMBER, "uverbs0" };
	struct char_device other = { makedev(1, 4711), "null" };
	pid_t pid = start_child("/dev/null");

	CHECK_INT(times_found(&null, pid), 1);
	CHECK_INT(times_found(&other, pid), 0);
	end_child(pid);
}

static void *share_files(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* Then it is ready. */
static void *have_file_apart(void *unused)
{
	if (!unshare(CLONE_FILES))
		dup2(open("/dev/null", O_RDONLY), 9);
	if (write(0, "", 1) == 1)
		share_files(unused);
	return unused;
}

/* A child with a thread that shares its files, and one that does not and has /dev/null; @leave: its first thread ends. */
static pid_t start_threads(bool leave)
{
	int ready[2];
	char byte;
	pthread_t thread;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], 0);
		close_range(1, ~0u, 0);
		pthread_create(&thread, NULL, share_files, NULL);
		pthread_create(&thread, NULL, have_file_apart, NULL);
		if (leave)
			pthread_exit(NULL);
		share_files(NULL);
	}
	close(ready[1]);
	CHECK_INT(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void a_file_that_a_thread_does_not_share_is_found(void)
{
	struct char_device null = { NULL_NUMBER, "uverbs0" };
	pid_t *threads, pid = start_threads(false);
	size_t n = process_threads_apart(pid, 0, &threads);

	CHECK_INT(times_found(&null, pid), 1);
	/* Without kcmp(2) both count. */
	if (!syscall(SYS_kcmp, pid, pid, KCMP_FILES, 0, 0))
		CHECK_INT(n, 1);
	free(threads);
	end_child(pid);
	CHECK_INT(process_threads_apart(pid, 0, &threads), 0);
	free(threads);
}

static void the_files_of_the_thread_that_is_left_are_found(void)
{
	struct char_device null = { NULL_NUMBER, "uverbs0" };
	pid_t thread = 0, pid = start_threads(true);
	char name[PROCESS_NAME_SIZE];

	/* The first thread may be about to end. */
	for (int i = 0; i < 5000 && !thread; i++) {
		DIR *dir = process_open_fds(pid, name, &thread);

		CHECK(dir != NULL);
		closedir(dir);
		usleep(1000);
	}
	CHECK(thread > 0 && thread != pid);
	CHECK_INT(times_found(&null, pid), 1);
	end_child(pid);
}

static void each_device_is_found_in_one_pass(void)
{
	struct char_device devices[] = { { makedev(1, 4711), "a" }, { NULL_NUMBER, "b" } };
	pid_t pid = start_child("/dev/null");
	struct count count = { .i = 1, .pid = pid };

	CHECK_INT(processes_find_openers(devices, 2, count_opener, &count), 0);
	CHECK_INT(count.times, 1);
	end_child(pid);
}

/* A node in a jail, and a file that is only called like one. */
static void a_node_elsewhere_is_known_and_a_plain_file_is_not(void)
{
	struct char_device null = { NULL_NUMBER, "uverbs0" };
	char dir[] = "/tmp/mlxmigctl-test-XXXXXX", path[64];
	pid_t pid;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/uverbs0", dir);
	/* It takes a privilege. */
	if (!mknod(path, S_IFCHR | 0600, NULL_NUMBER)) {
		pid = start_child(path);
		/* Where file systems are mounted with nodev it cannot be opened. */
		if (pid > 0 && !access(path, R_OK) && close(open(path, O_RDONLY)) == 0)
			CHECK_INT(times_found(&null, pid), 1);
		end_child(pid);
		unlink(path);
	}
	close(open(path, O_CREAT | O_WRONLY, 0600));
	pid = start_child(path);
	CHECK_INT(times_found(&null, pid), 0);
	end_child(pid);
	unlink(path);
	rmdir(dir);
}

/* Keeps the first netdev that belongs to a device. */
static void note_link(const struct netlink_link *link, void *data)
{
	struct netlink_link *first = data;

	if (*link->parent && !*first->parent)
		*first = *link;
}

/* Where this host has a netdev of a device, and entering namespaces is permitted: another namespace does not hide it. */
static void a_netdev_is_found_in_the_namespace_of_a_process(void)
{
	char names[2][DEVICE_NAME_SIZE] = { "no such device" };
	struct netns_netdev found[2];
	struct netlink_link link = {};
	pid_t pid = start_child(NULL);

	netlink_each_link(note_link, &link);
	snprintf(names[1], sizeof(names[1]), "%s", link.parent);
	netns_find((const char (*)[DEVICE_NAME_SIZE])names, 2, found);
	CHECK_STR(found[0].name, "");
	CHECK_INT(found[0].pid, 0);
	if (*link.parent && !geteuid() && *found[1].name) {
		CHECK_STR(found[1].name, link.name);
		CHECK(found[1].pid > 0 && found[1].pid != pid);
		CHECK(strstr(found[1].path, "/ns/net"));
	}
	end_child(pid);
}

static void the_numbers_of_processes_ascend(void)
{
	pid_t *pids, self = getpid();
	size_t n = processes_list(&pids);
	bool found = false;

	CHECK(n > 0);
	for (size_t i = 0; i < n; i++) {
		CHECK(!i || pids[i - 1] < pids[i]);
		found |= pids[i] == self;
	}
	CHECK(found);
	free(pids);
}

static void of_a_captured_host_names_count(void)
{
	struct char_device devices[] = { { makedev(231, 192), "uverbs0" }, { 0, "uverbs1" } };
	struct count count = { .i = 0, .pid = 900 };
	char name[32];

	CHECK(root_kit_begin() != NULL);
	root_kit_put("/proc/900/comm", "rping\n");
	root_kit_link("/proc/900/fd/3", "/dev/infiniband/uverbs10");
	root_kit_link("/proc/900/fd/4", "/dev/infiniband/uverbs0 (deleted)");
	root_kit_put("/proc/77/comm", "idle\n");
	CHECK_INT(processes_find_openers(devices, 2, count_opener, &count), 0);
	CHECK_INT(count.times, 1);
	count = (struct count){ .i = 1, .pid = 900 };
	CHECK_INT(processes_find_openers(devices, 2, count_opener, &count), 0);
	CHECK_INT(count.times, 0);
	process_name(name, sizeof(name), 900);
	CHECK_STR(name, "rping");
	process_name(name, sizeof(name), 901);
	CHECK_STR(name, "");
	CHECK_INT(root_kit_end(), 0);
}

int main(void)
{
	CASE(a_file_is_known_by_its_number_and_counts_once);
	CASE(a_file_that_a_thread_does_not_share_is_found);
	CASE(the_files_of_the_thread_that_is_left_are_found);
	CASE(each_device_is_found_in_one_pass);
	CASE(a_node_elsewhere_is_known_and_a_plain_file_is_not);
	CASE(a_netdev_is_found_in_the_namespace_of_a_process);
	CASE(the_numbers_of_processes_ascend);
	CASE(of_a_captured_host_names_count);
	return CHECK_DONE();
}
