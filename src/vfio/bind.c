/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/bind.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/pci_function.h"
#include "host/sysroot.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "lib/text.h"
#include "vfio/holders.h"

#define POLL_MS 10
#define WAIT_MS 5000 /* the kernel probes before it answers; this is for what comes late */

/* The driver that has @name now; empty: none. */
static void read_driver(const char *name, char *driver, size_t size)
{
	sysroot_link_name(driver, size, SYSFS_PCI "%s/driver", name);
}

static int write_override(const char *name, const char *driver, struct err *err)
{
	char line[80];
	int ret;

	/* An empty line clears it. */
	snprintf(line, sizeof(line), "%s\n", driver);
	ret = sysroot_write(line, SYSFS_PCI "%s/driver_override", name);
	if (ret)
		return err_from_errno(err, -ret, "setting its driver_override to \"%s\"", driver);
	return 0;
}

static int release(const char *name, struct err *err)
{
	char driver[64];
	int ret;

	read_driver(name, driver, sizeof(driver));
	if (!*driver)
		return 0;
	ret = sysroot_write(name, SYSFS_PCI "%s/driver/unbind", name);
	/* ENODEV: it has been released meanwhile. */
	if (ret && ret != -ENODEV && ret != -ENOENT)
		return err_from_errno(err, -ret, "unbinding it from %s", driver);
	return 0;
}

/* Waits until @driver has @name: 0, -EBUSY when another has it, -ETIMEDOUT. */
static int wait_for(const char *name, const char *driver, int wait_ms)
{
	char now[64];

	for (int waited = 0;; waited += POLL_MS) {
		read_driver(name, now, sizeof(now));
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
	char now[64];

	read_driver(name, now, sizeof(now));
	if (*now)
		return err_set(err, ERR_IO, 0, "%s took it, not %s", now, driver);
	return err_set(err, ERR_IO, num, "the driver %s does not take it", driver);
}

/*
 * A probe that fails leaves no trace in what drivers_probe answers: the
 * driver's own bind file tells its errno.
 */
static int probe_driver(const char *name, const char *driver, struct err *err)
{
	int ret = sysroot_write(name, "/sys/bus/pci/drivers_probe");

	if (ret)
		return err_from_errno(err, -ret, "having it probed");
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
static int move_device(const char *name, const char *driver, const char *override, struct err *err)
{
	if (*driver && write_override(name, driver, err))
		return -1;
	if (release(name, err))
		return -1;
	if (*driver && probe_driver(name, driver, err))
		return -1;
	/* It is set to the driver now, where there is one. */
	if (*driver && !strcmp(driver, override))
		return 0;
	return write_override(name, override, err);
}

static void note_place(struct binding *binding)
{
	char *override = binding->override;

	read_driver(binding->device, binding->driver, sizeof(binding->driver));
	if (sysroot_read(override, sizeof(binding->override),
			 SYSFS_PCI "%s/driver_override", binding->device) < 0 ||
	    !strcmp(override, "(null)"))
		*override = '\0';
}

static void begin_binding(struct binding *binding, const struct device *device)
{
	*binding = (struct binding){};
	text_copy(binding->device, sizeof(binding->device), device->name);
	note_place(binding);
	memcpy(binding->driver_before, binding->driver, sizeof(binding->driver));
	memcpy(binding->override_before, binding->override, sizeof(binding->override));
}

static bool is_there(const struct binding *binding, const struct driver_wish *wish)
{
	return !strcmp(binding->driver, wish->driver) && (wish->pin || !*binding->override);
}

static int require_free(const struct device *device, struct err *err)
{
	struct device now = *device;

	if (holder_find(&now, err))
		return -1;
	if (now.holder.kind == HOLDER_NONE)
		return now.vfio && now.holder.unsure ? holder_unseen(err) : 0;
	return err_set(err, ERR_BUSY, 0, "it is open in %s (pid %d)",
		       now.holder.comm, (int)now.holder.pid);
}

static int move_one(const struct device *device, const struct driver_wish *wish,
		    struct binding *binding, struct err *err)
{
	uint64_t start = now_ns();
	int ret;

	if (is_there(binding, wish))
		return 0;
	if (interrupt_check(err) || require_free(device, err))
		return -1;
	binding->touched = true;
	/* Only the override is in the way: the driver may keep the device. */
	if (!strcmp(binding->driver, wish->driver))
		ret = write_override(device->name, "", err);
	else
		ret = move_device(device->name, wish->driver, wish->pin ? wish->driver : "", err);
	binding->duration_ns = now_ns() - start;
	note_place(binding);
	binding->changed = !ret;
	return ret || interrupt_check(err) ? -1 : 0;
}

static void put_back(struct binding *binding)
{
	struct err trouble = ERR_INIT;

	if (!binding->touched)
		return;
	if (strcmp(binding->driver, binding->driver_before) ?
		    move_device(binding->device, binding->driver_before,
				binding->override_before, &trouble) :
		    write_override(binding->device, binding->override_before,
				   &trouble))
		text_copy(binding->trouble, sizeof(binding->trouble), trouble.message);
	binding->touched = *binding->trouble;
	binding->rolled_back = !binding->touched;
	binding->changed = false;
	note_place(binding);
}

/* Last one first; what cannot be put back is worth more than any other hint. */
static void roll_back(struct binding *bindings, size_t n, struct err *err)
{
	while (n--) {
		put_back(&bindings[n]);
		if (*bindings[n].trouble)
			snprintf(err->hint, sizeof(err->hint), "%s could not be put back: %.160s",
				 bindings[n].device, bindings[n].trouble);
	}
}

int driver_require_writable(const struct device *device, struct err *err)
{
	char path[PATH_MAX];

	if (!sysroot_is_host())
		return err_set(err, ERR_USAGE, 0,
			       "a captured host cannot be changed: leave --sysroot out");
	if (!sysroot_path(path, SYSFS_PCI "%s/driver_override", device->name) &&
	    !access(path, W_OK))
		return 0;
	return err_from_errno(err, errno, "%s", path);
}

int driver_move_all(const struct device *devices, size_t n, const struct driver_wish *wish,
		    struct binding *bindings, struct err *err)
{
	int AUTO_INTERRUPT begun = interrupt_begin(err);

	for (size_t i = 0; i < n; i++)
		begin_binding(&bindings[i], &devices[i]);
	if (begun)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!move_one(&devices[i], wish, &bindings[i], err))
			continue;
		err_device(err, devices[i].name);
		roll_back(bindings, i + 1, err);
		return -1;
	}
	return 0;
}
