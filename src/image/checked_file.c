/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/checked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/io.h"
#include "lib/shell.h"
#include "lib/text.h"

#define VARIABLE "MLXMIGCTL_FILE"

int checked_file_open(const char *path, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (!strcmp(path, "-"))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_from_errno(err, errno, "opening %s", input_name(path));
	if (fstat(fd, &st))
		return err_from_errno(err, errno, "looking at %s", input_name(path));
	if (S_ISREG(st.st_mode))
		return TAKE_FD(fd);
	err_set(err, ERR_USAGE, 0, "--check-with: %s is not a regular file, and only such a file can be checked before it is read",
		input_name(path));
	return err_hint(err, "write it to a regular file first, and name that");
}

/* The same file with a position of its own. */
static int reopen(int fd, const char *name, struct err *err)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return again < 0 ? err_from_errno(err, errno, "opening %s once more (%s)", name, path) :
			   again;
}

/* Without the right to a lease, or on a file system that has none, the digest and the times remain. */
static int take_lease(struct checked_file *file, const char *name, struct err *err)
{
	int num;

	/* When it is broken the kernel sends SIGIO, which ends the process: another one, until it has no receiver. */
	if (fcntl(file->fd, F_SETSIG, SIGURG))
		return 0;
	file->leased = !fcntl(file->fd, F_SETLEASE, F_RDLCK);
	num = errno;
	if (file->leased)
		fcntl(file->fd, F_SETOWN, 0);
	if (file->leased || num != EAGAIN)
		return 0;
	err_set(err, ERR_BUSY, 0, "--check-with: a process has %s open for writing", name);
	return err_hint(err, "wait until the process that writes it has closed it, or check a copy of it");
}

int checked_file_begin(struct checked_file *file, int fd, const char *name, struct err *err)
{
	file->fd = reopen(fd, name, err);
	if (file->fd < 0 || take_lease(file, name, err))
		return -1;
	if (fstat(file->fd, &file->before))
		return err_from_errno(err, errno, "looking at %s", name);
	return 0;
}

void checked_file_end(struct checked_file *file)
{
	cleanup_closep(&file->fd);
	*file = (struct checked_file)CHECKED_FILE_INIT;
}

bool checked_file_is_unchanged(const struct checked_file *file)
{
	struct stat now;

	if (file->fd < 0)
		return true;
	return !fstat(file->fd, &now) && stat_is_unchanged(&file->before, &now) &&
	       (!file->leased || fcntl(file->fd, F_GETLEASE) == F_RDLCK);
}

static int say_refused(const struct shell_result *result, const char *name, struct err *err)
{
	if (result->signal) {
		err_set(err, ERR_UNTRUSTED, 0, "%s: the command of --check-with was ended by SIG%s",
			name, sigabbrev_np(result->signal));
		return err_hint(err, "find out what ended the command, and try again");
	}
	err_set(err, ERR_UNTRUSTED, 0,
		"%s: the command of --check-with does not accept it: exit status %d", name,
		result->status);
	if (result->status != 126 && result->status != 127)
		return -1;
	return err_hint(err, "the shell did not find a command or could not run it: try the command by hand, with %s=%s and the file as its standard input",
			VARIABLE, "FILE");
}

int checked_file_run(const struct checked_file *file, const char *command, const char *path,
		     uint64_t start, struct err *err)
{
	const char *name = input_name(path);
	AUTO_FREE char *variable = NULL;
	struct shell_result result = {};
	AUTO_CLOSE int in = reopen(file->fd, name, err);

	if (in < 0)
		return -1;
	if (lseek(in, (off_t)start, SEEK_SET) < 0)
		return err_from_errno(err, errno, "%s", name);
	if (asprintf(&variable, VARIABLE "=%s", strcmp(path, "-") ? path : "") < 0) {
		variable = NULL;
		return err_set(err, ERR_NO_MEMORY, 0, "%s", name);
	}
	if (shell_run(command, in, variable, &result, err))
		return err_wrap(err, "%s: the command of --check-with", name);
	if (result.status)
		return say_refused(&result, name, err);
	if (checked_file_is_unchanged(file))
		return 0;
	err_set(err, ERR_UNTRUSTED, 0, "%s was changed, or opened for writing, while it was checked",
		name);
	return err_hint(err, "check a copy of it in a directory where no other user can write");
}
