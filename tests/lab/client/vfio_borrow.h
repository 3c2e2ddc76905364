/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device that somebody may hold open, taken without a reset. Part of labvf.c, whose helpers it uses. */
#ifndef LAB_VFIO_BORROW_H
#define LAB_VFIO_BORROW_H

#include <dirent.h>
#include <limits.h>
#include <sys/syscall.h>

#include "vfio_open.h"

/* The number of process pid's file that is open on path, or -1. */
static int process_file(const char *pid, const char *path)
{
	char folder[PATH_MAX], target[PATH_MAX];
	int found = -1;
	struct dirent *entry;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/proc/%s/fd", pid);
	dir = opendir(folder);
	if (!dir)
		return -1;
	while (found < 0 && (entry = readdir(dir))) {
		ssize_t length = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (length < 0)
			continue;
		target[length] = '\0';
		if (!strcmp(target, path))
			found = atoi(entry->d_name);
	}
	closedir(dir);
	return found;
}

/*
 * Takes a device's or a group's file from whoever holds it, and beside, which maps memory: a file descriptor, or -1 when
 * nobody does.
 */
static int borrow(const char *path, const char *beside, int *container)
{
	int file = -1;
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	if (!proc)
		die("/proc");
	while (file < 0 && (entry = readdir(proc))) {
		int number, pidfd;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		number = process_file(entry->d_name, path);
		if (number < 0)
			continue;
		pidfd = syscall(SYS_pidfd_open, atoi(entry->d_name), 0);
		if (pidfd < 0)
			continue;
		file = syscall(SYS_pidfd_getfd, pidfd, number, 0);
		*container = syscall(SYS_pidfd_getfd, pidfd, process_file(entry->d_name, beside), 0);
		close(pidfd);
	}
	closedir(proc);
	return file;
}

/* The device's own file, where the kernel has such: 0, or -1. */
static int device_path(const char *bdf, char *path, size_t size)
{
	char folder[PATH_MAX];
	struct dirent *entry;
	int found = -1;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(folder);
	if (!dir)
		return -1;
	while (found && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			found = snprintf(path, size, "/dev/vfio/devices/%s", entry->d_name) < (int)size ? 0 : -1;
	closedir(dir);
	return found;
}

/* Borrows the device's own file and the iommufd beside it. False when nobody holds them. */
static bool borrow_device(struct vfio_open *vfio, const char *bdf)
{
	char path[PATH_MAX + 16];

	if (!device_path(bdf, path, sizeof(path)))
		vfio->device = borrow(path, "/dev/iommu", &vfio->container);
	return vfio->device >= 0;
}

/* Borrows the device by its group, or opens it when nobody holds it. */
static void borrow_group(struct vfio_open *vfio, const char *bdf)
{
	char path[PATH_MAX + 16];

	if (vfio_group_path(bdf, path, sizeof(path)))
		die("%s has no IOMMU group", bdf);
	vfio->group = borrow(path, "/dev/vfio/vfio", &vfio->container);
	if (vfio->group < 0)
		vfio_open(vfio, bdf);
	else
		vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (vfio->device < 0)
		die("%s", bdf);
}

#endif
