/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/option.h"

#include <string.h>

#include "cmd/map.h"
#include "lib/text.h"

int option_limit(const char *arg, struct limit *limit, struct err *err)
{
	limit->given = true;
	if (!text_u64(arg, 10, &limit->count))
		return 0;
	return err_set(err, ERR_USAGE, 0, "--limit=%s is no number", arg);
}

int option_width(const char *arg, unsigned int *width, struct err *err)
{
	uint64_t columns;

	if (!text_u64(arg, 10, &columns) && columns >= MAP_WIDTH_MIN && columns <= MAP_WIDTH_MAX) {
		*width = (unsigned int)columns;
		return 0;
	}
	return err_set(err, ERR_USAGE, 0, "--width=%s is no number of columns from %d to %d", arg,
		       MAP_WIDTH_MIN, MAP_WIDTH_MAX);
}

int option_check_with(const char *arg, const char **command, struct err *err)
{
	*command = arg;
	if (arg[strspn(arg, " \t\n")])
		return 0;
	err_set(err, ERR_USAGE, 0, "--check-with: an empty command accepts any file");
	return err_hint(err, "name a command: --check-with 'sha256sum --check \"$MLXMIGCTL_FILE.sha256\"'");
}
