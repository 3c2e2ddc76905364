/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/digest.h"

#define NAME_SIZE 100u
#define SUM_AT 148u
#define SUM_SIZE 8u
#define TYPE_AT 156u
#define DIGEST_LEN 32u

/* struct mending - @slot: where the digest of the next file is to stand; NULL: nowhere */
struct mending {
	struct chain chain;
	struct digest *stream;
	uint8_t *slot;
	bool digests;
};

/* After the text @key, room for a digest. */
static uint8_t *find_slot(uint8_t *data, size_t len, const char *key)
{
	uint8_t *found = memmem(data, len, key, strlen(key));

	if (!found || (size_t)(data + len - found) < strlen(key) + DIGEST_LEN)
		return NULL;
	return found + strlen(key);
}

static void mend_sum(uint8_t *header)
{
	unsigned int sum = 0;
	char text[SUM_SIZE];

	memset(header + SUM_AT, ' ', SUM_SIZE);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += header[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(header + SUM_AT, text, sizeof(text));
}

static size_t claimed_size(const uint8_t *header, size_t left)
{
	char text[TAR_SIZE_LEN + 1] = {};
	unsigned long long size;

	memcpy(text, header + TAR_SIZE_AT, TAR_SIZE_LEN);
	size = strtoull(text, NULL, 8);
	return size < left ? (size_t)size : left;
}

static void mend_file(struct mending *mending, const char *name, uint8_t *data,
		      size_t len)
{
	uint8_t *slot = NULL;
	char text[DIGEST_TEXT_SIZE];

	if (!strcmp(name, "manifest.json"))
		slot = find_slot(data, len, "\"xxh3_128\": \"");
	if (slot) {
		digest_text(mending->stream, text);
		memcpy(slot, text, DIGEST_LEN);
	}
	if (!strncmp(name, "state/", 6))
		digest_update(mending->stream, data, len);
	chain_begin(&mending->chain, name);
	digest_update(mending->chain.digest, data, len);
	chain_end(&mending->chain);
	if (mending->slot)
		memcpy(mending->slot, mending->chain.last, DIGEST_LEN);
	mending->slot = NULL;
}

/* A header and its data; how far the next one is. */
static size_t mend_entry(struct mending *mending, uint8_t *header, size_t left)
{
	size_t len = claimed_size(header, left - TAR_BLOCK);
	uint8_t *data = header + TAR_BLOCK;
	char name[NAME_SIZE + 1] = {};

	memcpy(name, header, NAME_SIZE);
	mend_sum(header);
	if (header[TYPE_AT] == 'x')
		mending->slot = find_slot(data, len,
					  "SCHILY.xattr.user.mlxmigctl.xxh3=");
	else if (mending->digests)
		mend_file(mending, name, data, len);
	return TAR_BLOCK + (len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

void mend_image(uint8_t *data, size_t len, bool digests)
{
	struct mending mending = { .digests = digests };

	mending.stream = digest_new();
	if (mending.stream && !chain_init(&mending.chain)) {
		for (size_t at = 0; at + TAR_BLOCK <= len && data[at];)
			at += mend_entry(&mending, data + at, len - at);
		chain_free(&mending.chain);
	}
	digest_free(mending.stream);
}
