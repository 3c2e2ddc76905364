/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output files that appear whole or not at all.
 *
 * A regular or absent target is written under no name (O_TMPFILE), or, where
 * the file system cannot, as a dot-file beside it, which the next save to the
 * same name removes when its writer is gone. A device or FIFO is written
 * directly, and "-" is stdout.
 *
 * The directory may be another user's, or one that others write in: nothing
 * that they put there is waited for, written to or removed.
 */
#ifndef LIB_OUTFILE_H
#define LIB_OUTFILE_H

#include <stdbool.h>

#include "lib/err.h"
#include "lib/tempname.h"

enum outfile_kind {
	OUTFILE_STDOUT,
	OUTFILE_DIRECT,  /* a device or FIFO */
	OUTFILE_UNNAMED, /* O_TMPFILE */
	OUTFILE_DOTFILE,
};

/**
 * struct outfile - a file being written
 * @fd: write here; the outfile's
 * @dir: its folder, open; -1 for stdout and what is written directly
 * @base: the name it gets in @dir, in @path
 * @dot: the name of its dot-file in @dir, where there is one
 */
struct outfile {
	enum outfile_kind kind;
	int fd;
	int dir;
	bool overwrite;
	const char *path;
	const char *base;
	char dot[TEMPNAME_SIZE];
};

#define OUTFILE_INIT { .fd = -1, .dir = -1 }

/**
 * outfile_open - begin to write @path, which is kept and must stay
 *
 * Created with mode 0600; a symbolic link is refused, never followed.
 * Blocks on a FIFO until a process reads it. ERR_EXISTS for an existing regular
 * file or block device without @overwrite; ERR_PERMISSION for a FIFO or device
 * that another user may have made: of another owner than the caller and root,
 * or with a second name, in a directory where others may write; ERR_USAGE for a
 * directory, a socket and for stdout on a terminal.
 */
int outfile_open(struct outfile *out, const char *path, bool overwrite,
		 struct err *err) __attribute__((nonnull(1, 2, 4)));

/** outfile_is - is @path what @out becomes, by whatever name? Not of stdout. */
bool outfile_is(const struct outfile *out, const char *path) __attribute__((nonnull(1, 2)));

/**
 * outfile_refuse_input - what is being read must not be replaced by what is written
 * @path: the output
 * @input: a file that is read for it, or "-"
 *
 * ERR_USAGE where both are the same regular file; 0 or -1.
 */
int outfile_refuse_input(const char *path, const char *input, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/**
 * outfile_sync - bring what was written to the disk, still without a name
 *
 * What can fail of several files should have failed before the first of them
 * gets its name. Nothing to do for a pipe. 0 or -1.
 */
int outfile_sync(struct outfile *out, struct err *err) __attribute__((nonnull(1, 2)));

/**
 * outfile_publish - the data is whole: make it durable, give it its name, close
 *
 * The file is synced before it gets its name, and the directory after. On
 * failure nothing is under the name but what was there before; only where it is
 * the directory's sync that fails, the whole file is there, and may be gone
 * after a loss of power. Where the name alone is not available, the whole file
 * is kept under another one, which the message and the hint name.
 */
int outfile_publish(struct outfile *out, struct err *err) __attribute__((nonnull(1, 2)));

/** outfile_discard - close, and leave nothing behind; harmless on OUTFILE_INIT, after publish and twice */
void outfile_discard(struct outfile *out) __attribute__((nonnull(1)));

#define AUTO_OUTFILE __attribute__((cleanup(outfile_discard)))

#endif
