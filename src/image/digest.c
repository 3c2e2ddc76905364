/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#ifdef HAVE_XXH_X86DISPATCH
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

struct digest {
	XXH3_state_t *state;
};

struct digest *digest_new(void)
{
	struct digest *digest = malloc(sizeof(*digest));

	if (!digest)
		return NULL;
	digest->state = XXH3_createState();
	if (!digest->state) {
		free(digest);
		return NULL;
	}
	digest_reset(digest);
	return digest;
}

void digest_free(struct digest *digest)
{
	if (digest)
		XXH3_freeState(digest->state);
	free(digest);
}

void digest_reset(struct digest *digest)
{
	XXH3_128bits_reset(digest->state);
}

void digest_update(struct digest *digest, const void *data, size_t len)
{
	XXH3_128bits_update(digest->state, data, len);
}

void digest_text(const struct digest *digest, char text[DIGEST_TEXT_SIZE])
{
	XXH128_canonical_t bytes;

	XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(digest->state));
	for (size_t i = 0; i < sizeof(bytes.digest); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes.digest[i]);
}

bool digest_is_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!text[i] || !strchr("0123456789abcdef", text[i]))
			return false;
	return len == DIGEST_TEXT_SIZE - 1;
}

int chain_init(struct chain *chain)
{
	memset(chain->last, '0', sizeof(chain->last) - 1);
	chain->last[sizeof(chain->last) - 1] = '\0';
	chain->digest = digest_new();
	return chain->digest ? 0 : -ENOMEM;
}

void chain_free(struct chain *chain)
{
	digest_free(chain->digest);
	chain->digest = NULL;
}

void chain_begin(struct chain *chain, const char *name)
{
	digest_reset(chain->digest);
	digest_update(chain->digest, chain->last, sizeof(chain->last) - 1);
	digest_update(chain->digest, name, strlen(name) + 1);
}

const char *chain_end(struct chain *chain)
{
	digest_text(chain->digest, chain->last);
	return chain->last;
}
