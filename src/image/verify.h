/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is an image, or a bare stream, whole and as it was saved? */
#ifndef IMAGE_VERIFY_H
#define IMAGE_VERIFY_H

#include <stdint.h>

#include "image/reader.h"
#include "model/verdict.h"

/** verify_tick_fn - so many more bytes of the stream were checked; from any of the threads, one at a time */
typedef void (*verify_tick_fn)(uint64_t bytes, void *data);

/**
 * image_verify - check a file, whole
 * @verdict: zeroed but for path and limit; takes all that there is to say, and
 *           is the caller's: verdict_release()
 * @n_threads: as sweep_run() has it; what is read through (pipes, compressed
 *             images) is by one
 * @tick: may be NULL
 *
 * Takes little memory, whatever the file says. Several files may be verified
 * at the same time by threads of the caller's.
 */
void image_verify(const struct image_json *json, unsigned int n_threads,
		  verify_tick_fn tick, void *tick_data, struct verdict *verdict)
	__attribute__((nonnull(1, 5)));

#endif
