/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/fw_error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "sys/kmsg.h"

#define FAILURES_SIZE 4096 /* the driver keeps 16 lines */

/* A line of `failures`; false for the heading, and for what is none. */
static bool parse_line(const char *line, struct fw_failure *failure)
{
	*failure = (struct fw_failure){ 0 };
	return sscanf(line,
		      "%" SCNu64 " %" SCNu64 " %" SCNu64
		      " %47s %x %x %x %x %d %47[^\n]",
		      &failure->number, &failure->arc, &failure->time_unix_ns,
		      failure->command, &failure->opcode, &failure->op_mod,
		      &failure->status, &failure->syndrome, &failure->num,
		      failure->status_name) == 10;
}

static int read_failures(const char *device, char text[FAILURES_SIZE])
{
	return root_read(text, FAILURES_SIZE,
			 "/sys/kernel/debug/mlx5-vfio-pci/%s/failures", device);
}

/* The next failure of the text at *@at; false at its end. */
static bool next_failure(const char **at, struct fw_failure *failure)
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

void failure_watch_begin(struct failure_watch *watch, const char *device)
{
	char text[FAILURES_SIZE];
	const char *at = text;
	struct fw_failure failure;

	failure_watch_end(watch);
	*watch = (struct failure_watch){ .device = device, .log = -1 };
	watch->told = read_failures(device, text) >= 0;
	if (!watch->told)
		watch->log = kmsg_open();
	while (watch->told && next_failure(&at, &failure))
		watch->mark = failure.number;
}

bool failure_watch_first(const struct failure_watch *watch,
			 struct fw_failure *failure)
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

void failure_watch_end(struct failure_watch *watch)
{
	cleanup_closep(&watch->log);
	watch->log = -1;
}

bool failure_last(const char *device, struct fw_failure *failure)
{
	char text[FAILURES_SIZE];
	const char *at = text;
	struct fw_failure next;
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
