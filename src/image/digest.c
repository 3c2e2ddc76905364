/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/digest.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"

#ifdef HAVE_XXH_X86DISPATCH
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#include "image/digest_plain.h"
#include "lib/random.h"

typedef XXH_errorcode (*update_fn)(XXH3_state_t *state, const void *data, size_t len);

struct digest {
	XXH3_state_t *state;
	update_fn update;
	uint64_t seed; /* 0: XXH3 without one */
};

#ifdef HAVE_XXH_X86DISPATCH
#define TRIAL_SIZE (64u << 10)
#define TRIALS 4

static uint64_t time_trial(update_fn update, XXH3_state_t *state, const void *data)
{
	struct timespec begin, end;

	XXH3_128bits_reset(state);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	update(state, data, TRIAL_SIZE);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (uint64_t)(end.tv_sec - begin.tv_sec) * 1000000000u +
	       (uint64_t)end.tv_nsec - (uint64_t)begin.tv_nsec;
}

/* The least of some: others may have the processor meanwhile. */
static uint64_t best_of(update_fn update, XXH3_state_t *state, const void *data)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < TRIALS; i++) {
		uint64_t ns = time_trial(update, state, data);

		best = ns < best ? ns : best;
	}
	return best;
}

static update_fn chosen = XXH3_128bits_update;

/*
 * The dispatcher goes by what the processor says it has. Emulated vector units
 * are several times slower than plain code, and a device waits meanwhile: so
 * both are tried once, which takes a millisecond there.
 */
static void try_both(void)
{
	XXH3_state_t *state = XXH3_createState();
	void *data = calloc(1, TRIAL_SIZE);

	if (state && data && best_of(digest_plain_update, state, data) <
				     best_of(XXH3_128bits_update, state, data))
		chosen = digest_plain_update;
	free(data);
	XXH3_freeState(state);
}

static update_fn choose_update(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, try_both);
	return chosen;
}
#else
static update_fn choose_update(void)
{
	return XXH3_128bits_update;
}
#endif

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
	digest->update = choose_update();
	digest->seed = 0;
	digest_reset(digest);
	return digest;
}

struct digest *digest_new_secret(void)
{
	struct digest *digest = digest_new();

	if (!digest)
		return NULL;
	digest->seed = random_u64();
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
	XXH3_128bits_reset_withSeed(digest->state, digest->seed);
}

void digest_update(struct digest *digest, const void *data, size_t len)
{
	digest->update(digest->state, data, len);
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

void chain_pass(struct chain *chain, const char digest[DIGEST_TEXT_SIZE])
{
	memcpy(chain->last, digest, sizeof(chain->last));
}
