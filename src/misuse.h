/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with a command line, where argp only knows that something is. */
#ifndef MISUSE_H
#define MISUSE_H

#include "command.h"

/**
 * misuse_option - name the first option of some words that argp does not take
 * @command: whose options they may be, besides the global ones; NULL: the
 *           words are those before a command, and end at the first operand
 * @words, @n: as argp got them, without the program's or command's name
 *
 * Sets ERR_USAGE with what is wrong with it: it does not exist, its argument
 * is missing, it takes none, or it is short for more than one. Returns -1.
 */
int misuse_option(const struct command *command, char **words, int n,
		  struct err *err) __attribute__((nonnull(2, 4)));

/** misuse_missing - name the operands that @command lacks, having @n_operands of them; returns -1 */
int misuse_missing(const struct command *command, size_t n_operands,
		   struct err *err) __attribute__((nonnull(1, 3)));

/** misuse_hint - say where the options and operands of @command (NULL: all commands) are told; returns -1 */
int misuse_hint(const struct command *command, struct err *err)
	__attribute__((nonnull(2)));

#endif
