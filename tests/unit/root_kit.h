/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another root for the tests of src/host, made file by file. */
#ifndef TESTS_ROOT_KIT_H
#define TESTS_ROOT_KIT_H

/** root_kit_begin - make an empty root and have the tool look below it; its path, or NULL */
const char *root_kit_begin(void);

/** root_kit_again - after root_kit_end(): the same root, empty */
void root_kit_again(void);

/** root_kit_end - remove it; 0, or not */
int root_kit_end(void);

/** root_kit_remove - remove a file or a directory with all that is in it; 0, or not */
int root_kit_remove(const char *name);

/** root_kit_put - a file with that text, and the folders above it; @name begins with a slash */
void root_kit_put(const char *name, const char *text);

/** root_kit_link - a symbolic link, and the folders above it */
void root_kit_link(const char *name, const char *target);

#endif
