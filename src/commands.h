/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All commands, in the order in which help lists them. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "command.h"

extern const struct command command_status;
extern const struct command command_bind;
extern const struct command command_unbind;
extern const struct command command_caps;
extern const struct command command_state;
extern const struct command command_step;
extern const struct command command_save;
extern const struct command command_load;
extern const struct command command_reset;
extern const struct command command_dirty;
extern const struct command command_hold;
extern const struct command command_conform;
extern const struct command command_inspect;
extern const struct command command_verify;
extern const struct command command_diff;
extern const struct command command_extract;
extern const struct command command_pack;
extern const struct command command_compat;

/* Ended by NULL. */
extern const struct command *const commands[];

/** command_find - by its exact name, or NULL */
const struct command *command_find(const char *name);

#endif
