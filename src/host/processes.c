/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/text.h"

#define DELETED " (deleted)"
#define MANY_FILES 10000 /* more than a VMM has */

/* Of processes or threads, but for @without; the caller frees *@pids. */
static size_t list_pids(const char *dir, pid_t without, pid_t **pids)
{
	CLEANUP(sysroot_entries_free) struct sysroot_entries entries = sysroot_list("%s", dir);
	size_t n = 0;
	uint64_t pid;

	*pids = calloc(entries.n + 1, sizeof(**pids));
	for (size_t i = 0; *pids && i < entries.n; i++)
		if (!text_u64(entries.list[i]->d_name, 10, &pid) && (pid_t)pid != without)
			(*pids)[n++] = (pid_t)pid;
	return n;
}

/* struct rank - where a process comes in the list */
struct rank {
	bool many_files;
	pid_t pid;
};

static int compare_ranks(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->many_files != y->many_files)
		return x->many_files - y->many_files;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Of the directory of its files the size is their number. */
static bool has_many_files(pid_t pid)
{
	char path[PATH_MAX];
	struct stat st;

	return sysroot_is_host() && !sysroot_path(path, "/proc/%d/fd", (int)pid) &&
	       !stat(path, &st) && st.st_size > MANY_FILES;
}

size_t processes_list(pid_t **pids)
{
	size_t n = list_pids("/proc", 0, pids);
	AUTO_FREE struct rank *ranks = calloc(n + 1, sizeof(*ranks));

	if (!ranks)
		return 0;
	for (size_t i = 0; i < n; i++)
		ranks[i] = (struct rank){ .many_files = has_many_files((*pids)[i]),
					  .pid = (*pids)[i] };
	qsort(ranks, n, sizeof(*ranks), compare_ranks);
	for (size_t i = 0; i < n; i++)
		(*pids)[i] = ranks[i].pid;
	return n;
}

static DIR *open_fds(const char *name)
{
	return sysroot_opendir("/proc/%s/fd", name);
}

/* The directory is at its beginning again. */
static bool is_empty(DIR *dir)
{
	bool empty = !sysroot_readdir(dir);

	rewinddir(dir);
	return empty;
}

DIR *thread_open_fds(pid_t pid, pid_t thread, char name[PROCESS_NAME_SIZE])
{
	snprintf(name, PROCESS_NAME_SIZE, "%d/task/%d", (int)pid, (int)thread);
	return open_fds(name);
}

/* All but the process's first one. */
static size_t list_threads(pid_t pid, pid_t **threads)
{
	char dir[32];

	snprintf(dir, sizeof(dir), "/proc/%d/task", (int)pid);
	return list_pids(dir, pid, threads);
}

/* The first thread with files that is not the process's first one; NULL: there is none. */
static DIR *open_any_thread_fds(pid_t pid, char name[PROCESS_NAME_SIZE], pid_t *thread)
{
	AUTO_FREE pid_t *threads = NULL;
	size_t n = list_threads(pid, &threads);

	for (size_t i = 0; i < n; i++) {
		DIR *dir = thread_open_fds(pid, threads[i], name);

		*thread = threads[i];
		if (dir && !is_empty(dir))
			return dir;
		if (dir)
			closedir(dir);
	}
	*thread = 0;
	return NULL;
}

static bool shares_files(pid_t thread, pid_t other)
{
	return sysroot_is_host() && !syscall(SYS_kcmp, thread, other, KCMP_FILES, 0, 0);
}

size_t process_threads_apart(pid_t pid, pid_t thread, pid_t **threads)
{
	size_t n = list_threads(pid, threads), apart = 0;
	pid_t with = thread ? thread : pid;

	for (size_t i = 0; i < n; i++)
		if ((*threads)[i] != with && !shares_files(with, (*threads)[i]))
			(*threads)[apart++] = (*threads)[i];
	return apart;
}

DIR *process_open_fds(pid_t pid, char name[PROCESS_NAME_SIZE], pid_t *thread)
{
	DIR *dir, *of_thread;

	*thread = 0;
	snprintf(name, PROCESS_NAME_SIZE, "%d", (int)pid);
	dir = open_fds(name);
	if (!dir || !is_empty(dir))
		return dir;
	of_thread = open_any_thread_fds(pid, name, thread);
	if (!of_thread) {
		snprintf(name, PROCESS_NAME_SIZE, "%d", (int)pid);
		return dir;
	}
	closedir(dir);
	return of_thread;
}

void process_name(char *buf, size_t size, pid_t pid)
{
	if (sysroot_read(buf, size, "/proc/%d/comm", (int)pid) < 0)
		*buf = '\0';
}

/*
 * struct opener_search - what processes_find_openers() was called with
 * @seen_in: of each device, the last process that has it open
 */
struct opener_search {
	const struct char_device *devices;
	size_t n;
	pid_t *seen_in;
	opener_fn fn;
	void *data;
	struct search_time time;
};

int process_file_name(int dir, const char *fd, char target[PATH_MAX])
{
	ssize_t len = readlinkat(dir, fd, target, PATH_MAX - 1);
	size_t tail = strlen(DELETED);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	if ((size_t)len > tail && !strcmp(target + len - tail, DELETED))
		target[(size_t)len - tail] = '\0';
	return 0;
}

bool process_file_is_open(const char *process, const char *fd)
{
	const char *line;
	char info[256];
	unsigned int flags;

	if (sysroot_read(info, sizeof(info), "/proc/%s/fdinfo/%s", process, fd) < 0)
		return true;
	line = strstr(info, "flags:");
	return !line || sscanf(line, "flags: %o", &flags) != 1 || !(flags & O_PATH);
}

bool search_time_is_over(struct search_time *time)
{
	static bool any_was;
	uint64_t limit_s = any_was ? PROCESSES_LIMIT_S / 5 : PROCESSES_LIMIT_S;

	if (!time->over)
		time->over = now_ns() - time->begun_ns >= limit_s * 1000000000u;
	any_was |= time->over;
	return time->over;
}

/* A node may have any name, in a jail say; of a captured host there is but the name. */
static bool may_be_device(const struct opener_search *search, const char *target)
{
	const char *name = strrchr(target, '/');

	if (sysroot_is_host())
		return *target == '/';
	for (size_t i = 0; name && i < search->n; i++)
		if (!strcmp(name + 1, search->devices[i].name))
			return true;
	return false;
}

/* A file of a network file system whose server is gone must not be waited for. */
bool char_device_number(int dir, const char *name, dev_t *number)
{
	struct statx stx;

	if (statx(dir, name, AT_STATX_DONT_SYNC | AT_EMPTY_PATH, STATX_TYPE, &stx) || !S_ISCHR(stx.stx_mode))
		return false;
	*number = makedev(stx.stx_rdev_major, stx.stx_rdev_minor);
	return true;
}

static bool is_device(const struct char_device *device, const char *target, dev_t number)
{
	const char *name = strrchr(target, '/');

	return sysroot_is_host() ? device->number == number :
				   name && !strcmp(name + 1, device->name);
}

static void search_file(const struct opener_search *search, pid_t pid, const char *process,
			int dir, const char *fd)
{
	char target[PATH_MAX];
	dev_t number = 0;

	if (process_file_name(dir, fd, target) || !sysroot_spend(search->n / 8) || !may_be_device(search, target) ||
	    (sysroot_is_host() && !char_device_number(dir, fd, &number)))
		return;
	for (size_t i = 0; i < search->n; i++)
		if (search->seen_in[i] != pid && is_device(&search->devices[i], target, number) &&
		    process_file_is_open(process, fd)) {
			search->seen_in[i] = pid;
			search->fn(i, pid, search->data);
		}
}

static void search_files(struct opener_search *search, pid_t pid, const char *process,
			 DIR *dir)
{
	struct dirent *entry;

	while (dir && !search_time_is_over(&search->time) && (entry = sysroot_readdir(dir)))
		search_file(search, pid, process, dirfd(dir), entry->d_name);
}

static void search_process(struct opener_search *search, pid_t pid)
{
	char name[PROCESS_NAME_SIZE];
	pid_t thread;
	AUTO_DIR DIR *dir = process_open_fds(pid, name, &thread);
	AUTO_FREE pid_t *threads = NULL;
	size_t n = dir ? process_threads_apart(pid, thread, &threads) : 0;

	search_files(search, pid, name, dir);
	for (size_t i = 0; i < n; i++) {
		AUTO_DIR DIR *apart = thread_open_fds(pid, threads[i], name);

		search_files(search, pid, name, apart);
	}
}

int processes_find_openers(const struct char_device *devices, size_t n, opener_fn fn, void *data)
{
	AUTO_FREE pid_t *seen_in = calloc(n + 1, sizeof(*seen_in));
	AUTO_FREE pid_t *pids = NULL;
	struct opener_search search = {
		.devices = devices, .n = n, .seen_in = seen_in, .fn = fn, .data = data,
		.time = { .begun_ns = now_ns() },
	};
	size_t n_pids;

	if (!n)
		return 0;
	n_pids = processes_list(&pids);
	if (!seen_in || !pids)
		return -ENOMEM;
	for (size_t i = 0; i < n_pids && !search_time_is_over(&search.time); i++)
		search_process(&search, pids[i]);
	return search.time.over ? -ETIMEDOUT : 0;
}
