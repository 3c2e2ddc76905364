/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XXH3-128 without vector instructions: for machines that only emulate those. */
#ifndef IMAGE_DIGEST_PLAIN_H
#define IMAGE_DIGEST_PLAIN_H

#include <xxhash.h>

/** digest_plain_update - XXH3_128bits_update() in plain code */
XXH_errorcode digest_plain_update(XXH3_state_t *state, const void *data, size_t len);

#endif
