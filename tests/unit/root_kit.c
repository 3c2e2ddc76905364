/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "root_kit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/text.h"
#include "host/sysroot.h"

static char top[] = "/tmp/mlxmigctl-test-XXXXXX";

static void __attribute__((noreturn)) give_up(const char *name)
{
	perror(name);
	exit(99);
}

const char *root_kit_begin(void)
{
	if (!mkdtemp(top))
		return NULL;
	sysroot_set(top);
	return top;
}

void root_kit_again(void)
{
	if (mkdir(top, 0700))
		give_up(top);
	sysroot_set(top);
}

int root_kit_end(void)
{
	return root_kit_remove("");
}

int root_kit_remove(const char *name)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf '%s%s'", top, name);
	return system(command);
}

/* The path of @name below the root, whose folders are there then. */
static void place(char path[static PATH_MAX], const char *name)
{
	if (text_format(path, PATH_MAX, "%s%s", top, name))
		give_up(name);
	for (char *p = strchr(path + strlen(top) + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
}

void root_kit_put(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	place(path, name);
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file))
		give_up(path);
}

void root_kit_link(const char *name, const char *target)
{
	char path[PATH_MAX];

	place(path, name);
	if (symlink(target, path))
		give_up(path);
}
