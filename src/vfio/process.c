/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/process.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

void holdings_free(struct holdings *holdings)
{
	free(holdings->processes);
	free(holdings->list);
	*holdings = (struct holdings){};
}

/* Room for one more, doubled whenever the count is a power of two; NULL: no memory. */
static void *grow_list(void *array, size_t n, size_t size)
{
	if (n & (n - 1))
		return array;
	return reallocarray(array, n ? n * 2 : 1, size);
}

struct process *holdings_add_process(struct holdings *holdings)
{
	struct process *list = grow_list(holdings->processes, holdings->n_processes, sizeof(*list));

	if (!list)
		return NULL;
	holdings->processes = list;
	list += holdings->n_processes++;
	*list = (struct process){};
	return list;
}

int holdings_add(struct holdings *holdings, const struct holding *holding)
{
	struct holding *list = grow_list(holdings->list, holdings->n, sizeof(*list));

	if (!list)
		return -ENOMEM;
	holdings->list = list;
	list[holdings->n] = *holding;
	list[holdings->n++].process = holdings->n_processes - 1;
	return 0;
}

/* The next of QEMU's comma-separated options; two commas stand for one. NULL: none. */
static const char *next_option(const char *text, char *buf, size_t size)
{
	size_t used = 0;

	if (!*text)
		return NULL;
	for (; *text; text++) {
		if (*text == ',' && *++text != ',')
			break;
		if (used + 1 < size)
			buf[used++] = *text;
	}
	buf[used] = '\0';
	return text;
}

static void read_guest(struct process *process, const char *value)
{
	char option[sizeof(process->guest) + 8];
	bool first = true;

	while ((value = next_option(value, option, sizeof(option)))) {
		const char *name = text_starts(option, "guest=");

		if (!name && first && !strchr(option, '='))
			name = option;
		if (name)
			text_copy(process->guest, sizeof(process->guest), name);
		first = false;
	}
}

static bool names_a_domain(const char *argument)
{
	const char *folder = strstr(argument, "/libvirt/qemu/");

	return folder && strstr(folder, "/domain-");
}

void process_read_command(struct process *process, const char *line, size_t len)
{
	const char *end = line + len;
	bool is_name = false;

	text_copy(process->command, sizeof(process->command), line);
	for (const char *argument = line; argument < end; argument += strlen(argument) + 1) {
		if (is_name)
			read_guest(process, argument);
		is_name = !strcmp(argument, "-name") || !strcmp(argument, "--name");
		process->libvirt |= names_a_domain(argument);
	}
}

#define COMMAND_LINE_MAX (128 * 1024) /* more than this is not looked at */

pid_t process_self(void)
{
	char name[16];
	uint64_t pid;

	if (!sysroot_is_host() || sysroot_link_name(name, sizeof(name), "/proc/self") ||
	    text_u64(name, 10, &pid))
		return 0;
	return (pid_t)pid;
}

uint64_t process_start(pid_t pid)
{
	char text[1024];
	const char *rest;
	unsigned long long start;

	if (sysroot_read(text, sizeof(text), "/proc/%d/stat", (int)pid) < 0)
		return 0;
	/* Its name, in parentheses, may have blanks and parentheses in it. */
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1,
			    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			    &start) != 1)
		return 0;
	return start;
}

void process_identify(struct process *process, pid_t pid)
{
	process->pid = pid;
	process->start = process_start(pid);
	sysroot_read(process->name, sizeof(process->name), "/proc/%d/comm", (int)pid);
}

static void read_uid(struct process *process)
{
	char text[4096];
	const char *line;
	unsigned int uid;

	if (sysroot_read(text, sizeof(text), "/proc/%d/status", (int)process->pid) < 0)
		return;
	line = strstr(text, "\nUid:");
	process->has_uid = line && sscanf(line, " Uid: %*u %u", &uid) == 1;
	if (process->has_uid)
		process->uid = uid;
}

/* "NAME:PASSWORD:UID:…": is it that user's? Then it is cut behind the name. */
static bool is_user(char *line, uid_t uid)
{
	char *name_end = strchr(line, ':');
	char *password_end = name_end ? strchr(name_end + 1, ':') : NULL;
	char *uid_end = password_end ? strchr(password_end + 1, ':') : NULL;
	uint64_t number;

	if (!uid_end || name_end == line)
		return false;
	*name_end = *uid_end = '\0';
	return !text_u64(password_end + 1, 10, &number) && number == uid;
}

/* Of another root's /etc/passwd; fgetpwent(3) would have it seekable. */
static void name_user_of_root(struct process *process)
{
	AUTO_FILE FILE *file = sysroot_fopen("/etc/passwd");
	AUTO_FREE char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		if (is_user(line, process->uid)) {
			text_copy(process->user, sizeof(process->user), line);
			return;
		}
}

static void name_user(struct process *process)
{
	const struct passwd *user = NULL;

	if (!process->has_uid)
		return;
	if (!sysroot_is_host())
		name_user_of_root(process);
	else
		user = getpwuid(process->uid);
	if (user)
		text_copy(process->user, sizeof(process->user), user->pw_name);
}

void process_describe(struct process *process)
{
	AUTO_FREE char *line = malloc(COMMAND_LINE_MAX);
	int len = line ? sysroot_read(line, COMMAND_LINE_MAX, "/proc/%d/cmdline",
				      (int)process->pid) : -1;

	if (len >= 0)
		process_read_command(process, line, (size_t)len);
	read_uid(process);
	name_user(process);
}
