/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/text.h"

static const char *root = "";

void sysroot_set(const char *dir)
{
	root = dir && strcmp(dir, "/") ? dir : "";
}

bool sysroot_is_host(void)
{
	return !*root;
}

static int root_vpath(char buf[PATH_MAX], const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static int root_vpath(char buf[PATH_MAX], const char *fmt, va_list ap)
{
	size_t used = strlen(root);
	int len;

	if (used >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(buf, root, used);
	len = vsnprintf(buf + used, PATH_MAX - used, fmt, ap);
	return len >= 0 && (size_t)len < PATH_MAX - used ? 0 : -ENAMETOOLONG;
}

int sysroot_path(char buf[PATH_MAX], const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = root_vpath(buf, fmt, ap);
	va_end(ap);
	return ret;
}

static int read_text(const char *path, char *buf, size_t size)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, buf, size - 1);
	if (len < 0)
		return -errno;
	while (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return (int)len;
}

bool sysroot_exists(const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = root_vpath(path, fmt, ap);
	va_end(ap);
	return !ret && !access(path, F_OK);
}

bool sysroot_read_device(dev_t *number, const char *fmt, ...)
{
	unsigned int major_number, minor_number;
	char path[PATH_MAX], text[32];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = root_vpath(path, fmt, ap);
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
	ret = root_vpath(path, fmt, ap);
	va_end(ap);
	return ret ? ret : read_text(path, buf, size);
}

int sysroot_read_long(long *value, const char *fmt, ...)
{
	char path[PATH_MAX], text[32], *end;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = root_vpath(path, fmt, ap);
	va_end(ap);
	if (!ret)
		ret = read_text(path, text, sizeof(text));
	if (ret < 0)
		return ret;
	errno = 0;
	*value = strtol(text, &end, 0);
	return errno || end == text || *end ? -EINVAL : 0;
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
	ret = root_vpath(path, fmt, ap);
	va_end(ap);
	if (ret)
		return ret;
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	name = strrchr(target, '/');
	return text_format(buf, size, "%s", name ? name + 1 : target);
}

static int is_visible(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

struct sysroot_entries sysroot_list(const char *fmt, ...)
{
	struct sysroot_entries entries = {};
	char path[PATH_MAX];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = root_vpath(path, fmt, ap);
	va_end(ap);
	if (!ret)
		ret = scandir(path, &entries.list, is_visible, alphasort);
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
	ret = root_vpath(path, fmt, ap);
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
