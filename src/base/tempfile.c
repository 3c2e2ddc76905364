/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/tempfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *folder(void)
{
	const char *named = getenv("TMPDIR");

	return named && *named ? named : "/tmp";
}

/* For file systems that make no file without a name. */
static int open_named(const char *where, struct err *err)
{
	char path[PATH_MAX];
	int fd = -1;

	if ((size_t)snprintf(path, sizeof(path), "%s/mlxmigctl-XXXXXX",
			     where) < sizeof(path))
		fd = mkostemp(path, O_CLOEXEC);
	else
		errno = ENAMETOOLONG;
	if (fd < 0) {
		err_from_errno(err, errno, "a temporary file in %s", where);
		return err_hint(err, "name another folder: TMPDIR=FOLDER");
	}
	unlink(path);
	return fd;
}

int tempfile_open(struct err *err)
{
	const char *where = folder();
	int fd = open(where, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : open_named(where, err);
}
