/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* Of what the kernel makes up, only the bit bucket has an end. */
static bool is_endless(int fd, const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev != makedev(1, 3) && !isatty(fd);
}

static int check_input(const char *path, int fd, const struct stat *st, struct err *err)
{
	const char *name = strcmp(path, "-") ? path : "standard input";

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
	int fd = open(where, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : open_named(where, err);
}
