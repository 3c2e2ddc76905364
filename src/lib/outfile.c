/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/io.h"
#include "lib/tempname.h"

#define MODE 0600
#define NAMES_MAX 100 /* that are tried where each exists already */

static int is_folder(const struct outfile *out, struct err *err)
{
	err_set(err, ERR_USAGE, 0, "%s is a folder, not a file", out->path);
	return err_hint(err, "name a file in it");
}

/* Opens the folder that @path lies in and finds the last component. */
static int open_folder(struct outfile *out, struct err *err)
{
	const char *slash = strrchr(out->path, '/');
	AUTO_FREE char *folder = NULL;

	out->base = slash ? slash + 1 : out->path;
	if (!*out->base || !strcmp(out->base, ".") || !strcmp(out->base, ".."))
		return is_folder(out, err);
	if (strlen(out->base) > NAME_MAX)
		return err_set(err, ERR_USAGE, ENAMETOOLONG, "%s", out->path);
	folder = slash == out->path ? strdup("/")
	       : slash ? strndup(out->path, (size_t)(slash - out->path)) : strdup(".");
	if (!folder)
		return err_set(err, ERR_NO_MEMORY, 0, "%s", out->path);
	out->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->dir < 0)
		return err_from_errno(err, errno, "%s: its folder", out->path);
	return 0;
}

/*
 * The lock tells tempname_sweep() of others that the file is in use. One that
 * was faster has removed it: then the name no longer stands for the file.
 */
static bool lock_dotfile(const struct outfile *out)
{
	struct stat opened, named;

	if (flock(out->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return false;
	return !fstat(out->fd, &opened) &&
	       !fstatat(out->dir, out->dot, &named, AT_SYMLINK_NOFOLLOW) &&
	       stat_is_same_file(&opened, &named);
}

static int open_dotfile(struct outfile *out, struct err *err)
{
	for (int i = 0; i < NAMES_MAX; i++) {
		tempname_part(out->dot, out->base);
		out->fd = openat(out->dir, out->dot,
				 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
		if (out->fd < 0 && errno != EEXIST)
			return err_from_errno(err, errno, "%s: creating it", out->path);
		if (out->fd >= 0 && lock_dotfile(out)) {
			out->kind = OUTFILE_DOTFILE;
			return 0;
		}
		cleanup_closep(&out->fd);
		out->fd = -1;
	}
	return err_set(err, ERR_BUSY, 0, "%s: another process removes its temporary file", out->path);
}

/* Without it only a privileged process can name such a file. */
static bool can_link(void)
{
	return !access("/proc/self/fd", X_OK) || !geteuid();
}

static int open_unnamed(struct outfile *out, struct err *err)
{
	if (!can_link())
		return open_dotfile(out, err);
	out->fd = openat(out->dir, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, MODE);
	if (out->fd >= 0) {
		out->kind = OUTFILE_UNNAMED;
		return 0;
	}
	/* What a file system, or a kernel before 3.11, says that cannot. */
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)
		return open_dotfile(out, err);
	return err_from_errno(err, errno, "%s: creating it", out->path);
}

/* --overwrite gives what has no name that of a dot-file for a moment: it needs the lock too. */
static int open_new(struct outfile *out, struct err *err)
{
	tempname_sweep(out->dir, out->base);
	if (open_unnamed(out, err))
		return -1;
	flock(out->fd, LOCK_EX | LOCK_NB);
	return 0;
}

/* By others than the caller and root; the group's bit stands for an access list, too. */
static bool others_may_write(const struct stat *dir)
{
	return dir->st_mode & (S_IWGRP | S_IWOTH) || (dir->st_uid && dir->st_uid != geteuid());
}

/* Where another user can make what stands under the name, the state may go to that user. */
static int check_owner(const struct outfile *out, const struct stat *st, struct err *err)
{
	struct stat dir;

	if (fstat(out->dir, &dir))
		return err_from_errno(err, errno, "%s: its directory", out->path);
	if (!others_may_write(&dir) ||
	    ((!st->st_uid || st->st_uid == geteuid()) && st->st_nlink == 1))
		return 0;
	if (st->st_uid && st->st_uid != geteuid())
		err_set(err, ERR_PERMISSION, 0,
			"%s is a FIFO or device of user %u, in a directory where other users may write",
			out->path, st->st_uid);
	else
		err_set(err, ERR_PERMISSION, 0,
			"%s is a FIFO or device with another name elsewhere, in a directory where other users may write",
			out->path);
	return err_hint(err, "use another name, or a directory where no other user may write");
}

static int check_direct(const struct outfile *out, const struct stat *st, struct err *err)
{
	if (S_ISREG(st->st_mode))
		return err_set(err, ERR_BUSY, 0, "%s has just become another file", out->path);
	if (S_ISSOCK(st->st_mode)) {
		err_set(err, ERR_USAGE, 0, "%s is a socket, not a file, a FIFO or a device",
			out->path);
		return err_hint(err, "use another name, or write to standard output (-)");
	}
	if (check_owner(out, st, err))
		return -1;
	if (!S_ISBLK(st->st_mode) || out->overwrite)
		return 0;
	err_set(err, ERR_EXISTS, 0, "%s is a block device", out->path);
	return err_hint(err, "use another name, or --overwrite, which replaces what is on it");
}

/* What was looked at is what is opened: by the descriptor, or, without /proc, compared. */
static int open_looked_at(const struct outfile *out, int path_fd, const struct stat *seen)
{
	AUTO_CLOSE int fd = -1;
	char self[64];
	struct stat st;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", path_fd);
	fd = open(self, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		fd = openat(out->dir, out->base, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	return stat_is_same_file(&st, seen) ? TAKE_FD(fd) : -EBUSY;
}

static int open_direct(struct outfile *out, struct err *err)
{
	AUTO_CLOSE int path_fd = openat(out->dir, out->base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int fd;

	out->kind = OUTFILE_DIRECT;
	if (path_fd < 0 || fstat(path_fd, &st))
		return err_from_errno(err, errno, "%s", out->path);
	if (check_direct(out, &st, err))
		return -1;
	fd = open_looked_at(out, path_fd, &st);
	if (fd < 0)
		return err_from_errno(err, -fd, "%s", out->path);
	out->fd = fd;
	return 0;
}

static int open_named(struct outfile *out, struct err *err)
{
	struct stat st;

	if (fstatat(out->dir, out->base, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT)
			return open_new(out, err);
		return err_from_errno(err, errno, "%s", out->path);
	}
	if (S_ISLNK(st.st_mode)) {
		err_set(err, ERR_EXISTS, 0, "%s is a symbolic link, and those are not followed",
			out->path);
		return err_hint(err, "name the file that is meant");
	}
	if (S_ISDIR(st.st_mode))
		return is_folder(out, err);
	if (!S_ISREG(st.st_mode))
		return open_direct(out, err);
	if (!out->overwrite)
		return err_set(err, ERR_EXISTS, 0, "%s exists", out->path);
	return open_new(out, err);
}

int outfile_open(struct outfile *out, const char *path, bool overwrite, struct err *err)
{
	*out = (struct outfile)OUTFILE_INIT;
	out->path = path;
	out->overwrite = overwrite;
	if (!strcmp(path, "-")) {
		out->kind = OUTFILE_STDOUT;
		out->fd = STDOUT_FILENO;
		if (!isatty(out->fd))
			return 0;
		err_set(err, ERR_USAGE, 0, "stdout is a terminal, which is no place for a state");
		return err_hint(err, "send it to a file or a pipe");
	}
	if (open_folder(out, err) || open_named(out, err)) {
		outfile_discard(out);
		return -1;
	}
	return 0;
}

/* Without /proc only the privileged way by the empty path is left. */
static int link_unnamed(const struct outfile *out, const char *name)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", out->fd);
	if (!linkat(AT_FDCWD, self, out->dir, name, AT_SYMLINK_FOLLOW))
		return 0;
	if (errno != ENOENT)
		return -errno;
	if (!linkat(out->fd, "", out->dir, name, AT_EMPTY_PATH))
		return 0;
	return -errno;
}

/* Where RENAME_NOREPLACE is unknown, a link refuses an existing name too. */
static int rename_new(const struct outfile *out, const char *name)
{
	if (!renameat2(out->dir, out->dot, out->dir, name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(out->dir, out->dot, out->dir, name, 0))
		return -errno;
	unlinkat(out->dir, out->dot, 0);
	return 0;
}

/* From the dot-file over whatever has the name: one step, and a link there is replaced, not followed. */
static int rename_over(const struct outfile *out)
{
	return renameat(out->dir, out->dot, out->dir, out->base) ? -errno : 0;
}

static int link_dotfile(struct outfile *out)
{
	int ret = -EEXIST;

	for (int i = 0; i < NAMES_MAX && ret == -EEXIST; i++) {
		tempname_part(out->dot, out->base);
		ret = link_unnamed(out, out->dot);
	}
	if (!ret)
		out->kind = OUTFILE_DOTFILE;
	return ret;
}

static int give_name(struct outfile *out)
{
	int ret = 0;

	if (out->kind == OUTFILE_UNNAMED && !out->overwrite)
		return link_unnamed(out, out->base);
	if (out->kind == OUTFILE_UNNAMED)
		ret = link_dotfile(out);
	if (ret)
		return ret;
	return out->overwrite ? rename_over(out) : rename_new(out, out->base);
}

/* Another name for what is whole: a visible one, else the dot-file's own; @name takes it. */
static int give_other_name(const struct outfile *out, char name[TEMPNAME_SIZE])
{
	int ret = -EEXIST;

	for (int i = 0; i < NAMES_MAX && ret == -EEXIST; i++) {
		tempname_kept(name, out->base);
		ret = out->kind == OUTFILE_UNNAMED ? link_unnamed(out, name) : rename_new(out, name);
	}
	if (!ret || out->kind == OUTFILE_UNNAMED)
		return ret;
	memcpy(name, out->dot, TEMPNAME_SIZE);
	return faccessat(out->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

/* The name is not available: the data are kept all the same. */
static int keep_whole(struct outfile *out, int num, struct err *err)
{
	char name[TEMPNAME_SIZE];
	int ret = give_other_name(out, name);
	char kept[TEMPNAME_SIZE + 64] = "; no other name was available, and the data are lost";

	if (!ret) {
		out->kind = OUTFILE_UNNAMED; /* what is kept is not removed */
		snprintf(kept, sizeof(kept), "; the whole file is kept as %s", name);
	}
	if (num == EEXIST)
		err_set(err, ERR_EXISTS, 0, "%s was created by another process meanwhile%s", out->path,
			kept);
	else
		err_from_errno(err, num, "%s could not get its name%s", out->path, kept);
	if (!ret)
		err_hint(err, "rename or remove %s, in the same directory", name);
	return -1;
}

/* close(2) can be the first to tell of a failed write (NFS, quotas). */
static int close_checked(struct outfile *out, struct err *err)
{
	int fd = TAKE_FD(out->fd);

	if (out->kind == OUTFILE_STDOUT || !close(fd))
		return 0;
	return err_from_errno(err, errno, "closing %s", out->path);
}

static int stat_input(const char *input, struct stat *st)
{
	return strcmp(input, "-") ? stat(input, st) : fstat(STDIN_FILENO, st);
}

bool outfile_is(const struct outfile *out, const char *path)
{
	AUTO_OUTFILE struct outfile other = OUTFILE_INIT;
	struct err ignored = ERR_INIT;
	struct stat ours, theirs;

	if (out->kind == OUTFILE_STDOUT || !strcmp(path, "-"))
		return false;
	if (!fstatat(out->dir, out->base, &ours, AT_SYMLINK_NOFOLLOW) && !stat(path, &theirs))
		return stat_is_same_file(&ours, &theirs);
	other.path = path;
	return !open_folder(&other, &ignored) &&
	       !strcmp(out->base, other.base) && !fstat(out->dir, &ours) &&
	       !fstat(other.dir, &theirs) && stat_is_same_file(&ours, &theirs);
}

int outfile_refuse_input(const char *path, const char *input, struct err *err)
{
	struct stat out, in;

	if (!strcmp(path, "-") || stat(path, &out) || stat_input(input, &in) ||
	    !S_ISREG(out.st_mode) || !stat_is_same_file(&out, &in))
		return 0;
	err_set(err, ERR_USAGE, 0, "%s is what is read, and would be lost", path);
	return err_hint(err, "name another file for the output");
}

int outfile_sync(struct outfile *out, struct err *err)
{
	struct stat st;
	bool disk = out->kind == OUTFILE_UNNAMED ||
		    out->kind == OUTFILE_DOTFILE ||
		    (out->kind == OUTFILE_DIRECT && !fstat(out->fd, &st) && S_ISBLK(st.st_mode));

	if (disk && fsync(out->fd))
		return err_from_errno(err, errno, "syncing %s", out->path);
	return 0;
}

static int publish_named(struct outfile *out, struct err *err)
{
	int ret = give_name(out);

	if (ret)
		return keep_whole(out, -ret, err);
	out->kind = OUTFILE_UNNAMED; /* no dot-file is left to remove */
	if (fsync(out->dir) && errno != EINVAL)
		return err_from_errno(err, errno, "syncing the folder of %s", out->path);
	return close_checked(out, err);
}

int outfile_publish(struct outfile *out, struct err *err)
{
	bool named = out->kind == OUTFILE_UNNAMED || out->kind == OUTFILE_DOTFILE;
	int ret = outfile_sync(out, err);

	if (!ret)
		ret = named ? publish_named(out, err) : close_checked(out, err);
	outfile_discard(out);
	return ret;
}

void outfile_discard(struct outfile *out)
{
	if (out->kind == OUTFILE_DOTFILE && out->dir >= 0 && out->fd >= 0)
		unlinkat(out->dir, out->dot, 0);
	if (out->kind != OUTFILE_STDOUT && out->fd >= 0)
		close(out->fd);
	if (out->dir >= 0)
		close(out->dir);
	out->fd = -1;
	out->dir = -1;
}
