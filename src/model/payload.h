/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be said of bytes that nobody understands: how many are zero, and how much is in them. */
#ifndef MODEL_PAYLOAD_H
#define MODEL_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "migrate/transfer.h"

/** struct payload_counts - how often each byte came; zero it to begin */
struct payload_counts {
	uint64_t bytes;
	uint64_t of[256];
};

/**
 * struct payload - a payload, or a whole stream, summed up
 * @whole: all of it was there; else the rest is empty
 * @entropy: bits a byte, 0 to 8: see payload_entropy()
 * @digest: XXH3-128
 */
struct payload {
	bool whole;
	uint64_t bytes;
	uint64_t zero_bytes;
	double entropy;
	char digest[DIGEST_TEXT_SIZE];
};

/** payload_count - the next @len bytes, in pieces of any size */
void payload_count(struct payload_counts *counts, const void *data, size_t len)
	__attribute__((nonnull(1)));

/** payload_add - what @more has counted, too */
void payload_add(struct payload_counts *counts,
		 const struct payload_counts *more)
	__attribute__((nonnull(1, 2)));

/**
 * payload_entropy - Shannon's, of the bytes by themselves, in bits a byte
 *
 * 0 of nothing and of one byte's repetition, 8 where all 256 come equally often.
 * Fewer than 256 bytes cannot reach 8.
 */
double payload_entropy(const struct payload_counts *counts)
	__attribute__((nonnull(1)));

/** payload_density - the entropy as a share, 0 to 1, of the most that so many bytes can have */
double payload_density(const struct payload_counts *counts)
	__attribute__((nonnull(1)));

/** payload_zero_ratio - which share of @bytes @zero_bytes are, 0 to 1; 0 of none */
double payload_zero_ratio(uint64_t zero_bytes, uint64_t bytes);

#endif
