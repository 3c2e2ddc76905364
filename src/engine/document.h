/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON that somebody else wrote, out of a file or a pipe. */
#ifndef ENGINE_DOCUMENT_H
#define ENGINE_DOCUMENT_H

#include <stddef.h>

#include "image/input.h"
#include "lib/err.h"

/**
 * document_read - all of @input, which is not an image
 *
 * At most 4 MiB; more is ERR_USAGE. Malloc'ed, @len bytes; NULL with err set.
 */
char *document_read(struct input *input, size_t *len, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

#endif
