/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/modprobe_config.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

void modprobe_normalise(char *out, size_t size, const char *name)
{
	text_copy(out, size, name);
	for (char *p = out; (p = strchr(p, '-'));)
		*p = '_';
}

bool modprobe_is_about(const char *pattern, const char *module)
{
	char wanted[64], given[64];

	modprobe_normalise(wanted, sizeof(wanted), module);
	modprobe_normalise(given, sizeof(given), pattern);
	return !fnmatch(given, wanted, 0);
}

/* "install PATTERN COMMAND…", "alias NAME off", "blacklist NAME": the words behind the second. */
static bool take_line(char *line, const char *word, const char *module, struct config_line *found)
{
	char *save = NULL;
	const char *first = strtok_r(line, " \t\n", &save);
	const char *second = first ? strtok_r(NULL, " \t\n", &save) : NULL;
	const char *rest;

	if (!second || strcmp(first, word) || !modprobe_is_about(second, module))
		return false;
	rest = strtok_r(NULL, "\n", &save);
	rest = rest ? rest + strspn(rest, " \t") : NULL;
	snprintf(found->text, sizeof(found->text), "%s %s%s%s", word, second, rest ? " " : "",
		 rest ? rest : "");
	return true;
}

static bool search_file(const char *dir, const char *name, const char *word, const char *module,
			struct config_line *found)
{
	AUTO_FILE FILE *file = sysroot_fopen("%s/%s", dir, name);
	AUTO_FREE char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		if (take_line(line, word, module, found)) {
			snprintf(found->file, sizeof(found->file), "%s/%.80s", dir, name);
			return true;
		}
	return false;
}

static bool search_dir(const char *dir, const char *word, const char *module,
		       struct config_line *found)
{
	AUTO_DIR DIR *stream = sysroot_opendir("%s", dir);
	struct dirent *entry;

	while (stream && (entry = sysroot_readdir(stream)))
		if (!fnmatch("*.conf", entry->d_name, 0) &&
		    search_file(dir, entry->d_name, word, module, found))
			return true;
	return false;
}

bool modprobe_config_find(const char *word, const char *module, struct config_line *found)
{
	static const char *const dirs[] = { "/etc/modprobe.d", "/run/modprobe.d",
					    "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d",
					    "/lib/modprobe.d" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (search_dir(dirs[i], word, module, found))
			return true;
	return false;
}
