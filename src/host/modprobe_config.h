/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What modprobe.d(5) says of a module, below the root. */
#ifndef HOST_MODPROBE_CONFIG_H
#define HOST_MODPROBE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

/** struct config_line - a line about a module: the file it is in, and its text, blanks made one; each cut if it is too long */
struct config_line {
	char file[128];
	char text[96];
};

/**
 * modprobe_config_find - the first line about @module that begins with @word
 * @word: "install", "alias" or "blacklist"
 *
 * Lines that are continued by a backslash, and that one file hides another of
 * the same name, are not regarded. False: there is none.
 */
bool modprobe_config_find(const char *word, const char *module, struct config_line *found)
	__attribute__((nonnull(1, 2, 3)));

/** modprobe_is_about - does a pattern of modprobe.d mean @module? A dash is an underscore in both */
bool modprobe_is_about(const char *pattern, const char *module) __attribute__((nonnull(1, 2)));

/** modprobe_normalise - the name of a module as the kernel has it, with underscores, as far as it fits */
void modprobe_normalise(char *out, size_t size, const char *name) __attribute__((nonnull(1, 3)));

#endif
