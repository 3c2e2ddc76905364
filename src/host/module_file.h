/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of a kernel module, as far as it shows why the kernel does not load it. */
#ifndef HOST_MODULE_FILE_H
#define HOST_MODULE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * module_file_damage - can @module's file be seen not to be a whole module?
 * @why: takes the file and what is wrong with it: it is empty, no ELF file, or cut
 *
 * modules.dep of the kernel that runs below the root names the file. Of a
 * compressed one no more is seen than that it is empty. False: nothing is
 * wrong with it, or it was not found.
 */
bool module_file_damage(const char *module, char *why, size_t size) __attribute__((nonnull(1, 2)));

#endif
