/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a stream on their way out of an image, checked as they go. */
#ifndef IMAGE_EXTRACT_H
#define IMAGE_EXTRACT_H

#include "image/view.h"
#include "lib/err.h"

/** extract_sink_fn - takes the next bytes; one call at a time, from any of the threads; 0 or -1 */
typedef int (*extract_sink_fn)(const void *bytes, size_t len, void *data,
			       struct err *err);

/**
 * image_extract - hand @len bytes of the stream from @offset on to @sink, in their order
 * @n_threads: as sweep_run() has it
 * @digest: takes the XXH3-128 of these bytes
 *
 * Of an image all members that the bytes are in are read whole, and their
 * digests checked; of all of the stream its own, too. What a bare stream holds
 * nothing tells. ERR_DAMAGED comes when @sink has had the bytes. 0 or -1.
 */
int image_extract(const struct view *view, uint64_t offset, uint64_t len,
		  unsigned int n_threads, extract_sink_fn sink,
		  void *sink_data, char digest[DIGEST_TEXT_SIZE],
		  struct err *err) __attribute__((nonnull(1, 5, 7, 8)));

#endif
