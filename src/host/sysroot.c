/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/text.h"

#define STEPS_MAX 8000000u     /* a few seconds */
#define OPEN_STEPS 4	       /* a file that is opened, beside a name that is read */
#define BYTES_MAX (256u << 20) /* of all files that are read */
#define LINE_BYTES_MAX (64u << 10)

static const char *root = "";
static int root_fd = -1; /* -errno: it cannot be opened */

/* What reading the captured host has cost. */
static struct {
	size_t steps, bytes;
	bool exceeded;
} spent;

void sysroot_set(const char *dir)
{
	if (root_fd >= 0)
		close(root_fd);
	root = dir && strcmp(dir, "/") ? dir : "";
	root_fd = *root ? open(root, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (root_fd < 0)
		root_fd = -errno;
	spent.steps = spent.bytes = 0;
	spent.exceeded = false;
}

bool sysroot_is_host(void)
{
	return !*root;
}

static bool spend(size_t *count, size_t more, size_t limit)
{
	if (sysroot_is_host())
		return true;
	if (more > limit - *count)
		spent.exceeded = true;
	else
		*count += more;
	return !spent.exceeded;
}

bool sysroot_spend(size_t steps)
{
	return spend(&spent.steps, steps, STEPS_MAX);
}

static bool spend_bytes(size_t bytes)
{
	return spend(&spent.bytes, bytes, BYTES_MAX);
}

bool sysroot_exceeded(void)
{
	return spent.exceeded;
}

int sysroot_check(struct err *err)
{
	if (!spent.exceeded)
		return 0;
	err_set(err, ERR_UNJUDGED, 0,
		"%s has more in it than a host of which sys and proc were captured", root);
	return err_hint(err, "check that it is the right directory; with many devices, capture less of proc, or name the devices that are meant");
}

static int format_path(char buf[PATH_MAX], const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static int format_path(char buf[PATH_MAX], const char *fmt, va_list ap)
{
	int len = vsnprintf(buf, PATH_MAX, fmt, ap);

	return len >= 0 && len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int sysroot_path(char buf[PATH_MAX], const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	return ret ? ret : text_format(buf, PATH_MAX, "%s%s", root, path);
}

static int open_in_root(const char *path, int flags)
{
	const struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (!sysroot_spend(OPEN_STEPS))
		return -EFBIG;
	if (root_fd < 0)
		return root_fd;
	fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

/* 0 or -errno */
static int require_regular(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

/* To open a device, even without a wait, may do something to it: it is looked at before. */
static int open_regular(const char *path)
{
	AUTO_CLOSE int place = open_in_root(path, O_PATH);
	AUTO_CLOSE int fd = -1;
	int ret = place < 0 ? place : require_regular(place);

	if (ret)
		return ret;
	fd = open_in_root(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	ret = fd < 0 ? fd : require_regular(fd);
	return ret ? ret : TAKE_FD(fd);
}

static int open_path(const char *path, int flags)
{
	int fd;

	if (!sysroot_is_host())
		return flags & (O_PATH | O_DIRECTORY) ? open_in_root(path, flags) :
							 open_regular(path);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysroot_open(int flags, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	return ret ? ret : open_path(path, flags);
}

/* struct bounded_file - a file of a captured host; @line_bytes: of its last line, so far */
struct bounded_file {
	int fd;
	size_t line_bytes;
};

static ssize_t read_bounded(void *cookie, char *buf, size_t size)
{
	struct bounded_file *file = cookie;
	ssize_t len = read(file->fd, buf, size);
	const char *newline;

	if (len <= 0)
		return len;
	newline = memrchr(buf, '\n', (size_t)len);
	file->line_bytes = newline ? (size_t)(buf + len - newline) : file->line_bytes + (size_t)len;
	if (file->line_bytes > LINE_BYTES_MAX)
		spent.exceeded = true;
	return spend_bytes((size_t)len) ? len : 0;
}

static int close_bounded(void *cookie)
{
	struct bounded_file *file = cookie;
	int ret = close(file->fd);

	free(file);
	return ret;
}

static FILE *open_bounded(int fd)
{
	static const cookie_io_functions_t functions = {
		.read = read_bounded,
		.close = close_bounded,
	};
	struct bounded_file *bounded = malloc(sizeof(*bounded));
	FILE *file;

	if (!bounded)
		return NULL;
	*bounded = (struct bounded_file){ .fd = fd };
	file = fopencookie(bounded, "r", functions);
	if (!file)
		free(bounded);
	return file;
}

FILE *sysroot_fopen(const char *fmt, ...)
{
	AUTO_CLOSE int fd = -1;
	char path[PATH_MAX];
	FILE *file;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	fd = ret ? ret : open_path(path, O_RDONLY);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	file = sysroot_is_host() ? fdopen(fd, "r") : open_bounded(fd);
	if (file)
		TAKE_FD(fd);
	return file;
}

DIR *sysroot_opendir(const char *fmt, ...)
{
	AUTO_CLOSE int fd = -1;
	char path[PATH_MAX];
	va_list ap;
	DIR *dir;
	int ret;

	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	fd = ret ? ret : open_path(path, O_RDONLY | O_DIRECTORY);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	dir = fdopendir(fd);
	if (dir)
		TAKE_FD(fd);
	return dir;
}

struct dirent *sysroot_readdir(DIR *dir)
{
	struct dirent *entry;

	while (sysroot_spend(1) && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			return entry;
	return NULL;
}

char *sysroot_real_path(const char *fmt, ...)
{
	char path[PATH_MAX], link[32], target[PATH_MAX];
	AUTO_CLOSE int fd = -1;
	va_list ap;
	ssize_t len;
	int ret;

	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	if (ret)
		return NULL;
	if (sysroot_is_host())
		return realpath(path, NULL);
	fd = open_in_root(path, O_PATH);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = fd < 0 ? -1 : readlink(link, target, sizeof(target));
	return len < 0 ? NULL : strndup(target, (size_t)len);
}

static int read_text(const char *path, char *buf, size_t size)
{
	AUTO_CLOSE int fd = open_path(path, O_RDONLY);
	ssize_t len;

	if (fd < 0)
		return fd;
	len = read(fd, buf, size - 1);
	if (len < 0)
		return -errno;
	if (!spend_bytes((size_t)len))
		return -EFBIG;
	while (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return (int)len;
}

bool sysroot_exists(const char *fmt, ...)
{
	AUTO_CLOSE int fd = -1;
	char path[PATH_MAX];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	if (ret)
		return false;
	if (sysroot_is_host())
		return !access(path, F_OK);
	fd = open_in_root(path, O_PATH);
	return fd >= 0;
}

bool sysroot_read_device(dev_t *number, const char *fmt, ...)
{
	unsigned int major_number, minor_number;
	char path[PATH_MAX], text[32];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	if (ret || read_text(path, text, sizeof(text)) <= 0 ||
	    sscanf(text, "%u:%u", &major_number, &minor_number) != 2)
		return false;
	*number = makedev(major_number, minor_number);
	return true;
}

int sysroot_read(char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int ret;

	*buf = '\0';
	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	return ret ? ret : read_text(path, buf, size);
}

int sysroot_read_long(long *value, const char *fmt, ...)
{
	char path[PATH_MAX], text[32], *end;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	if (!ret)
		ret = read_text(path, text, sizeof(text));
	if (ret < 0)
		return ret;
	errno = 0;
	*value = strtol(text, &end, 0);
	return errno || end == text || *end ? -EINVAL : 0;
}

/* Its length or -errno. */
static ssize_t read_link(const char *path, char *target, size_t size)
{
	AUTO_CLOSE int fd = -1;
	ssize_t len;

	if (sysroot_is_host()) {
		len = readlink(path, target, size);
		return len < 0 ? -errno : len;
	}
	fd = open_in_root(path, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	len = readlinkat(fd, "", target, size);
	/* As readlink(2) has it for what is no link. */
	return len < 0 ? (errno == ENOENT ? -EINVAL : -errno) : len;
}

int sysroot_link_name(char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	va_list ap;
	ssize_t len;
	int ret;

	*buf = '\0';
	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	if (ret)
		return ret;
	len = read_link(path, target, sizeof(target) - 1);
	if (len < 0)
		return (int)len;
	target[len] = '\0';
	name = strrchr(target, '/');
	return text_format(buf, size, "%s", name ? name + 1 : target);
}

static int is_visible(const struct dirent *entry)
{
	return *entry->d_name != '.' && sysroot_spend(1);
}

struct sysroot_entries sysroot_list(const char *fmt, ...)
{
	struct sysroot_entries entries = {};
	AUTO_CLOSE int fd = -1;
	char path[PATH_MAX];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	if (!ret)
		ret = fd = open_path(path, O_RDONLY | O_DIRECTORY);
	if (ret >= 0)
		ret = scandirat(fd, ".", &entries.list, is_visible, alphasort);
	else
		errno = -ret;
	entries.num = ret < 0 ? errno : 0;
	entries.n = ret > 0 ? (size_t)ret : 0;
	return entries;
}

void sysroot_entries_free(struct sysroot_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		free(entries->list[i]);
	free(entries->list);
	*entries = (struct sysroot_entries){};
}

int sysroot_write(const char *text, const char *fmt, ...)
{
	AUTO_CLOSE int fd = -1;
	char path[PATH_MAX];
	va_list ap;
	ssize_t len;
	int ret;

	if (!sysroot_is_host())
		return -EROFS;
	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	if (ret)
		return ret;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = write(fd, text, strlen(text));
	if (len < 0)
		return -errno;
	return (size_t)len == strlen(text) ? 0 : -EIO;
}

int sysroot_refused(struct err *err, int num, const char *what)
{
	switch (num) {
	case ENOENT:
	case ENODEV:
		err_set(err, ERR_NO_DEVICE, num, "%s: the device is gone", what);
		return err_hint(err, "its PF has fewer VFs now, perhaps: mlxmigctl status -t lists the devices");
	case EROFS:
		err_set(err, ERR_PERMISSION, num, "%s: sysfs is mounted read-only, as in a container",
			what);
		return err_hint(err, "run it on the host itself, or in a container whose /sys is writable (mount -o remount,rw /sys; a privileged one)");
	default:
		return err_from_errno(err, num, "%s", what);
	}
}
