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
#include "lib/text.h"

#define MODE 0600

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
	if (text_format(out->dot, sizeof(out->dot), ".%s.mlxmigctl", out->base))
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

/* What a writer that was killed has left; one that lives holds a lock on it. */
static int remove_stale(struct outfile *out, struct err *err)
{
	AUTO_CLOSE int fd = openat(out->dir, out->dot, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return err_set(err, ERR_BUSY, 0, "%s: another process is writing it", out->path);
	if (unlinkat(out->dir, out->dot, 0) && errno != ENOENT)
		return err_from_errno(err, errno, "%s: removing %s", out->path, out->dot);
	return 0;
}

static int open_dotfile(struct outfile *out, struct err *err)
{
	out->fd = openat(out->dir, out->dot, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			 MODE);
	if (out->fd < 0)
		return err_from_errno(err, errno, "%s: creating it", out->path);
	out->kind = OUTFILE_DOTFILE;
	return 0;
}

static int open_unnamed(struct outfile *out, struct err *err)
{
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

/* The lock tells others that a dot-file, which also --overwrite needs for a moment, is in use. */
static int open_new(struct outfile *out, struct err *err)
{
	if (remove_stale(out, err) || open_unnamed(out, err))
		return -1;
	flock(out->fd, LOCK_EX | LOCK_NB);
	return 0;
}

static int open_direct(struct outfile *out, struct err *err)
{
	struct stat st;

	out->kind = OUTFILE_DIRECT;
	out->fd = openat(out->dir, out->base, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (out->fd < 0 || fstat(out->fd, &st))
		return err_from_errno(err, errno, "%s", out->path);
	if (S_ISREG(st.st_mode))
		return err_set(err, ERR_BUSY, 0, "%s has just become another file", out->path);
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
static int rename_new(const struct outfile *out)
{
	if (!renameat2(out->dir, out->dot, out->dir, out->base, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(out->dir, out->dot, out->dir, out->base, 0))
		return -errno;
	unlinkat(out->dir, out->dot, 0);
	return 0;
}

/* From the dot-file over whatever has the name: one step, and a link there is replaced, not followed. */
static int rename_over(const struct outfile *out)
{
	return renameat(out->dir, out->dot, out->dir, out->base) ? -errno : 0;
}

static int give_name(struct outfile *out)
{
	int ret;

	if (out->kind == OUTFILE_UNNAMED && !out->overwrite)
		return link_unnamed(out, out->base);
	if (out->kind == OUTFILE_UNNAMED) {
		ret = link_unnamed(out, out->dot);
		if (ret)
			return ret;
		out->kind = OUTFILE_DOTFILE;
	}
	return out->overwrite ? rename_over(out) : rename_new(out);
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

static bool are_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool outfile_is(const struct outfile *out, const char *path)
{
	AUTO_OUTFILE struct outfile other = OUTFILE_INIT;
	struct err ignored = ERR_INIT;
	struct stat ours, theirs;

	if (out->kind == OUTFILE_STDOUT || !strcmp(path, "-"))
		return false;
	if (!fstatat(out->dir, out->base, &ours, AT_SYMLINK_NOFOLLOW) && !stat(path, &theirs))
		return are_same(&ours, &theirs);
	other.path = path;
	return !open_folder(&other, &ignored) &&
	       !strcmp(out->base, other.base) && !fstat(out->dir, &ours) &&
	       !fstat(other.dir, &theirs) && are_same(&ours, &theirs);
}

int outfile_refuse_input(const char *path, const char *input, struct err *err)
{
	struct stat out, in;

	if (!strcmp(path, "-") || stat(path, &out) || stat_input(input, &in) ||
	    !S_ISREG(out.st_mode) || !are_same(&out, &in))
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

	if (ret == -EEXIST)
		return err_set(err, ERR_EXISTS, 0, "%s has come into being meanwhile", out->path);
	if (ret)
		return err_from_errno(err, -ret, "%s: giving it its name", out->path);
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
