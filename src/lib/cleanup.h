/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Release by attribute: what a scope owns is declared with one of these,
 * initialised at its declaration, and handed over with TAKE_PTR or TAKE_FD.
 */
#ifndef LIB_CLEANUP_H
#define LIB_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_dirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static inline void cleanup_filep(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define AUTO_FREE CLEANUP(cleanup_freep)
#define AUTO_CLOSE CLEANUP(cleanup_closep)
#define AUTO_DIR CLEANUP(cleanup_dirp)
#define AUTO_FILE CLEANUP(cleanup_filep)

/* Hands over what an AUTO_ variable owns: the variable is empty afterwards. */
#define TAKE_PTR(p)                 \
	({                          \
		__typeof__(p) *_p = &(p); \
		__typeof__(p) _v = *_p;   \
		*_p = NULL;         \
		_v;                 \
	})

#define TAKE_FD(fd)          \
	({                   \
		int *_p = &(fd); \
		int _v = *_p;    \
		*_p = -1;        \
		_v;          \
	})

#endif
