/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/tempname.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/io.h"
#include "lib/random.h"
#include "lib/text.h"

#define ENDING ".mlxmigctl"
#define DIGITS 12        /* of the random part, hexadecimal */
#define STEM_MAX 200     /* bytes of the base: the whole name must fit NAME_MAX */
#define ENTRIES_MAX 20000 /* another user can fill a directory */

/* Were it foreseen, O_EXCL would still refuse a name that another process has made. */
static uint64_t random_number(void)
{
	return random_u64() >> (64 - 4 * DIGITS);
}

void tempname_part(char name[TEMPNAME_SIZE], const char *base)
{
	snprintf(name, TEMPNAME_SIZE, ".%.*s.%0*llx" ENDING, STEM_MAX, base, DIGITS,
		 (unsigned long long)random_number());
}

void tempname_kept(char name[TEMPNAME_SIZE], const char *base)
{
	snprintf(name, TEMPNAME_SIZE, "%.*s.%0*llx", STEM_MAX, base, DIGITS,
		 (unsigned long long)random_number());
}

/* Versions up to 0.1 had no digits in the name. */
static bool is_part_of(const char *name, const char *base)
{
	size_t stem = strnlen(base, STEM_MAX);

	if (name[0] != '.' || strncmp(name + 1, base, stem))
		return false;
	name += 1 + stem;
	if (name[0] == '.' && strspn(name + 1, "0123456789abcdef") == DIGITS)
		name += 1 + DIGITS;
	return !strcmp(name, ENDING);
}

static bool may_go(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && st->st_nlink == 1;
}

/* Looked at before it is opened, and locked before it is removed. */
static void remove_stale(int dir, const char *name)
{
	AUTO_CLOSE int fd = -1;
	struct stat named, opened;

	if (fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) || !may_go(&named))
		return;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) || fstat(fd, &opened) || !may_go(&opened))
		return;
	if (stat_is_same_file(&opened, &named))
		unlinkat(dir, name, 0);
}

void tempname_sweep(int dir, const char *base)
{
	int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *entries = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;

	if (!entries) {
		cleanup_closep(&own);
		return;
	}
	for (int i = 0; i < ENTRIES_MAX && (entry = readdir(entries)); i++)
		if (is_part_of(entry->d_name, base))
			remove_stale(dir, entry->d_name);
}
