/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"

#include <string.h>

const struct command *const commands[] = {
	&command_status,
	&command_bind,
	&command_unbind,
	&command_caps,
	&command_state,
	&command_step,
	&command_save,
	&command_load,
	&command_reset,
	&command_dirty,
	&command_hold,
	&command_conform,
	&command_inspect,
	&command_verify,
	&command_diff,
	&command_extract,
	&command_pack,
	&command_compat,
	NULL,
};

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}
