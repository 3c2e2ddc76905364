// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * migdrive: walks VFIO devices through migration states, step by step as told, for tests of drivers. It does what the
 * tool does not: odd pieces of a stream, records made by hand, data files kept when everything else is closed.
 *
 * The steps are the arguments. A step that does not do what it should ends the run with status 1 and says which one
 * it was; with `fail ERRNO` before it, it should fail with that error.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../model/vf_regs.h"
#include "vfio_mig.h"
#include "vfio_open.h"

/* Newer than the headers of Debian 12. */
enum { FEATURE_MIG_DATA_SIZE = 9 };

static const char usage_text[] =
	"usage: migdrive STEP...\n"
	"  dev BDF               open this device, or return to it; the steps below are about it\n"
	"  set STATE             ask for a state; a data file that comes is kept\n"
	"  state STATE           the device is in this state\n"
	"  flags NUMBER          the migration flags are these\n"
	"  size                  print the data size that the device estimates\n"
	"  reset                 VFIO_DEVICE_RESET\n"
	"  save FILE             read the data file to its end into FILE\n"
	"  append FILE           read it to its end, or its end for now, into FILE behind what is there\n"
	"  read N                read N bytes of it and forget them\n"
	"  readbar               read bytes of it into the VF's mapped BAR\n"
	"  eof                   the data file is at its end\n"
	"  poll MASK             poll gives these bits of POLLIN 1, POLLERR 8, POLLRDHUP 0x2000\n"
	"  pollin                wait until poll gives POLLIN, at most 20 s\n"
	"  nonblock, block       set or clear O_NONBLOCK\n"
	"  info                  print initial_bytes and dirty_bytes of VFIO_MIG_GET_PRECOPY_INFO\n"
	"  ioctl NUMBER ARGSZ    an ioctl of the data file, with a structure that claims that size\n"
	"  write FILE SEG OFF N  write N bytes of FILE from OFF on, SEG at a time (N or SEG 0: all)\n"
	"  zeros N               write N zero bytes\n"
	"  head SIZE FLAGS TAG   write the head of a record\n"
	"  dropdata, dropdev     close the data file; the device with its group and container\n"
	"  map IOVA LEN          memory for the VF\n"
	"  dma IOVA LEN PATTERN  the VF writes there; EIO when it was refused\n"
	"  landed IOVA LEN PATTERN  what it should have written is there\n"
	"  logstart RANGES PAGE  DMA_LOGGING_START; RANGES: IOVA+LEN,IOVA+LEN...\n"
	"  logpage PAGE          it tracks in pages of that size\n"
	"  logstop               DMA_LOGGING_STOP\n"
	"  dirty IOVA LEN PAGE LIST  DMA_LOGGING_REPORT; LIST: none, all, or pages from IOVA on as 0-2,7\n"
	"  touch FILE, await FILE  make a file; wait until one is there\n"
	"  time                  print the milliseconds since the last `time`\n"
	"  sleep MS              milliseconds\n"
	"  fail ERRNO            the next step fails with this error, by name\n"
	"  mark                  where starve starts again, from RUNNING\n"
	"  starve                the next step is tried with its first, its second... allocation failing (beyond the 32nd, with\n"
	"                        fewer and fewer of them), each time after a reset and the steps from mark on, until there\n"
	"                        is none left to fail; then it is done whole\n";

enum { MAX_DEVICES = 8, CHUNK = 1 << 20 };

struct dev {
	const char *bdf;
	struct vfio_open open;
	int data;
};

static struct dev devices[MAX_DEVICES];
static struct dev *dev;
static uint8_t chunk[CHUNK];

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("migdrive: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (end == text || *end)
		die("%s is no number", text);
	return value;
}

static uint32_t state_number(const char *name)
{
	for (uint32_t i = 0; i < STATES; i++)
		if (!strcmp(states[i], name))
			return i;
	return number(name);
}

/*
 * What follows are the steps: 0 when done, or -1 with errno. What was not to be expected at all ends the run.
 */

static int step_dev(char **args)
{
	for (dev = devices; dev < devices + MAX_DEVICES; dev++) {
		if (!dev->bdf)
			break;
		if (!strcmp(dev->bdf, args[0]))
			return 0;
	}
	if (dev == devices + MAX_DEVICES)
		die("too many devices");
	*dev = (struct dev){ args[0], VFIO_CLOSED, -1 };
	return vfio_open(&dev->open, args[0]);
}

#include "fail_nth.h"

static int feature(uint32_t flags, void *payload, size_t size)
{
	int result;

	hungry();
	result = vfio_feature(dev->open.device, flags, payload, size);
	fed();
	return result;
}

static int step_set(char **args)
{
	struct vfio_device_feature_mig_state mig = { .device_state = state_number(args[0]), .data_fd = -1 };

	if (feature(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig, sizeof(mig)))
		return -1;
	if (mig.data_fd < 0)
		return 0;
	if (dev->data >= 0)
		close(dev->data);
	dev->data = mig.data_fd;
	return 0;
}

static int step_state(char **args)
{
	struct vfio_device_feature_mig_state mig = {};

	if (feature(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig, sizeof(mig)))
		return -1;
	if (mig.device_state != state_number(args[0]))
		die("%s is in state %s, not %s", dev->bdf, mig.device_state < STATES ? states[mig.device_state] : "?", args[0]);
	return 0;
}

static int step_flags(char **args)
{
	struct vfio_device_feature_migration mig = {};

	if (feature(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION, &mig, sizeof(mig)))
		return -1;
	if (mig.flags != number(args[0]))
		die("%s has flags 0x%" PRIx64 ", not %s", dev->bdf, (uint64_t)mig.flags, args[0]);
	return 0;
}

static int step_size(char **args)
{
	uint64_t size = 0;

	(void)args;
	if (feature(VFIO_DEVICE_FEATURE_GET | FEATURE_MIG_DATA_SIZE, &size, sizeof(size)))
		return -1;
	printf("%" PRIu64 "\n", size);
	return 0;
}

static int step_reset(char **args)
{
	(void)args;
	return ioctl(dev->open.device, VFIO_DEVICE_RESET);
}

#include "data_steps.h"

static int step_dropdata(char **args)
{
	(void)args;
	close(dev->data);
	dev->data = -1;
	return 0;
}

static int step_dropdev(char **args)
{
	(void)args;
	vfio_close(&dev->open);
	return 0;
}

static int step_touch(char **args)
{
	return close(open(args[0], O_WRONLY | O_CREAT, 0600));
}

static int step_await(char **args)
{
	for (int tries = 0; tries < 6000; tries++) {
		if (!access(args[0], F_OK))
			return 0;
		usleep(10000);
	}
	die("%s did not come", args[0]);
}

static int step_time(char **args)
{
	static int64_t last;
	struct timespec now;
	int64_t ms;

	(void)args;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
	printf("%" PRId64 "\n", last ? ms - last : 0);
	last = ms;
	return 0;
}

static int step_sleep(char **args)
{
	return usleep(number(args[0]) * 1000);
}

#include "dma_steps.h"
#include "starve_step.h"

static const struct step {
	const char *name;
	int operands;
	int (*run)(char **args);
} steps[] = {
	{ "dev", 1, step_dev },	      { "set", 1, step_set },	      { "state", 1, step_state },
	{ "flags", 1, step_flags },   { "size", 0, step_size },	      { "reset", 0, step_reset },
	{ "save", 1, step_save },     { "read", 1, step_read },	      { "readbar", 0, step_readbar },
	{ "eof", 0, step_eof },	      { "poll", 1, step_poll },	      { "write", 4, step_write },
	{ "zeros", 1, step_zeros },   { "head", 3, step_head },	      { "dropdata", 0, step_dropdata },
	{ "dropdev", 0, step_dropdev }, { "touch", 1, step_touch },   { "await", 1, step_await },
	{ "time", 0, step_time },     { "sleep", 1, step_sleep },     { "append", 1, step_append },
	{ "pollin", 0, step_pollin }, { "nonblock", 0, step_nonblock }, { "block", 0, step_block },
	{ "info", 0, step_info },     { "ioctl", 2, step_ioctl },
	{ "map", 2, step_map },	      { "dma", 3, step_dma },
	{ "landed", 3, step_landed },   { "logstart", 2, step_logstart }, { "logpage", 1, step_logpage },
	{ "logstop", 0, step_logstop }, { "dirty", 4, step_dirty },
};

static const struct step *find_step(const char *name)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!strcmp(steps[i].name, name))
			return &steps[i];
	fputs(usage_text, stderr);
	die("there is no step %s", name);
}

/* Runs one step, which is to fail with the error named @wanted, or not at all. */
static void run_step(const struct step *step, char **args, const char *wanted, int position)
{
	const char *got;

	errno = 0;
	got = step->run(args) ? strerrorname_np(errno) : NULL;
	if (got && (!wanted || strcmp(got, wanted)))
		die("step %d (%s %s): %s", position, step->name, step->operands ? args[0] : "", got);
	if (!got && wanted)
		die("step %d (%s %s): no %s", position, step->name, step->operands ? args[0] : "", wanted);
}

int main(int argc, char **argv)
{
	const char *wanted = NULL;
	bool starve_next = false;
	int mark = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1, position = 1; i < argc; position++) {
		const struct step *step;

		if (!strcmp(argv[i], "fail") && i + 1 < argc) {
			wanted = argv[i + 1];
			i += 2;
			position--;
			continue;
		}
		if (!strcmp(argv[i], "mark")) {
			mark = ++i;
			position--;
			continue;
		}
		if (!strcmp(argv[i], "starve") && mark) {
			starve_next = true;
			i++;
			position--;
			continue;
		}
		step = find_step(argv[i]);
		if (i + step->operands >= argc)
			die("%s wants %d operands", step->name, step->operands);
		if (!dev && step->run != step_dev && step->run != step_touch && step->run != step_await)
			die("name a device first");
		if (starve_next && starve(step->run, argv + i + 1))
			i = mark - 1 - step->operands;
		else if (!starve_next)
			run_step(step, argv + i + 1, wanted, position);
		wanted = NULL;
		starve_next = false;
		i += 1 + step->operands;
	}
	return 0;
}
