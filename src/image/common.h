/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reader, writer and survey share. Private to src/image. */
#ifndef IMAGE_COMMON_H
#define IMAGE_COMMON_H

#include "image/reader.h"
#include "lib/err.h"

/** image_no_memory - ERR_NO_MEMORY; returns -1 */
static inline int image_no_memory(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, 0, "memory for an image");
}

/** image_reader_freep - for CLEANUP() */
static inline void image_reader_freep(struct image_reader **reader)
{
	image_reader_free(*reader);
}

/**
 * image_hint_damage - what there is of a damaged image, and what can be done, as the hint of ERR_DAMAGED
 * @word: what it is up to there: "good", or "there" where no digest was checked
 */
void image_hint_damage(struct err *err, const char *word, uint64_t bytes,
		       uint64_t members);

#endif
