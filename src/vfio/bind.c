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
#include "vfio/bind_lock.h"
#include "vfio/driver.h"

#define ANSWER_LIMIT_MS 2000 /* for what takes the kernel no time unless another process holds the device's lock */
#define BACK_TRIES 5
#define MOVE_LIMIT_MS 180000 /* of each device: mlx5_core waits two minutes for a VF's firmware */
#define BACK_LIMIT_MS 10000  /* of each device after a signal, in which it goes back */
#define NS_PER_MS 1000000ull

/* struct moves - what driver_move_all() was called with, and the devices' locks */
struct moves {
	const struct device *devices;
	size_t n;
	const struct driver_wish *wish;
	struct binding *bindings;
	int *locks;
};

#define CHILD_KILLED 1

/* The work of a child. */
typedef void (*child_fn)(const struct moves *moves, struct err *err);

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

static void move_all(const struct moves *moves, struct err *err)
{
	for (size_t i = 0; i < moves->n; i++) {
		if (!move_one(moves->wish, &moves->bindings[i], err))
			continue;
		err_device(err, moves->devices[i].name);
		roll_back(moves, i + 1, err);
		return;
	}
}

static bool is_moved(const struct binding *binding)
{
	return strcmp(binding->driver, binding->driver_before) ||
	       strcmp(binding->override, binding->override_before);
}

/* After a child that was killed: what it has done is seen from where each device is. */
static void take_all_back(const struct moves *moves, struct err *err)
{
	for (size_t i = 0; i < moves->n; i++) {
		note_place(&moves->bindings[i]);
		moves->bindings[i].touched = is_moved(&moves->bindings[i]);
	}
	roll_back(moves, moves->n, err);
}

/* Reports to the parent; where that was killed, everything goes back. */
static void report(const struct moves *moves, struct err *err)
{
	if (write_all(STDIN_FILENO, err, sizeof(*err)) ||
	    write_all(STDIN_FILENO, moves->bindings, moves->n * sizeof(*moves->bindings)))
		roll_back(moves, moves->n, err);
}

static bool is_lock(const struct moves *moves, int fd)
{
	for (size_t i = 0; i < moves->n; i++)
		if (moves->locks[i] == fd)
			return true;
	return false;
}

/* All but standard input and the locks. */
static int close_others(const struct moves *moves)
{
	int last = STDERR_FILENO;

	for (size_t i = 0; i < moves->n; i++)
		if (moves->locks[i] > last)
			last = moves->locks[i];
	for (int fd = STDOUT_FILENO; fd <= last; fd++)
		if (!is_lock(moves, fd))
			close(fd);
	return close_range((unsigned int)last + 1, ~0u, 0);
}

/*
 * The child. Its only files are the pipe and the locks, so that nothing waits
 * for it where the kernel keeps it; it has a session of its own, so that a
 * terminal's signals come to it by its parent alone.
 */
static void run_child(const struct moves *moves, child_fn work, int pipe_fd, struct err err)
{
	setsid();
	if (dup3(pipe_fd, STDIN_FILENO, 0) < 0 || close_others(moves) ||
	    open("/dev/null", O_RDWR) != STDOUT_FILENO || dup(STDOUT_FILENO) != STDERR_FILENO)
		return;
	bind_lock_write_owner(moves->locks, moves->n);
	if (!interrupt_reopen(&err))
		work(moves, &err);
	report(moves, &err);
	bind_lock_remove(moves->devices, moves->n);
}

static int read_place(size_t i, const void *arg, void *result)
{
	const struct device *devices = arg;

	begin_binding(result, &devices[i]);
	return 0;
}

/* Where a device is, for which the kernel may take long: what cannot be read stays as it was. */
static void update_place(struct binding *binding, const struct binding *now, int num)
{
	if (num) {
		driver_of(binding->device, binding->driver, sizeof(binding->driver));
		return;
	}
	memcpy(binding->driver, now->driver, sizeof(binding->driver));
	memcpy(binding->override, now->override, sizeof(binding->override));
}

/* No child has reported. What is not where it was has @trouble. */
static void find_places(const struct moves *moves, const char *trouble)
{
	AUTO_FREE struct binding *now = calloc(moves->n + 1, sizeof(*now));
	AUTO_FREE int *nums = calloc(moves->n + 1, sizeof(*nums));

	if (!now || !nums)
		return;
	bounded_each(moves->n, read_place, moves->devices, now, sizeof(*now), nums,
		     ANSWER_LIMIT_MS);
	for (size_t i = 0; i < moves->n; i++) {
		struct binding *binding = &moves->bindings[i];

		update_place(binding, &now[i], nums[i]);
		if (is_moved(binding) || nums[i])
			text_copy(binding->trouble, sizeof(binding->trouble), trouble);
	}
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
		find_places(moves, "the kernel has not finished; a process puts it back afterwards");
		return say_stuck(child, err);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (ret)
		return CHILD_KILLED;
	return err_is_set(err) ? -1 : 0;
}

/* Of the way back it is the first child's end that is reported. */
static int say_not_started(int num, const char *what, struct err *err)
{
	return err_is_set(err) ? CHILD_KILLED : err_from_errno(err, num, "%s", what);
}

/* Has a child do @work, and takes what it reports: 0 or -1, or CHILD_KILLED, with no more than it has written. */
static int start_child(const struct moves *moves, child_fn work, struct err *err)
{
	AUTO_CLOSE int out = -1;
	AUTO_CLOSE int in = -1;
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC))
		return say_not_started(errno, "a pipe", err);
	out = fds[0];
	in = fds[1];
	child = fork();
	if (child < 0)
		return say_not_started(errno, "a child process", err);
	if (!child) {
		run_child(moves, work, in, *err);
		_exit(0);
	}
	close(TAKE_FD(in));
	return take_result(moves, out, child, err);
}

/* The locks are still this process's: no other call has come between. */
static int take_back(const struct moves *moves, struct err *err)
{
	struct err killed = ERR_INIT;
	int ret;

	err_set(&killed, ERR_IO, 0, "the process that changes the driver was killed");
	*err = killed;
	ret = start_child(moves, take_all_back, err);
	if (ret == CHILD_KILLED) {
		*err = killed;
		find_places(moves, "the process that puts it back was killed too, or could not be started");
	}
	err_hint(err, "repeat the command; if that is killed too, the kernel log (dmesg) shows whether memory ran out");
	return -1;
}

/* What is no setting of power/control is refused under the device's lock, and changes nothing. */
static int take_lock(size_t i, const void *arg, void *result)
{
	const struct device *devices = arg;

	return sysroot_write("none", SYSFS_PCI "%s/power/control", devices[i].name);
}

static int say_no_answer(const char *name, struct err *err)
{
	char buf[OPERAND_SIZE];

	err_set(err, ERR_BUSY, 0,
		"%s: the kernel is still changing its driver, or the number of VFs, for another process",
		name);
	err_hint(err, "that process waits until the VF is closed: mlxmigctl status %s shows which process has it open",
		 text_shell_word(buf, name, "DEVICE"));
	return err_device(err, name);
}

/* An unbind, or a change of the number of VFs, holds a device's lock for as long as a process has the VF open. */
static int require_answers(const struct device *devices, size_t n, struct err *err)
{
	AUTO_FREE int *nums = calloc(n + 1, sizeof(*nums));
	char none;

	if (!nums)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n);
	bounded_each(n, take_lock, devices, &none, 0, nums, ANSWER_LIMIT_MS);
	for (size_t i = 0; i < n; i++)
		if (nums[i] == -ETIMEDOUT)
			return say_no_answer(devices[i].name, err);
	return 0;
}

/* Where the devices are now that no other call moves them. */
static int begin_all(const struct moves *moves, struct err *err)
{
	AUTO_FREE struct binding *now = calloc(moves->n + 1, sizeof(*now));
	AUTO_FREE int *nums = calloc(moves->n + 1, sizeof(*nums));

	if (!now || !nums)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", moves->n);
	bounded_each(moves->n, read_place, moves->devices, now, sizeof(*now), nums,
		     ANSWER_LIMIT_MS);
	for (size_t i = 0; i < moves->n; i++) {
		const char *name = moves->devices[i].name;

		if (nums[i] == -ETIMEDOUT)
			return say_no_answer(name, err);
		if (nums[i]) {
			err_from_errno(err, -nums[i], "%s: reading its driver", name);
			return err_device(err, name);
		}
	}
	memcpy(moves->bindings, now, moves->n * sizeof(*now));
	return 0;
}

static int move_locked(const struct moves *moves, struct err *err)
{
	int ret;

	if (bind_lock_all(moves->devices, moves->n, moves->locks, err) || begin_all(moves, err))
		return -1;
	ret = start_child(moves, move_all, err);
	return ret == CHILD_KILLED ? take_back(moves, err) : ret;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cleanup_closep(&fds[i]);
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
	AUTO_FREE int *locks = malloc((n + 1) * sizeof(*locks));
	const struct moves moves = { .devices = devices, .n = n, .wish = wish,
				     .bindings = bindings, .locks = locks };
	int AUTO_INTERRUPT begun = interrupt_begin(err);
	int ret;

	/* Of devices that are not reached this is all there is to report; the override may not be waited for. */
	for (size_t i = 0; i < n; i++) {
		bindings[i] = (struct binding){};
		text_copy(bindings[i].device, sizeof(bindings[i].device), devices[i].name);
		driver_of(bindings[i].device, bindings[i].driver, sizeof(bindings[i].driver));
		memcpy(bindings[i].driver_before, bindings[i].driver, sizeof(bindings[i].driver));
	}
	if (begun || require_answers(devices, n, err))
		return -1;
	if (!locks)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n);
	memset(locks, 0xff, n * sizeof(*locks));
	ret = move_locked(&moves, err);
	close_all(locks, n);
	return ret;
}
