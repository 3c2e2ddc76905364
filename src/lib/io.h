/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and writing whole buffers. EINTR is tried again, unless the process
 * is to give up: see interrupt_wanted().
 */
#ifndef LIB_IO_H
#define LIB_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/err.h"

/** write_all - write(2) until everything is written; 0 or -errno (part may be written then) */
int write_all(int fd, const void *data, size_t len);

/** read_some - one read(2): bytes, 0 at the end, or -errno */
ssize_t read_some(int fd, void *data, size_t len);

/** read_full - read(2) until @data is full or the input ends; bytes read, or -errno */
ssize_t read_full(int fd, void *data, size_t len);

/** stat_is_same_file - are they of one file? */
bool stat_is_same_file(const struct stat *a, const struct stat *b) __attribute__((nonnull(1, 2)));

/**
 * stat_is_unchanged - have size, modification time and time of the last change stayed?
 *
 * A file's owner can set its modification time; the time of the last change is
 * the kernel's.
 */
bool stat_is_unchanged(const struct stat *before, const struct stat *now)
	__attribute__((nonnull(1, 2)));

/** input_name - what messages call @path: "standard input" for "-" */
const char *input_name(const char *path) __attribute__((nonnull(1)));

/**
 * open_input - a file to read, or standard input for "-"
 *
 * Returns a new descriptor, the caller's to close, or -1 with err set
 * (ERR_NO_FILE, ERR_PERMISSION …; a directory, and a character device that is
 * no terminal, are ERR_USAGE).
 */
int open_input(const char *path, struct err *err) __attribute__((nonnull(1, 2)));

/* Files without a name, for what does not fit into memory. */

/**
 * tempfile_open - an empty file in $TMPDIR, else /tmp, that no folder lists
 *
 * Mode 0600, to be read and written. It is gone when the descriptor, which is
 * the caller's, is closed, and so with the process. -1 with err set.
 */
int tempfile_open(struct err *err) __attribute__((nonnull(1)));

/**
 * tempfile_write - append to a file of tempfile_open()
 * @what: is copied, for messages
 *
 * Stops with ERR_NO_SPACE before its file system is nine tenths full: others
 * need it, too. 0 or -1.
 */
int tempfile_write(int fd, const void *data, size_t len, const char *what, struct err *err)
	__attribute__((nonnull(2, 4, 5)));

#endif
