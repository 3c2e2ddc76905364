/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VF under test, for programs that break things many times over: its states and data, its test registers, what is left
 * on the PF, and the end of the program at the first promise that is broken.
 */
#ifndef LAB_MIGCHECK_H
#define LAB_MIGCHECK_H

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <time.h>

#include "../model/vf_regs.h"
#include "monitor.h"
#include "vfio_mig.h"
#include "vfio_open.h"

enum { STREAM_MAX = 64 << 20, PATIENCE_S = 60 };

/* The device, its data file (or -1), a good stream, and the name of what is being tried. */
static struct {
	const char *bdf;
	struct vfio_open open;
	uint64_t bar;
	uint64_t flags;
	int monitor;
	int data;
	uint8_t *stream;
	size_t stream_size;
	char name[256];
} vf = { .open = VFIO_CLOSED, .data = -1 };

/* A promise is broken: says which, and where, and ends the program. */
static void __attribute__((noreturn, format(printf, 1, 2))) broken(const char *format, ...)
{
	va_list args;

	printf("not ok %s: ", vf.name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(1);
}

/* What blocks for a minute blocks for ever. */
static void blocked(int signal)
{
	(void)signal;
	broken("it blocks");
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void nap(unsigned int ms)
{
	usleep(ms * 1000);
}

/* A seeded source of numbers, the same ones each time (splitmix64). */
static inline uint64_t seeded(uint64_t *seed)
{
	uint64_t value = *seed += 0x9e3779b97f4a7c15;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

static void drop_data(void)
{
	if (vf.data >= 0)
		close(vf.data);
	vf.data = -1;
}

/* Asks for a state and keeps the data file that may come: 0 or an errno. */
static int ask_state(uint32_t state)
{
	struct vfio_device_feature_mig_state mig = { .device_state = state, .data_fd = -1 };

	if (vfio_feature(vf.open.device, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig, sizeof(mig)))
		return errno;
	if (mig.data_fd < 0)
		return 0;
	drop_data();
	vf.data = mig.data_fd;
	return fcntl(vf.data, F_SETFL, O_NONBLOCK) ? errno : 0;
}

static uint32_t present_state(void)
{
	struct vfio_device_feature_mig_state mig = {};

	if (vfio_feature(vf.open.device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig, sizeof(mig)))
		broken("its state cannot be read: %s", strerrorname_np(errno));
	return mig.device_state;
}

static void want_state(uint32_t state)
{
	uint32_t got = present_state();

	if (got != state)
		broken("it is in %s, not in %s", states[got], states[state]);
}

static void must(const char *what, int err)
{
	if (err)
		broken("%s: %s", what, strerrorname_np(err));
}

static inline uint64_t vf_register(uint64_t offset, size_t size)
{
	uint64_t value = 0;

	if (pread(vf.open.device, &value, size, vf.bar + LAB_REGS_OFFSET + offset) != (ssize_t)size)
		broken("register 0x%" PRIx64 ": %s", offset, strerrorname_np(errno));
	return value;
}

/*
 * Waits a while for data: the end for now is nothing that poll() tells, but read(). @since is when the waiting began.
 */
static void await_data(double since)
{
	struct pollfd pollfd = { .fd = vf.data, .events = POLLIN };

	if (now() - since > PATIENCE_S / 2)
		broken("its data file never gets ready");
	poll(&pollfd, 1, 50);
}

/*
 * Reads the data file to its end, or its end for now, into @to (NULL: nowhere): 0, ENOMSG at an end for now, or the error
 * that it gives. @size is what was read.
 */
static int drain(uint8_t *to, size_t *size)
{
	static uint8_t bin[1 << 20];
	double begun = now();

	*size = 0;
	while (true) {
		ssize_t got = read(vf.data, to ? to + *size : bin, sizeof(bin));

		if (!got)
			return 0;
		if (got > 0) {
			*size += got;
			if (*size > STREAM_MAX - sizeof(bin))
				broken("the stream does not end");
		} else if (errno == EAGAIN) {
			await_data(begun);
		} else {
			return errno;
		}
	}
}

/* Writes all of @from, at most @step bytes at a time: 0 or an errno. */
static int pour(const uint8_t *from, size_t size, size_t step)
{
	while (size) {
		ssize_t done = write(vf.data, from, size < step ? size : step);

		if (done < 0)
			return errno;
		if (!done)
			broken("nothing was written");
		from += done;
		size -= done;
	}
	return 0;
}

/* Resets the function, after which it runs and its data file has ended. */
static void reset_vf(void)
{
	uint8_t byte = 0;

	if (ioctl(vf.open.device, VFIO_DEVICE_RESET))
		broken("reset: %s", strerrorname_np(errno));
	want_state(VFIO_DEVICE_STATE_RUNNING);
	if (vf.data >= 0 && (read(vf.data, &byte, 1) != -1 || (errno != ENODEV && errno != EBADF)))
		broken("after a reset its data can be read");
	if (vf.data >= 0 && (write(vf.data, &byte, 1) != -1 || (errno != ENODEV && errno != EBADF)))
		broken("after a reset its data can be written");
	drop_data();
}

static inline void set_fault(const char *fault)
{
	json_decref(returned(ask(vf.monitor, "qom-set", property("fault", json_string(fault)))));
}

static const char *model_text(const char *name)
{
	return json_string_value(returned(ask(vf.monitor, "qom-get", property(name, NULL))));
}

static inline uint64_t model_number(const char *name)
{
	return json_integer_value(returned(ask(vf.monitor, "qom-get", property(name, NULL))));
}

struct objects {
	unsigned int pds, mkeys;
};

static inline struct objects pf_objects(void)
{
	struct objects objects;

	if (sscanf(model_text("objects"), "pds=%u mkeys=%u", &objects.pds, &objects.mkeys) != 2)
		broken("the model does not tell its objects");
	return objects;
}

/* Waits until the firmware has answered all commands. */
static inline void settle(void)
{
	double begun = now();

	while (*model_text("pending")) {
		if (now() > begun + PATIENCE_S)
			broken("the firmware's commands do not end:\n%s", model_text("pending"));
		nap(50);
	}
}

/* Saves the device from its present state into vf.stream. */
static void save_whole(void)
{
	must("STOP_COPY", ask_state(VFIO_DEVICE_STATE_STOP_COPY));
	must("the saved data", drain(vf.stream, &vf.stream_size));
}

/* A save and a load of it as a whole, which are to work whatever happened before. Leaves the device in RUNNING. */
static inline void works(void)
{
	uint64_t digest;

	save_whole();
	digest = vf_register(LAB_REG_digest, 8);
	reset_vf();
	must("RESUMING", ask_state(VFIO_DEVICE_STATE_RESUMING));
	must("a good stream", pour(vf.stream, vf.stream_size, vf.stream_size));
	must("RESUMING > STOP", ask_state(VFIO_DEVICE_STATE_STOP));
	if (vf_register(LAB_REG_digest, 8) != digest)
		broken("what was loaded is not what was saved");
	must("STOP > RUNNING", ask_state(VFIO_DEVICE_STATE_RUNNING));
	want_state(VFIO_DEVICE_STATE_RUNNING);
	drop_data();
}

/* Opens the device, which is free; who needs the model opens vf.monitor. */
static void begin(const char *bdf)
{
	struct vfio_device_feature_migration migration = {};

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, blocked);
	vf.bdf = bdf;
	vf.stream = malloc(STREAM_MAX);
	snprintf(vf.name, sizeof(vf.name), "opening %s", bdf);
	if (!vf.stream || vfio_open(&vf.open, bdf) || vfio_enable_memory(&vf.open) ||
	    vfio_region_offset(&vf.open, VFIO_PCI_BAR0_REGION_INDEX, &vf.bar) ||
	    vfio_feature(vf.open.device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION, &migration, sizeof(migration)))
		broken("%s", strerrorname_np(errno));
	vf.flags = migration.flags;
}

#endif
