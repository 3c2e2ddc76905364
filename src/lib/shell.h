/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that the user names, run by the shell. */
#ifndef LIB_SHELL_H
#define LIB_SHELL_H

#include "lib/err.h"

/**
 * struct shell_result - how a command ended
 * @status: its exit status; of one that a signal ended, 128 and the signal's number
 * @signal: that number, or 0
 */
struct shell_result {
	int status;
	int signal;
};

/**
 * shell_run - run "sh -c @command", and wait until it ends
 * @in: its standard input, which stays the caller's; its standard output goes to this process's standard error
 * @variable: "NAME=VALUE", added to its environment
 *
 * It runs in a session of its own, without a terminal. What it leaves running
 * there is killed. A signal that interrupt_begin() holds back ends it, by
 * SIGTERM and two seconds later by SIGKILL; other threads may wait for theirs
 * at the same time. 0, or -1 with @err set (ERR_INTERRUPTED, or it cannot be
 * started).
 */
int shell_run(const char *command, int in, const char *variable, struct shell_result *result,
	      struct err *err) __attribute__((nonnull(1, 3, 4, 5)));

#endif
