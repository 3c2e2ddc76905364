/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every path of sysfs and proc that is read or written hangs off one root, so
 * that a captured host can be read with --sysroot. Devices under /dev are the
 * real ones: with another root nothing is opened there.
 */
#ifndef HOST_SYSROOT_H
#define HOST_SYSROOT_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/err.h"

/** sysroot_set - once, before anything is read; @dir is kept, not copied; NULL or "/" is the running host */
void sysroot_set(const char *dir);

/** sysroot_is_host - is it the running host that is read? */
bool sysroot_is_host(void);

/** sysroot_path - "/sys/…" made from @fmt below the root; 0 or -ENAMETOOLONG */
int sysroot_path(char buf[PATH_MAX], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

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

/** struct sysroot_entries - the names in a directory, sorted; those that begin with a dot are left out */
struct sysroot_entries {
	struct dirent **list;
	size_t n;
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
