/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting an image's checksums and digests right after it was changed. */
#ifndef TESTS_FUZZ_MEND_H
#define TESTS_FUZZ_MEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAR_BLOCK 512u
#define TAR_SIZE_AT 124u /* in a header: the size, in octal digits */
#define TAR_SIZE_LEN 12u
#define TAR_MAGIC_AT 257u

/**
 * mend_image - in place, as far as what stands there looks like an image
 * @digests: the members' digests and the stream's too, else only the headers' checksums
 */
void mend_image(uint8_t *data, size_t len, bool digests);

#endif
