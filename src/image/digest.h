/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XXH3-128, as text equal to what xxhsum -H2 prints. */
#ifndef IMAGE_DIGEST_H
#define IMAGE_DIGEST_H

#include <stddef.h>

#include "image/format.h"

struct digest;

/** digest_new - an empty digest; NULL: no memory */
struct digest *digest_new(void);

/**
 * digest_new_secret - a digest with a random seed, for this process alone
 *
 * Who does not know the seed cannot make other data of the same digest, as can
 * be done for XXH3 without one. NULL: no memory.
 */
struct digest *digest_new_secret(void);
void digest_free(struct digest *digest);

void digest_reset(struct digest *digest);
void digest_update(struct digest *digest, const void *data, size_t len);

/** digest_text - of all since the reset; more may follow */
void digest_text(const struct digest *digest, char text[DIGEST_TEXT_SIZE]);

/** digest_is_text - 32 lower-case hex digits, not terminated */
bool digest_is_text(const char *text, size_t len);

/*
 * The chain through an image's members: XXH3-128 over the text of the digest
 * before (32 zeros for the first), the member's name, a NUL, and its data.
 */
struct chain {
	struct digest *digest;
	char last[DIGEST_TEXT_SIZE];
};

/** chain_init - 0, or -ENOMEM */
int chain_init(struct chain *chain);
void chain_free(struct chain *chain);

/** chain_begin - the next member; its data follow by digest_update(chain->digest) */
void chain_begin(struct chain *chain, const char *name);

/** chain_end - the member is whole: its digest, also in chain->last */
const char *chain_end(struct chain *chain);

/** chain_pass - go on after a member that was not read: @digest is what its header says */
void chain_pass(struct chain *chain, const char digest[DIGEST_TEXT_SIZE]);

#endif
