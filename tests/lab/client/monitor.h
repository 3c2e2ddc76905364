/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to QEMU's monitor for the lab's clients, by the port lab.qmp: properties of the running device model. Whatever
 * goes wrong on that way ends the program.
 */
#ifndef LAB_MONITOR_H
#define LAB_MONITOR_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000 };

static const char *port = "/run/lab.qmp";
static int lock = -1;

/* What has come and was not read yet, as from the last opening on. */
static char rest[1 << 20];
static size_t filled;

/* One user at a time: taken before the port is opened, which takes one opener. */
static void take_turn(void)
{
	lock = open("/run/lab.qmp.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX))
		err(EXIT_FAILURE, "/run/lab.qmp.lock");
}

/* The next line that the monitor sends, without its end. The caller frees it. */
static char *next_line(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char *end, *line;
	ssize_t n;

	while (!(end = memchr(rest, '\n', filled))) {
		if (filled == sizeof(rest) || poll(&pollfd, 1, PATIENCE_MS) != 1)
			errx(EXIT_FAILURE, "the monitor does not answer");
		n = read(fd, rest + filled, sizeof(rest) - filled);
		if (n <= 0)
			err(EXIT_FAILURE, "%s", port);
		filled += n;
	}
	line = strndup(rest, end - rest);
	if (!line)
		err(EXIT_FAILURE, NULL);
	filled -= end + 1 - rest;
	memmove(rest, end + 1, filled);
	return line;
}

/* One monitor command, which takes over @arguments (NULL: none): its answer, after events and what others left unread. */
static json_t *ask(int fd, const char *command, json_t *arguments)
{
	static int number;
	json_int_t id = (json_int_t)getpid() << 32 | number++;
	json_t *question = json_pack("{s:s, s:o*, s:I}", "execute", command, "arguments", arguments, "id", id);
	json_t *answer;
	char *line;

	if (!question || json_dumpfd(question, fd, JSON_COMPACT))
		err(EXIT_FAILURE, "%s", port);
	json_decref(question);
	while (true) {
		line = next_line(fd);
		answer = json_loads(line, 0, NULL);
		free(line);
		if (json_integer_value(json_object_get(answer, "id")) == id)
			return answer;
		json_decref(answer);
	}
}

/* What the answer gives back; ends with what the monitor has against it. */
static json_t *returned(json_t *answer)
{
	const char *refusal = NULL;

	if (!json_unpack(answer, "{s:{s:s}}", "error", "desc", &refusal))
		errx(EXIT_FAILURE, "%s", refusal);
	return json_object_get(answer, "return");
}

static inline json_t *property(const char *name, json_t *value)
{
	const char *device = getenv("LAB_DEVICE");
	char path[256];

	snprintf(path, sizeof(path), "/machine/peripheral/%s", device ? device : "pf0");
	return json_pack("{s:s, s:s, s:o*}", "path", path, "property", name, "value", value);
}

/* Opens the monitor for this program alone, until monitor_close(). */
static inline int monitor_open(void)
{
	int fd;

	take_turn();
	filled = 0;
	fd = open(port, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "%s", port);
	/* Only the first of all calls in this VM finds the monitor in its greeting; a refusal says that it is past that. */
	json_decref(ask(fd, "qmp_capabilities", NULL));
	return fd;
}

/* At its end a process gives up its files in no certain order: the port goes before the lock. */
static inline void monitor_close(int fd)
{
	close(fd);
	close(lock);
}

#endif
