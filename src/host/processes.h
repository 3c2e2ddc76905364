/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's processes, and which of them have a character device open. */
#ifndef HOST_PROCESSES_H
#define HOST_PROCESSES_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_NAME_SIZE 40 /* "1234/task/5678" */

#define PROCESSES_LIMIT_S 5 /* that a search of all files of all processes takes at most */

/** struct search_time - of one search; @begun_ns: by now_ns(); @over: it ended before all was looked at */
struct search_time {
	uint64_t begun_ns;
	bool over;
};

/**
 * search_time_is_over - has a search taken all the time that it may take? Sets @over
 *
 * PROCESSES_LIMIT_S; once a search of this process has taken that, a fifth of
 * it for all others: a command searches several times, and finds no more then.
 */
bool search_time_is_over(struct search_time *time) __attribute__((nonnull(1)));

/**
 * processes_list - the numbers of all processes in /proc
 * @pids: takes them, and the caller frees it
 *
 * Ascending, but those that have very many files open come after all others:
 * a search whose time is limited looks at them last. How many a process has,
 * Linux reports from 6.2 on. Returns how many processes; 0 also without memory.
 */
size_t processes_list(pid_t **pids) __attribute__((nonnull(1)));

/**
 * process_open_fds - the directory of the files that a process has open
 * @name: takes "PID", or "PID/task/TID" of a thread where the first thread has ended, for other paths below /proc
 * @thread: takes 0, or that thread
 *
 * The caller closes it; NULL with errno.
 */
DIR *process_open_fds(pid_t pid, char name[PROCESS_NAME_SIZE], pid_t *thread)
	__attribute__((nonnull(2, 3)));

/** thread_open_fds - process_open_fds() for one thread */
DIR *thread_open_fds(pid_t pid, pid_t thread, char name[PROCESS_NAME_SIZE])
	__attribute__((nonnull(3)));

/**
 * process_threads_apart - the threads of a process that do not share its table of files (unshare(2), CLONE_FILES)
 * @thread: as process_open_fds() set it: the thread with the table that is meant, 0: the first one
 * @threads: takes them; the caller frees it
 *
 * How many; 0 also without memory. Where the kernel does not report which
 * threads share a table (kcmp(2)), and of another root, all others count.
 */
size_t process_threads_apart(pid_t pid, pid_t thread, pid_t **threads) __attribute__((nonnull(3)));

/** process_file_name - what the link @fd in @dir, of process_open_fds(), leads to, without " (deleted)"; 0 or -errno */
int process_file_name(int dir, const char *fd, char target[PATH_MAX]) __attribute__((nonnull(2, 3)));

/**
 * process_file_is_open - is a file that a process has open for more than its name?
 * @process: as process_open_fds() names it
 * @fd: one of its files
 *
 * With O_PATH (open(2)) anybody can have a file of any device, without a right
 * on it, and that does not keep the device. True where /proc/PID/fdinfo does
 * not tell, as in most captures.
 */
bool process_file_is_open(const char *process, const char *fd) __attribute__((nonnull(1, 2)));

/** process_name - its name as the kernel has it (comm); empty: it is gone */
void process_name(char *buf, size_t size, pid_t pid) __attribute__((nonnull(1)));

/** struct char_device - a character device: its device number, and the name of its node in /dev */
struct char_device {
	dev_t number;
	char name[32];
};

/** char_device_number - the device number of a character device, by @dir and @name as for statx(2); false: it is none, or cannot be looked at */
bool char_device_number(int dir, const char *name, dev_t *number) __attribute__((nonnull(2, 3)));

/** opener_fn - the process @pid has the device @i open */
typedef void (*opener_fn)(size_t i, pid_t pid, void *data);

/**
 * processes_find_openers - call @fn for each process that has one of @devices open, in one pass over all processes
 *
 * Once for each device and process. On the running host a device is known by
 * its number; on a captured one only by the name of its node. A process whose
 * files cannot be read is left out. 0, -ENOMEM, or -ETIMEDOUT where
 * PROCESSES_LIMIT_S has passed before all were looked at.
 */
int processes_find_openers(const struct char_device *devices, size_t n, opener_fn fn, void *data)
	__attribute__((nonnull(3)));

#endif
