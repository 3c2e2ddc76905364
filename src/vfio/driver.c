/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/pci_function.h"
#include "host/sysroot.h"
#include "host/users.h"
#include "lib/cleanup.h"
#include "vfio/bind.h"
#include "vfio/hold_marker.h"
#include "vfio/holder_find.h"
#include "vfio/holders.h"
#include "vfio/node.h"

#define POLL_MS 10
#define WAIT_MS 5000 /* the kernel probes before it answers; this is for what comes late */

void driver_of(const char *name, char *driver, size_t size)
{
	sysroot_link_name(driver, size, SYSFS_PCI "%s/driver", name);
}

static int say_vanished(const char *name, struct err *err)
{
	err_set(err, ERR_NO_DEVICE, 0, "%s does not exist any more", name);
	return err_hint(err, "another process has changed the number of VFs: mlxmigctl status lists them");
}

static bool is_gone(const char *name)
{
	return !sysroot_exists(SYSFS_PCI "%s", name);
}

/* Why a file of @name, or one of its driver, could not be written. */
static int say_refused(const char *name, int num, const char *what, const char *driver,
		       struct err *err)
{
	char text[128];

	if (is_gone(name))
		return say_vanished(name, err);
	snprintf(text, sizeof(text), "%s %s", what, *driver ? driver : "\"\"");
	return sysroot_refused(err, num, text);
}

int driver_override_write(const char *name, const char *driver, struct err *err)
{
	char line[80];
	int ret;

	/* An empty line clears it. */
	snprintf(line, sizeof(line), "%s\n", driver);
	ret = sysroot_write(line, SYSFS_PCI "%s/driver_override", name);
	return ret ? say_refused(name, -ret, "setting its driver_override to", driver, err) : 0;
}

int driver_require_closed(const struct device *device, struct err *err)
{
	const struct holder *holder = &device->holder;

	if (holder->kind == HOLDER_NONE)
		return 0;
	if (*device->in_use_reason) {
		err_set(err, ERR_BUSY, 0, "%s: %s", device->name, device->in_use_reason);
		return err_hint(err, "end process %d first: it may open the device at any moment",
				(int)holder->pid);
	}
	err_set(err, ERR_BUSY, 0, "%s is open in %s (pid %d)", device->name,
		holder->comm, (int)holder->pid);
	return err_hint(err, "the kernel would wait for it: end that process first, or, where it is a VMM, shut its guest down or detach the device from it");
}

/*
 * Opening the group's node resets nothing, and fails with EBUSY as long as a
 * process has the group or a device of it open, also by a mapping or a file
 * descriptor in a socket. It is opened before processes are looked into, since
 * a cdev can be opened, though not used, beside it.
 */
static int open_guard(const struct device *device, struct err *err)
{
	char name[32], path[48];

	snprintf(name, sizeof(name), device->no_iommu ? "noiommu-%d" : "%d", device->iommu_group);
	snprintf(path, sizeof(path), "/dev/vfio/%s", name);
	return node_open(&(struct node){ path, "vfio", name }, err);
}

/* A function under VFIO: kept closed by *@guard_fd, or refused. Without a node what /proc and sysfs show decides. */
static int keep_closed(struct device *device, int *guard_fd, char *warning, size_t warning_size,
		       struct err *err)
{
	struct err no_node = ERR_INIT;
	int fd = *guard_fd = open_guard(device, &no_node);

	if (holder_find(device, err) || driver_require_closed(device, err))
		return -1;
	if (fd == -EBUSY)
		return holder_unseen(device->search_cut, err);
	if (fd < 0 && device->holder.unsure) {
		err_set(err, ERR_BUSY, 0, "%s: %s, and its group cannot be opened to find out: %s",
			device->name, device->in_use_reason, no_node.message);
		return err_hint(err, "%s", no_node.hint);
	}
	if (*device->cdev && device->processes_hidden)
		return holder_unseen(device->search_cut, err);
	if (fd >= 0 && device->holder.unsure)
		snprintf(warning, warning_size,
			 "its PCI function was enabled (enable is not 0) although no process has it open");
	return 0;
}

/* What the kernel would wait for without end, at the last moment. */
static int require_no_vdpa(const struct device *device, struct err *err)
{
	CLEANUP(users_free) struct users users = {};

	if (users_find_by_files(device, 1, &users, err) ||
	    users_require_none(&users, 0, device->name, true, err))
		return -1;
	return users.cut && users_may_hide(device, true) ? holder_unseen(true, err) : 0;
}

static int require_free(const char *name, int *guard_fd, char *warning, size_t warning_size,
			struct err *err)
{
	struct device now;
	char dir[PATH_MAX];

	pci_function_init(&now, DEVICE_VF, name);
	snprintf(dir, sizeof(dir), SYSFS_PCI "%s", name);
	pci_function_read(&now, dir);
	return now.vfio ? keep_closed(&now, guard_fd, warning, warning_size, err) :
			  require_no_vdpa(&now, err);
}

static int release(const char *name, struct err *err)
{
	char driver[64];
	int ret;

	driver_of(name, driver, sizeof(driver));
	if (!*driver)
		return 0;
	ret = sysroot_write(name, SYSFS_PCI "%s/driver/unbind", name);
	/* ENODEV: it has been released meanwhile. */
	if (ret && ret != -ENODEV && ret != -ENOENT)
		return say_refused(name, -ret, "unbinding it from", driver, err);
	return 0;
}

/* Waits until @driver has @name: 0, -EBUSY when another has it, -ETIMEDOUT. */
static int wait_for(const char *name, const char *driver, int wait_ms)
{
	char now[64];

	for (int waited = 0;; waited += POLL_MS) {
		driver_of(name, now, sizeof(now));
		if (!strcmp(now, driver))
			return 0;
		if (*now)
			return -EBUSY;
		if (waited >= wait_ms)
			return -ETIMEDOUT;
		poll(NULL, 0, POLL_MS);
	}
}

static int say_not_taken(const char *name, const char *driver, int num, struct err *err)
{
	char now[64], override[64];

	if (is_gone(name))
		return say_vanished(name, err);
	driver_of(name, now, sizeof(now));
	pci_override_read(name, override, sizeof(override));
	if (strcmp(override, driver)) {
		err_set(err, ERR_BUSY, 0,
			"another program has set its driver_override to \"%s\" meanwhile, and %s took it",
			override, *now ? now : "no driver");
		return err_hint(err, "libvirt, driverctl or a udev rule may manage this device: let one program bind it");
	}
	if (*now) {
		err_set(err, ERR_IO, 0, "%s took it, not %s", now, driver);
		return err_hint(err, "another program has bound it, or %s has its id (new_id): find what writes to driver_override, and try again",
				now);
	}
	if (num == ENOENT || !sysroot_exists("/sys/bus/pci/drivers/%s", driver)) {
		err_set(err, ERR_BUSY, 0, "the driver %s was unloaded meanwhile", driver);
		return err_hint(err, "another process has removed its module (rmmod, modprobe -r): try again, which loads it anew");
	}
	err_set(err, ERR_IO, num, "the driver %s does not take it", driver);
	if (num == ENODEV)
		err_hint(err, "either %s is not for such a device, or its probe failed: look at the kernel log (dmesg)",
			 driver);
	return -1;
}

/*
 * A probe that fails leaves no trace in what drivers_probe answers: the
 * driver's own bind file tells its errno.
 */
static int probe_driver(const char *name, const char *driver, struct err *err)
{
	int ret = sysroot_write(name, "/sys/bus/pci/drivers_probe");

	if (ret)
		return say_refused(name, -ret, "having it probed by", driver, err);
	ret = wait_for(name, driver, 0);
	if (ret == -ETIMEDOUT) {
		ret = sysroot_write(name, "/sys/bus/pci/drivers/%s/bind", driver);
		if (ret)
			return say_not_taken(name, driver, -ret, err);
		ret = wait_for(name, driver, WAIT_MS);
	}
	return ret ? say_not_taken(name, driver, -ret, err) : 0;
}

/*
 * The override decides who may probe also where the VFs of a PF are not
 * probed by themselves (sriov_drivers_autoprobe), so it is set even for the
 * driver that would take the device anyway, and cleared afterwards.
 */
int driver_move(const char *name, const char *driver, const char *override,
		char *warning, size_t warning_size, struct err *err)
{
	AUTO_CLOSE int guard_fd = -1;

	if (require_free(name, &guard_fd, warning, warning_size, err) ||
	    (*driver && driver_override_write(name, driver, err)) || release(name, err))
		return -1;
	if (guard_fd >= 0)
		close(TAKE_FD(guard_fd));
	/* What a killed holder lost has gone with the driver that had it. */
	hold_marker_remove(name);
	if (*driver && probe_driver(name, driver, err))
		return -1;
	/* It is set to the driver now, where there is one. */
	if (*driver && !strcmp(driver, override))
		return 0;
	return driver_override_write(name, override, err);
}
