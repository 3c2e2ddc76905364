/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: globals, the verb, its options and operands. */
#ifndef CLI_H
#define CLI_H

#include "command.h"

/**
 * struct invocation - a parsed command line
 * @command: the verb; NULL when only help or the version is asked for
 * @options: its options struct, the invocation's
 * @operands: point into argv
 */
struct invocation {
	const struct command *command;
	struct globals globals;
	void *options;
	char **operands;
	size_t n_operands;
	bool help;
	bool version;
};

/**
 * cli_parse - take the command line apart
 *
 * Fills @inv as far as it got, also when it fails (-1, ERR_USAGE), so that
 * the failure can be printed in the form the globals ask for.
 */
int cli_parse(int argc, char **argv, struct invocation *inv, struct err *err)
	__attribute__((nonnull(2, 3, 4)));

void cli_release(struct invocation *inv) __attribute__((nonnull(1)));

/** cli_print_help - of @command, or of the program (NULL), to stdout */
void cli_print_help(const struct command *command);

/** cli_global_options - the options every command takes, ended by {} */
extern const struct argp_option cli_global_options[];

#endif
