/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/pci_function.h"
#include "host/sysroot.h"
#include "lib/bounded.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "lib/io.h"
#include "lib/text.h"
#include "vfio/driver.h"
#include "vfio/hold_marker.h"

#define LOCK_WAIT_MS 5000
#define LOCK_POLL_MS 20
#define ANSWER_LIMIT_MS 2000 /* for what takes the kernel no time unless another process holds the device's lock */
#define BACK_TRIES 5
#define MOVE_LIMIT_MS 180000 /* of each device: mlx5_core waits two minutes for a VF's firmware */
#define BACK_LIMIT_MS 10000  /* of each device after a signal, in which it goes back */
#define NS_PER_MS 1000000ull

/* struct moves - what driver_move_all() was called with */
struct moves {
	const struct device *devices;
	size_t n;
	const struct driver_wish *wish;
	struct binding *bindings;
};

static void note_place(struct binding *binding)
{
	driver_of(binding->device, binding->driver, sizeof(binding->driver));
	pci_override_read(binding->device, binding->override, sizeof(binding->override));
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

static int move_one(const struct driver_wish *wish, struct binding *binding, struct err *err)
{
	uint64_t start = now_ns();
	int ret;

	if (is_there(binding, wish))
		return 0;
	if (interrupt_check(err))
		return -1;
	binding->touched = true;
	/* Only the override is in the way: the driver may keep the device. */
	if (!strcmp(binding->driver, wish->driver))
		ret = driver_override_write(binding->device, "", err);
	else
		ret = driver_move(binding->device, wish->driver, wish->pin ? wish->driver : "",
				  binding->warning, sizeof(binding->warning), err);
	binding->duration_ns = now_ns() - start;
	note_place(binding);
	binding->changed = !ret;
	return ret || interrupt_check(err) ? -1 : 0;
}

/* Has another program changed the override since? It is neither what it was nor what we set. */
static bool is_changed_by_other(const struct binding *binding, const struct driver_wish *wish)
{
	return *binding->override && strcmp(binding->override, binding->override_before) &&
	       strcmp(binding->override, wish->driver);
}

static int move_back(struct binding *binding, const char *override, struct err *err)
{
	if (strcmp(binding->driver, binding->driver_before))
		return driver_move(binding->device, binding->driver_before, override,
				   binding->warning, sizeof(binding->warning), err);
	if (strcmp(binding->override, override))
		return driver_override_write(binding->device, override, err);
	return 0;
}

/* A driver that another program has given it stays, and so does the override that it has set. */
static int put_back_once(struct binding *binding, const struct driver_wish *wish, struct err *err)
{
	bool other;

	note_place(binding);
	other = is_changed_by_other(binding, wish);
	if (other && *binding->driver && strcmp(binding->driver, wish->driver))
		return err_set(err, ERR_BUSY, 0, "another program has bound it to %s",
			       binding->driver);
	return move_back(binding, other ? binding->override : binding->override_before, err);
}

static void put_back(struct binding *binding, const struct driver_wish *wish)
{
	struct err trouble = ERR_INIT;
	int ret = -1;

	if (!binding->touched)
		return;
	/* Another program may write the override in between. */
	for (int i = 0; i < BACK_TRIES && ret; i++) {
		trouble = (struct err)ERR_INIT;
		ret = put_back_once(binding, wish, &trouble);
	}
	/* Of a VF that has vanished there is nothing to put back. */
	if (ret && trouble.code != ERR_NO_DEVICE)
		text_copy(binding->trouble, sizeof(binding->trouble), trouble.message);
	binding->touched = *binding->trouble;
	binding->rolled_back = !ret;
	binding->changed = false;
	note_place(binding);
}

/* Last one first; what cannot be put back is worth more than any other hint. */
static void roll_back(const struct moves *moves, size_t n, struct err *err)
{
	while (n--) {
		struct binding *binding = &moves->bindings[n];

		put_back(binding, moves->wish);
		if (*binding->trouble)
			snprintf(err->hint, sizeof(err->hint), "%s could not be put back: %.160s",
				 binding->device, binding->trouble);
	}
}

/* A lock that another process has, by its pid. */
static int say_locked(const char *path, const char *device, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char pid[32] = "";
	ssize_t len = fd < 0 ? 0 : read(fd, pid, sizeof(pid) - 1);

	pid[len > 0 ? len : 0] = '\0';
	err_set(err, ERR_BUSY, 0, "%s: another mlxmigctl (pid %s) is changing its driver",
		device, *pid ? pid : "not known");
	err_hint(err, "wait until that command has ended, and see mlxmigctl status %s", device);
	return err_device(err, device);
}

static void lock_path(const char *device, char *path)
{
	snprintf(path, PATH_MAX, HOLD_MARKER_DIR "/%s.bind", device);
}

/* Is the file that is open still the one of that name? Its last owner may have removed it. */
static bool is_current(int fd, const char *path)
{
	struct stat ours, named;

	return !fstat(fd, &ours) && !stat(path, &named) && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

/* 1: locked, by the file *@fd; 0: another process has the lock; -1; -2: there is no place for locks. */
static int try_lock(const char *path, int *fd, struct err *err)
{
	AUTO_CLOSE int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (file < 0)
		return errno == EROFS || errno == ENOENT || errno == ENOTDIR || errno == EACCES ?
			       -2 : err_from_errno(err, errno, "%s", path);
	if (!flock(file, LOCK_EX | LOCK_NB) && is_current(file, path)) {
		*fd = TAKE_FD(file);
		return 1;
	}
	return 0;
}

/* Keeps other calls away from @device until unlock_all(), or until this process ends. */
static int lock_device(const char *device, struct err *err)
{
	char path[PATH_MAX];
	int fd = -1, ret;

	mkdir(HOLD_MARKER_DIR, 0755);
	lock_path(device, path);
	for (int waited = 0; !(ret = try_lock(path, &fd, err)); waited += LOCK_POLL_MS) {
		if (interrupt_check(err))
			return -1;
		if (waited >= LOCK_WAIT_MS)
			return say_locked(path, device, err);
		poll(NULL, 0, LOCK_POLL_MS);
	}
	if (ret == 1)
		dprintf(fd, "%d", (int)getpid());
	return ret == -1 ? -1 : 0;
}

/* The files stay locked, without a name, until this process ends. */
static void unlock_all(const struct moves *moves)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < moves->n; i++) {
		lock_path(moves->devices[i].name, path);
		unlink(path);
	}
}

static int compare_names(const void *a, const void *b)
{
	const struct device *const *da = a, *const *db = b;

	return strcmp((*da)->name, (*db)->name);
}

/* In the order of the names: two calls never wait for each other. */
static int lock_all(const struct moves *moves, struct err *err)
{
	AUTO_FREE const struct device **sorted = calloc(moves->n + 1, sizeof(*sorted));

	if (!sorted)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", moves->n);
	for (size_t i = 0; i < moves->n; i++)
		sorted[i] = &moves->devices[i];
	qsort(sorted, moves->n, sizeof(*sorted), compare_names);
	for (size_t i = 0; i < moves->n; i++)
		if (lock_device(sorted[i]->name, err))
			return -1;
	return 0;
}

static int move_locked(const struct moves *moves, struct err *err)
{
	for (size_t i = 0; i < moves->n; i++)
		begin_binding(&moves->bindings[i], &moves->devices[i]);
	for (size_t i = 0; i < moves->n; i++) {
		if (!move_one(moves->wish, &moves->bindings[i], err))
			continue;
		err_device(err, moves->devices[i].name);
		roll_back(moves, i + 1, err);
		return -1;
	}
	return 0;
}

/* Reports to the parent; where that was killed, everything goes back. */
static void report(const struct moves *moves, struct err *err)
{
	if (write_all(STDIN_FILENO, err, sizeof(*err)) ||
	    write_all(STDIN_FILENO, moves->bindings, moves->n * sizeof(*moves->bindings)))
		roll_back(moves, moves->n, err);
}

/*
 * The child. Its only file is the pipe, so that nothing waits for it where the
 * kernel keeps it; it has a session of its own, so that a terminal's signals
 * come to it by its parent alone.
 */
static void run_child(const struct moves *moves, int pipe_fd)
{
	struct err err = ERR_INIT;

	setsid();
	if (dup3(pipe_fd, STDIN_FILENO, 0) < 0 || close_range(1, ~0u, 0) ||
	    open("/dev/null", O_RDWR) != STDOUT_FILENO || dup(STDOUT_FILENO) != STDERR_FILENO)
		return;
	if (interrupt_reopen(&err) || lock_all(moves, &err)) {
		report(moves, &err);
		return;
	}
	move_locked(moves, &err);
	report(moves, &err);
	unlock_all(moves);
}

static int say_stuck(pid_t child, struct err *err)
{
	err_set(err, ERR_BUSY, 0,
		"the kernel has not finished: process %d, which changes the driver, waits for it, and puts it back afterwards",
		(int)child);
	return err_hint(err, "cat /proc/%d/stack shows where it waits; the kernel log (dmesg) may say why",
			(int)child);
}

/* struct patience - of the parent with its @child: until when, and how long after a signal */
struct patience {
	pid_t child;
	uint64_t deadline_ns, back_ns;
};

/* Reads @len bytes from the child: 0, -EPIPE where it ended, -ETIMEDOUT. A signal is passed on to it once. */
static int read_child(int fd, void *data, size_t len, struct patience *patience)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
				{ .fd = interrupt_fd(), .events = POLLIN } };
	size_t have = 0;

	while (have < len) {
		uint64_t now = now_ns();
		ssize_t n;

		if (now >= patience->deadline_ns)
			return -ETIMEDOUT;
		if (poll(fds, 2, (int)((patience->deadline_ns - now) / NS_PER_MS) + 1) <= 0)
			continue;
		if (fds[1].revents) {
			kill(patience->child, interrupt_signal());
			fds[1].fd = -1;
			if (patience->deadline_ns > now + patience->back_ns)
				patience->deadline_ns = now + patience->back_ns;
		}
		if (!fds[0].revents)
			continue;
		n = read_some(fd, (char *)data + have, len - have);
		if (n <= 0)
			return -EPIPE;
		have += (size_t)n;
	}
	return 0;
}

static int take_result(const struct moves *moves, int fd, pid_t child, struct err *err)
{
	struct patience patience = {
		.child = child,
		.deadline_ns = now_ns() + MOVE_LIMIT_MS * NS_PER_MS * moves->n,
		.back_ns = BACK_LIMIT_MS * NS_PER_MS * moves->n,
	};
	int ret = read_child(fd, err, sizeof(*err), &patience);

	if (!ret)
		ret = read_child(fd, moves->bindings, moves->n * sizeof(*moves->bindings),
				 &patience);
	if (ret == -ETIMEDOUT) {
		*err = (struct err)ERR_INIT;
		return say_stuck(child, err);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (ret) {
		*err = (struct err)ERR_INIT;
		return err_set(err, ERR_IO, 0, "the process that changes the driver was killed");
	}
	return err_is_set(err) ? -1 : 0;
}

static int start_child(const struct moves *moves, struct err *err)
{
	AUTO_CLOSE int out = -1;
	AUTO_CLOSE int in = -1;
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC))
		return err_from_errno(err, errno, "a pipe");
	out = fds[0];
	in = fds[1];
	child = fork();
	if (child < 0)
		return err_from_errno(err, errno, "a child process");
	if (!child) {
		run_child(moves, in);
		_exit(0);
	}
	close(TAKE_FD(in));
	return take_result(moves, out, child, err);
}

/* What is no setting of power/control is refused under the device's lock, and changes nothing. */
static int take_lock(size_t i, const void *arg, void *result)
{
	const struct device *devices = arg;

	return sysroot_write("none", SYSFS_PCI "%s/power/control", devices[i].name);
}

/* An unbind, or a change of the number of VFs, holds a device's lock for as long as a process has the VF open. */
static int require_answers(const struct device *devices, size_t n, struct err *err)
{
	AUTO_FREE int *nums = calloc(n + 1, sizeof(*nums));
	char none;

	if (!nums)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n);
	bounded_each(n, take_lock, devices, &none, 0, nums, ANSWER_LIMIT_MS);
	for (size_t i = 0; i < n; i++) {
		if (nums[i] != -ETIMEDOUT)
			continue;
		err_set(err, ERR_BUSY, 0,
			"%s: the kernel is still changing its driver, or the number of VFs, for another process",
			devices[i].name);
		err_hint(err, "that process waits until the VF is closed: mlxmigctl status %s shows which process has it open",
			 devices[i].name);
		return err_device(err, devices[i].name);
	}
	return 0;
}

int driver_require_writable(const struct device *device, struct err *err)
{
	char path[PATH_MAX];

	if (!sysroot_is_host()) {
		err_set(err, ERR_USAGE, 0,
			"a captured host cannot be changed: leave --sysroot out");
		return err_hint(err, "run it on that host itself, without --sysroot");
	}
	if (!sysroot_path(path, SYSFS_PCI "%s/driver_override", device->name) &&
	    !access(path, W_OK))
		return 0;
	return sysroot_refused(err, errno, path);
}

int driver_move_all(const struct device *devices, size_t n, const struct driver_wish *wish,
		    struct binding *bindings, struct err *err)
{
	const struct moves moves = { .devices = devices, .n = n, .wish = wish,
				     .bindings = bindings };
	int AUTO_INTERRUPT begun = interrupt_begin(err);

	/* Of devices that are not reached this is all there is to report; the override may not be waited for. */
	for (size_t i = 0; i < n; i++) {
		bindings[i] = (struct binding){};
		text_copy(bindings[i].device, sizeof(bindings[i].device), devices[i].name);
		driver_of(bindings[i].device, bindings[i].driver, sizeof(bindings[i].driver));
		memcpy(bindings[i].driver_before, bindings[i].driver, sizeof(bindings[i].driver));
	}
	if (begun || require_answers(devices, n, err))
		return -1;
	return start_child(&moves, err);
}
