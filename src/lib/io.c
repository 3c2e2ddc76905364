/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/interrupt.h"

int write_all(int fd, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (n == 0) {
			return -EIO;
		} else if (errno != EINTR || interrupt_wanted()) {
			return -errno;
		}
	}
	return 0;
}

ssize_t read_some(int fd, void *data, size_t len)
{
	ssize_t n;

	do {
		n = read(fd, data, len);
	} while (n < 0 && errno == EINTR && !interrupt_wanted());
	return n < 0 ? -errno : n;
}

ssize_t read_full(int fd, void *data, size_t len)
{
	unsigned char *p = data;
	size_t got = 0;

	while (got < len) {
		ssize_t n = read_some(fd, p + got, len - got);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

bool stat_is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool stat_is_unchanged(const struct stat *before, const struct stat *now)
{
	return now->st_size == before->st_size && same_time(&now->st_mtim, &before->st_mtim) &&
	       same_time(&now->st_ctim, &before->st_ctim);
}

const char *input_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

/* Of what the kernel makes up, only the bit bucket has an end. */
static bool is_endless(int fd, const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev != makedev(1, 3) && !isatty(fd);
}

static int check_input(const char *path, int fd, const struct stat *st, struct err *err)
{
	const char *name = input_name(path);

	if (S_ISDIR(st->st_mode)) {
		err_set(err, ERR_USAGE, 0, "%s is a directory", name);
		return err_hint(err, "name a file in it");
	}
	if (!is_endless(fd, st))
		return 0;
	err_set(err, ERR_USAGE, 0, "%s is a character device, not a file, a pipe or a socket", name);
	return err_hint(err, "name a file, or send the data through a pipe");
}

int open_input(const char *path, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (!strcmp(path, "-"))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_from_errno(err, errno, "opening %s", path);
	if (fstat(fd, &st))
		return err_from_errno(err, errno, "looking at %s", path);
	return check_input(path, fd, &st, err) ? -1 : TAKE_FD(fd);
}

static const char *temp_directory(void)
{
	const char *named = getenv("TMPDIR");

	return named && *named ? named : "/tmp";
}

/* For file systems that make no file without a name. */
static int open_named(const char *where, struct err *err)
{
	char path[PATH_MAX];
	int fd = -1;

	if ((size_t)snprintf(path, sizeof(path), "%s/mlxmigctl-XXXXXX", where) < sizeof(path))
		fd = mkostemp(path, O_CLOEXEC);
	else
		errno = ENAMETOOLONG;
	if (fd < 0) {
		err_from_errno(err, errno, "a temporary file in %s", where);
		return err_hint(err, "name another directory: TMPDIR=DIRECTORY");
	}
	unlink(path);
	return fd;
}

int tempfile_open(struct err *err)
{
	const char *where = temp_directory();
	/* O_EXCL: no process can give it a name, by /proc neither. */
	int fd = open(where, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : open_named(where, err);
}

#define FULL_TENTHS 9

/* As df(1) counts: without what is reserved for root. A file system that reports no size has none to fill. */
static bool would_fill(int fd, size_t len)
{
	struct statvfs fs;
	uint64_t used, size;

	if (fstatvfs(fd, &fs) || !fs.f_blocks)
		return false;
	used = (fs.f_blocks - fs.f_bfree) * fs.f_frsize;
	size = used + fs.f_bavail * fs.f_frsize;
	return (used + len) / FULL_TENTHS >= size / 10;
}

int tempfile_write(int fd, const void *data, size_t len, const char *what, struct err *err)
{
	int ret;

	if (would_fill(fd, len)) {
		err_set(err, ERR_NO_SPACE, 0,
			"%s does not fit into a temporary file: %s would be more than %d0 %% full",
			what, temp_directory(), FULL_TENTHS);
		return err_hint(err, "name a directory with more space: TMPDIR=DIRECTORY");
	}
	ret = write_all(fd, data, len);
	if (!ret)
		return 0;
	err_from_errno(err, -ret, "%s does not fit into a temporary file", what);
	if (ret != -ENOSPC && ret != -EDQUOT)
		return -1;
	return err_hint(err, "name a directory with more space: TMPDIR=DIRECTORY");
}
