/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/alias.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

static const char *const modules[] = { "mlx5_core", "mlx5_vfio_pci" };

static bool is_ours(const char *module)
{
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
		if (!strcmp(module, modules[i]))
			return true;
	return false;
}

static void add(struct alias_table *table, const char *pattern)
{
	char **more = reallocarray(table->patterns, table->n + 1,
				   sizeof(*more));

	if (!more)
		return;
	table->patterns = more;
	more[table->n] = strdup(pattern);
	table->n += more[table->n] != NULL;
}

/* "alias vfio_pci:v000015B3d… mlx5_vfio_pci": an override-only entry has a prefix. */
static void take_line(struct alias_table *table, char *line)
{
	char *save = NULL;
	const char *word = strtok_r(line, " \n", &save);
	const char *pattern = strtok_r(NULL, " \n", &save);
	const char *module = strtok_r(NULL, " \n", &save);

	if (!module || strcmp(word, "alias") || !is_ours(module))
		return;
	if (text_starts(pattern, "vfio_"))
		pattern += strlen("vfio_");
	if (text_starts(pattern, "pci:"))
		add(table, pattern);
}

static void load(struct alias_table *table)
{
	char release[128], path[PATH_MAX];
	AUTO_FREE char *line = NULL;
	AUTO_FILE FILE *file = NULL;
	size_t size = 0;

	table->loaded = true;
	if (root_read(release, sizeof(release), "/proc/sys/kernel/osrelease") <=
		    0 ||
	    root_path(path, "/lib/modules/%s/modules.alias", release))
		return;
	file = fopen(path, "re");
	while (file && getline(&line, &size, file) > 0)
		if (strstr(line, " mlx5_"))
			take_line(table, line);
}

bool alias_matches(struct alias_table *table, const char *modalias)
{
	if (!table->loaded)
		load(table);
	for (size_t i = 0; i < table->n; i++)
		if (!fnmatch(table->patterns[i], modalias, 0))
			return true;
	return false;
}

void alias_free(struct alias_table *table)
{
	for (size_t i = 0; i < table->n; i++)
		free(table->patterns[i]);
	free(table->patterns);
	*table = (struct alias_table){};
}
