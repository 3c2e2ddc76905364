// SPDX-License-Identifier: GPL-2.0-or-later
/* await: in the VM, waits for a file, or for a process to become a program, without asking again and again by a shell. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_LATE = 1, EXIT_USAGE = 2, EXIT_GONE = 3, LOOK_AGAIN_MS = 10, SAMPLES = 15 };

static const char usage_text[] =
	"usage: await [--for SECONDS] [--pid PID] exists FILE | gone FILE | text FILE |\n"
	"             program PID NAME | stack PID FUNCTION\n"
	"  Waits until there is a FILE, is none, or is one with text in it; or until the process PID runs the program NAME, or\n"
	"  stays in that FUNCTION of the kernel.\n"
	"  Fails after SECONDS (60), with 1, and when the process of --pid has ended, with 3.\n";

struct condition {
	const char *kind, *object, *name;
};

static void __attribute__((noreturn)) usage(void)
{
	fputs(usage_text, stderr);
	exit(EXIT_USAGE);
}

/* Does the process @pid run the program @name? Its first 15 characters are what the kernel keeps. */
static bool runs(const char *pid, const char *name)
{
	char path[64], now[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (!file)
		err(EXIT_GONE, "%s", path);
	if (fgets(now, sizeof(now), file))
		now[strcspn(now, "\n")] = 0;
	fclose(file);
	return !strncmp(now, name, 15);
}

/* Is the process @pid in that function of the kernel just now? */
static bool was_in(const char *pid, const char *function)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/stack", pid);
	file = fopen(path, "re");
	if (!file)
		err(EXIT_GONE, "%s", path);
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, function);
	fclose(file);
	return found;
}

/* Does it stay there for a while? */
static bool is_in(const char *pid, const char *function)
{
	for (int i = 0; i < SAMPLES; i++) {
		if (!was_in(pid, function))
			return false;
		usleep(LOOK_AGAIN_MS * 1000);
	}
	return true;
}

/* Is it a condition about a process, of which no event tells? */
static bool about_process(const struct condition *wanted)
{
	return !strcmp(wanted->kind, "program") || !strcmp(wanted->kind, "stack");
}

static bool fulfilled(const struct condition *wanted)
{
	struct stat status;
	bool there;

	if (!strcmp(wanted->kind, "program"))
		return runs(wanted->object, wanted->name);
	if (!strcmp(wanted->kind, "stack"))
		return is_in(wanted->object, wanted->name);
	there = !stat(wanted->object, &status);
	if (!strcmp(wanted->kind, "gone"))
		return !there;
	return there && (strcmp(wanted->kind, "text") || status.st_size > 0);
}

/* What happens in the folder of a file, as a file descriptor; -1: there are no events, and the caller polls. */
static int events_about(const struct condition *wanted)
{
	char *path = strdup(wanted->object);
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (!path || fd < 0)
		err(EXIT_LATE, NULL);
	if (about_process(wanted) ||
	    inotify_add_watch(fd, dirname(path), IN_CREATE | IN_MOVE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE) < 0) {
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* A file descriptor that can be read once the process has ended, as one that is at its end can. */
static int process_of(const char *pid)
{
	int fd = syscall(SYS_pidfd_open, atoi(pid), 0);

	if (fd < 0)
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd;
}

/* Waits until @wanted is fulfilled (0), @process has ended, or @end has come. */
static int wait_for(const struct condition *wanted, int process, long long end)
{
	struct pollfd fds[] = { { .fd = events_about(wanted), .events = POLLIN }, { .fd = process, .events = POLLIN } };
	char events[4096];
	long long left;

	while (!fulfilled(wanted)) {
		left = end - now_ms();
		if (left <= 0)
			return EXIT_LATE;
		if (fds[1].revents)
			return EXIT_GONE;
		if (fds[0].fd < 0 && left > LOOK_AGAIN_MS)
			left = LOOK_AGAIN_MS;
		if (poll(fds, 2, left) < 0 && errno != EINTR)
			err(EXIT_LATE, "poll");
		while (fds[0].fd >= 0 && read(fds[0].fd, events, sizeof(events)) > 0)
			;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct condition wanted = { 0 };
	int process = -1, status;
	long long seconds = 60;

	for (; argc > 2 && argv[1][0] == '-'; argc -= 2, argv += 2) {
		if (!strcmp(argv[1], "--for"))
			seconds = atoll(argv[2]);
		else if (strcmp(argv[1], "--pid"))
			usage();
		else
			process = process_of(argv[2]);
	}
	if (argc < 3)
		usage();
	wanted.kind = argv[1];
	wanted.object = argv[2];
	wanted.name = argv[3];
	if (argc != 3 + about_process(&wanted) ||
	    (!about_process(&wanted) && strcmp(wanted.kind, "exists") && strcmp(wanted.kind, "gone") &&
	     strcmp(wanted.kind, "text")))
		usage();
	status = wait_for(&wanted, process, now_ms() + seconds * 1000);
	if (status)
		warnx("%s %s: %s", wanted.kind, wanted.object, status == EXIT_GONE ? "the process has ended" : "it took too long");
	return status;
}
