/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/fw_error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define RECORD_MAX 8192 /* the kernel gives no longer one */

/* kmsg_open - the kernel log (/dev/kmsg) from now on; a fd, the caller's, or -1 where it may not be read */
static int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* "COMMAND(0x115) op_mod(0x1) failed, status bad resource state(0x9), syndrome (0x2c9bb0), err(-22)"; a status may have brackets in its name */
static bool parse_words(const char *words, struct fw_error *failure)
{
	static const char before[] = "failed, status ";
	const char *name = strstr(words, before);
	const char *number;
	int err;

	*failure = (struct fw_error){ 0 };
	if (!name || sscanf(words, "%47[A-Z0-9_](%x) op_mod(%x)",
			    failure->command, &failure->opcode,
			    &failure->op_mod) != 3)
		return false;
	name += strlen(before);
	number = strstr(name, "(0x");
	if (!number || sscanf(number, "(%x), syndrome (%x), err(%d)",
			      &failure->status, &failure->syndrome, &err) != 3)
		return false;
	text_format(failure->status_name, sizeof(failure->status_name), "%.*s",
		    (int)(number - name), name);
	failure->num = -err;
	return true;
}

/* "prio,seq,time,flags;mlx5_core BDF: function:line:(pid N): COMMAND…" and lines of properties */
bool kmsg_parse(const char *record, pid_t tid, struct fw_error *failure)
{
	char line[RECORD_MAX + 1];
	const char *words, *pid;

	text_copy(line, sizeof(line), record);
	line[strcspn(line, "\n")] = '\0';
	pid = strstr(line, "(pid ");
	words = pid ? strstr(pid, "): ") : NULL;
	if (!words)
		return false;
	if (tid && atoll(pid + strlen("(pid ")) != tid)
		return false;
	return parse_words(words + strlen("): "), failure);
}

bool kmsg_failure(int fd, pid_t tid, struct fw_error *failure)
{
	char record[RECORD_MAX + 1];
	ssize_t n;

	if (fd < 0)
		return false;
	for (;;) {
		n = read(fd, record, RECORD_MAX);
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* EPIPE: records were overwritten before we came */
		if (n <= 0)
			return false;
		record[n] = '\0';
		if (kmsg_parse(record, tid, failure))
			return true;
	}
}

#define FAILURES_SIZE 4096 /* the driver keeps 16 lines */

/* A line of `failures`; false for the heading, and for what is none. */
static bool parse_line(const char *line, struct fw_error *failure)
{
	*failure = (struct fw_error){ 0 };
	return sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %47s %x %x %x %x %d %47[^\n]",
		      &failure->number, &failure->arc, &failure->time_unix_ns, failure->command,
		      &failure->opcode, &failure->op_mod, &failure->status, &failure->syndrome,
		      &failure->num, failure->status_name) == 10;
}

static int read_failures(const char *device, char text[FAILURES_SIZE])
{
	return sysroot_read(text, FAILURES_SIZE,
			    "/sys/kernel/debug/mlx5-vfio-pci/%s/failures", device);
}

/* The next failure of the text at *@at; false at its end. */
static bool next_failure(const char **at, struct fw_error *failure)
{
	while (**at) {
		bool found = parse_line(*at, failure);

		*at += strcspn(*at, "\n");
		*at += **at == '\n';
		if (found)
			return true;
	}
	return false;
}

void fw_error_watch_begin(struct fw_error_watch *watch, const char *device)
{
	char text[FAILURES_SIZE];
	const char *at = text;
	struct fw_error failure;

	fw_error_watch_end(watch);
	*watch = (struct fw_error_watch){ .device = device, .log = -1 };
	watch->told = read_failures(device, text) >= 0;
	if (!watch->told)
		watch->log = kmsg_open();
	while (watch->told && next_failure(&at, &failure))
		watch->mark = failure.number;
}

bool fw_error_watch_first(const struct fw_error_watch *watch, struct fw_error *failure)
{
	char text[FAILURES_SIZE];
	const char *at = text;

	if (!watch->told)
		return kmsg_failure(watch->log, gettid(), failure);
	if (read_failures(watch->device, text) < 0)
		return false;
	while (next_failure(&at, failure))
		if (failure->number > watch->mark)
			return true;
	return false;
}

void fw_error_watch_end(struct fw_error_watch *watch)
{
	cleanup_closep(&watch->log);
	watch->log = -1;
}

bool fw_error_last(const char *device, struct fw_error *failure)
{
	char text[FAILURES_SIZE];
	const char *at = text;
	struct fw_error next;
	bool found = false;

	if (read_failures(device, text) < 0)
		return false;
	while (next_failure(&at, &next)) {
		if (!found || !next.arc || next.arc != failure->arc)
			*failure = next;
		found = true;
	}
	return found;
}
