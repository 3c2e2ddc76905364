/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every path of sysfs and proc that is read or written hangs off one root, so
 * that a captured host can be read with --sysroot. Devices under /dev are the
 * real ones: with another root nothing is opened there.
 *
 * A captured host comes from others. No link leads out of its directory, only
 * regular files and directories are opened, and what all of it costs has a
 * limit, after which there is nothing more in it; sysroot_check() reports that.
 */
#ifndef HOST_SYSROOT_H
#define HOST_SYSROOT_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "lib/err.h"

/** sysroot_set - before anything is read; @dir is kept, not copied; NULL or "/" is the running host */
void sysroot_set(const char *dir);

/** sysroot_is_host - is it the running host that is read? */
bool sysroot_is_host(void);

/**
 * sysroot_spend - more work or memory for the captured host that is read
 * @steps: 1 for each name that is read, and 4 for each file that is opened, are counted here
 *
 * For what its size alone does not limit: products of two of its lists, and
 * what takes memory (1 step for 2 or 3 bytes). false: the limit is exceeded. Of the
 * running host, nothing is counted.
 */
bool sysroot_spend(size_t steps);

/** sysroot_exceeded - has the captured host more in it than was read? */
bool sysroot_exceeded(void);

/** sysroot_check - ERR_UNJUDGED if sysroot_exceeded(): what was made of it is not true; 0 or -1 */
int sysroot_check(struct err *err) __attribute__((nonnull(1)));

/** sysroot_path - "/sys/…" made from @fmt below the root, for messages and the running host: the functions below read; 0 or -ENAMETOOLONG */
int sysroot_path(char buf[PATH_MAX], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * sysroot_open - a regular file, or with O_DIRECTORY a directory, to be read; with O_PATH anything
 * @flags: of open(2)
 *
 * The fd, or -errno: -EINVAL for what is neither, in a captured host.
 */
int sysroot_open(int flags, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** sysroot_fopen - a text file to be read; NULL and errno. In a captured host it ends before a line of more than 64 KiB. */
FILE *sysroot_fopen(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** sysroot_opendir - NULL and errno */
DIR *sysroot_opendir(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** sysroot_readdir - the next entry, without those that begin with a dot; NULL: none */
struct dirent *sysroot_readdir(DIR *dir) __attribute__((nonnull(1)));

/** sysroot_real_path - where a path leads to without symlinks, in the file system of this process; malloc'ed, NULL: nowhere */
char *sysroot_real_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** sysroot_exists - is there such a file, or what a symlink leads to? */
bool sysroot_exists(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** sysroot_read - a file's text without its trailing newline; its length or -errno */
int sysroot_read(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** sysroot_read_long - a file's number (any of C's bases); 0 or -errno */
int sysroot_read_long(long *value, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** sysroot_read_device - the device number in an attribute "dev" ("244:3"); false: there is none */
bool sysroot_read_device(dev_t *number, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** sysroot_link_name - the last component of where a symlink points; 0 or -errno */
int sysroot_link_name(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** struct sysroot_entries - the names in a directory, sorted; those that begin with a dot are left out; @num: the errno with which it could not be read, or 0 */
struct sysroot_entries {
	struct dirent **list;
	size_t n;
	int num;
};

/** sysroot_list - the entries of a directory: none where it cannot be read; freed by sysroot_entries_free() */
struct sysroot_entries sysroot_list(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** sysroot_entries_free - for CLEANUP() */
void sysroot_entries_free(struct sysroot_entries *entries) __attribute__((nonnull(1)));

/** sysroot_write - @text to an existing file in one write(); 0 or -errno (-EROFS unless sysroot_is_host()) */
int sysroot_write(const char *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * sysroot_refused - the error for a write to a device's file in sysfs that failed
 * @num: the errno
 * @what: what was done, such as "unbinding it from mlx5_core"
 *
 * As err_from_errno(), but the device's file is not there when the device is
 * gone (ERR_NO_DEVICE), and sysfs may be read-only, as in a container. -1.
 */
int sysroot_refused(struct err *err, int num, const char *what) __attribute__((nonnull(1, 3)));

#endif
