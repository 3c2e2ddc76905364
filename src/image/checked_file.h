/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that a command of the user's checks (--check-with) and this process
 * reads, both the same bytes. Digests find accidents; whose file it is, and
 * that it is as its maker made it, only a signature or the like can show.
 */
#ifndef IMAGE_CHECKED_FILE_H
#define IMAGE_CHECKED_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/err.h"

/**
 * struct checked_file - a regular file, from before the first byte of it is read
 * @fd: it, opened once more, and read-only; -1: there is nothing to check
 * @leased: no process had it open for writing then, and the kernel notes it when one opens it so (a read lease)
 * @before: as it was then
 */
struct checked_file {
	int fd;
	bool leased;
	struct stat before;
};

#define CHECKED_FILE_INIT { .fd = -1 }

/** checked_file_open - open_input() of a regular file, which never waits; other files are ERR_USAGE; -1 with err set */
int checked_file_open(const char *path, struct err *err) __attribute__((nonnull(1, 2)));

/**
 * checked_file_begin - from now on it is noted when the file is changed
 * @fd: it, of which nothing was read; the caller's
 *
 * Where file system and privileges allow a lease, a file that a process has
 * open for writing is ERR_BUSY. 0 or -1.
 */
int checked_file_begin(struct checked_file *file, int fd, const char *name, struct err *err)
	__attribute__((nonnull(1, 3, 4)));

/** checked_file_end - the file may change; harmless on CHECKED_FILE_INIT and twice */
void checked_file_end(struct checked_file *file) __attribute__((nonnull(1)));

/** checked_file_is_unchanged - was it neither changed nor opened for writing since checked_file_begin()? Without that: true */
bool checked_file_is_unchanged(const struct checked_file *file) __attribute__((nonnull(1)));

/**
 * checked_file_run - let a command say whether the file is to be trusted
 * @command: for sh -c; the file is its standard input, and no other process's position in it moves
 * @path: as the user names it, "-" for standard input; is MLXMIGCTL_FILE to the command, empty for "-"
 * @start: where the input begins in the file
 *
 * 0 when its exit status is 0 and the file is unchanged; else -1:
 * ERR_UNTRUSTED, ERR_INTERRUPTED, or what keeps it from being run.
 */
int checked_file_run(const struct checked_file *file, const char *command, const char *path,
		     uint64_t start, struct err *err) __attribute__((nonnull(1, 2, 3, 5)));

#endif
