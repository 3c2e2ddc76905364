/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/process.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define COMMAND_LINE_MAX (128 * 1024) /* more than this is not looked at */

pid_t process_self(void)
{
	char name[16];
	uint64_t pid;

	if (!root_is_host() || root_link_name(name, sizeof(name), "/proc/self") ||
	    text_u64(name, 10, &pid))
		return 0;
	return (pid_t)pid;
}

uint64_t process_start(pid_t pid)
{
	char text[1024];
	const char *rest;
	unsigned long long start;

	if (root_read(text, sizeof(text), "/proc/%d/stat", (int)pid) < 0)
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
	root_read(process->name, sizeof(process->name), "/proc/%d/comm",
		  (int)pid);
}

static void read_uid(struct process *process)
{
	char text[4096];
	const char *line;
	unsigned int uid;

	if (root_read(text, sizeof(text), "/proc/%d/status",
		      (int)process->pid) < 0)
		return;
	line = strstr(text, "\nUid:");
	process->has_uid = line && sscanf(line, " Uid: %*u %u", &uid) == 1;
	if (process->has_uid)
		process->uid = uid;
}

/* Of another root's /etc/passwd; NULL: it is not there. */
static const struct passwd *user_of_root(uid_t uid)
{
	const struct passwd *user;
	char path[PATH_MAX];
	AUTO_FILE FILE *file = root_path(path, "/etc/passwd") ?
				       NULL : fopen(path, "re");

	while (file && (user = fgetpwent(file)))
		if (user->pw_uid == uid)
			return user;
	return NULL;
}

static void name_user(struct process *process)
{
	const struct passwd *user;

	if (!process->has_uid)
		return;
	user = root_is_host() ? getpwuid(process->uid) :
				user_of_root(process->uid);
	if (user)
		text_copy(process->user, sizeof(process->user), user->pw_name);
}

void process_describe(struct process *process)
{
	AUTO_FREE char *line = malloc(COMMAND_LINE_MAX);
	int len = line ? root_read(line, COMMAND_LINE_MAX, "/proc/%d/cmdline",
				   (int)process->pid) : -1;

	if (len >= 0)
		process_read_command(process, line, (size_t)len);
	read_uid(process);
	name_user(process);
}
