// SPDX-License-Identifier: GPL-2.0-only
/* Writes and reads pieces of an image through a memory key. */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/bswap.h"
#include "image.h"

static bool fail(struct lab_dma *dma, uint32_t syndrome)
{
	dma->syndrome = syndrome;
	return false;
}

static void header_to_bytes(const struct lab_image_header *h, uint8_t *bytes)
{
	stq_le_p(bytes, h->magic);
	stl_le_p(bytes + 8, h->version);
	stl_le_p(bytes + 12, h->flags);
	stq_le_p(bytes + 16, h->session);
	stl_le_p(bytes + 24, h->sequence);
	stl_le_p(bytes + 28, h->pages);
	stq_le_p(bytes + 32, h->length);
	stq_le_p(bytes + 40, h->state_size);
	stq_le_p(bytes + 48, h->digest);
	stq_le_p(bytes + 56, h->checksum);
}

static void header_from_bytes(struct lab_image_header *h, const uint8_t *bytes)
{
	h->magic = ldq_le_p(bytes);
	h->version = ldl_le_p(bytes + 8);
	h->flags = ldl_le_p(bytes + 12);
	h->session = ldq_le_p(bytes + 16);
	h->sequence = ldl_le_p(bytes + 24);
	h->pages = ldl_le_p(bytes + 28);
	h->length = ldq_le_p(bytes + 32);
	h->state_size = ldq_le_p(bytes + 40);
	h->digest = ldq_le_p(bytes + 48);
	h->checksum = ldq_le_p(bytes + 56);
}

static uint64_t header_digest(const struct lab_image_header *header)
{
	struct lab_image_header blank = *header;
	uint8_t bytes[LAB_IMAGE_HEADER];

	blank.checksum = 0;
	header_to_bytes(&blank, bytes);
	return lab_digest_add(0, bytes, sizeof(bytes));
}

/*
 * Writes a piece with @flags (LAB_IMAGE_FIRST, LAB_IMAGE_LAST) and the first @pages pages still to be sent; these count
 * as sent then. False with dma->syndrome when the memory behind the key failed.
 */
bool lab_image_write(struct lab_state *s, struct lab_dma *dma, uint32_t flags, uint64_t pages)
{
	struct lab_image_header header = {
		.magic = LAB_IMAGE_MAGIC, .version = LAB_IMAGE_VERSION, .flags = flags, .session = s->saving.session,
		.sequence = s->saving.sequence, .pages = pages, .length = lab_image_size(pages), .state_size = s->size,
		.digest = flags & LAB_IMAGE_LAST ? lab_state_digest(s) : 0,
	};
	uint8_t bytes[LAB_STATE_PAGE], number[8];
	uint64_t at = LAB_IMAGE_HEADER, page = 0;

	header.checksum = header_digest(&header);
	for (uint64_t i = 0; i < pages; i++, page++, at += LAB_IMAGE_RECORD) {
		page = find_next_bit(s->saving.pending, s->pages, page);
		stq_le_p(number, page);
		lab_state_page(s, page, bytes);
		header.checksum = lab_digest_add(header.checksum, number, sizeof(number));
		header.checksum = lab_digest_add(header.checksum, bytes, sizeof(bytes));
		if (!lab_dma_put(dma, at, number, sizeof(number)) || !lab_dma_put(dma, at + 8, bytes, sizeof(bytes)))
			return false;
		clear_bit(page, s->saving.pending);
		s->saving.pending_count--;
	}
	header_to_bytes(&header, bytes);
	s->saving.sequence++;
	return lab_dma_put(dma, 0, bytes, LAB_IMAGE_HEADER);
}

static bool check_header(const struct lab_state *s, struct lab_dma *dma, const struct lab_image_header *header)
{
	if (header->magic != LAB_IMAGE_MAGIC)
		return fail(dma, LAB_SYND_IMAGE_MAGIC);
	if (header->version != LAB_IMAGE_VERSION)
		return fail(dma, LAB_SYND_IMAGE_VERSION);
	if (header->length != dma->size || header->length != lab_image_size(header->pages))
		return fail(dma, LAB_SYND_IMAGE_LENGTH);
	if (header->state_size != s->size)
		return fail(dma, LAB_SYND_IMAGE_SIZE);
	return true;
}

/* Reads a whole piece and checks all that can be known without the pieces before it. Changes nothing. */
bool lab_image_check(const struct lab_state *s, struct lab_dma *dma, struct lab_image_header *header)
{
	uint8_t bytes[LAB_STATE_PAGE], number[8];
	uint64_t at = LAB_IMAGE_HEADER, checksum;

	if (dma->size < LAB_IMAGE_HEADER)
		return fail(dma, LAB_SYND_IMAGE_LENGTH);
	if (!lab_dma_get(dma, 0, bytes, LAB_IMAGE_HEADER))
		return false;
	header_from_bytes(header, bytes);
	if (!check_header(s, dma, header))
		return false;
	checksum = header_digest(header);
	for (uint32_t i = 0; i < header->pages; i++, at += LAB_IMAGE_RECORD) {
		if (!lab_dma_get(dma, at, number, sizeof(number)) || !lab_dma_get(dma, at + 8, bytes, sizeof(bytes)))
			return false;
		checksum = lab_digest_add(checksum, number, sizeof(number));
		checksum = lab_digest_add(checksum, bytes, sizeof(bytes));
		if (ldq_le_p(number) >= s->pages)
			return fail(dma, LAB_SYND_IMAGE_LAYOUT);
	}
	return checksum == header->checksum || fail(dma, LAB_SYND_IMAGE_CHECKSUM);
}

/* Puts the pages of a piece that lab_image_check() has passed into the state. */
bool lab_image_apply(struct lab_state *s, struct lab_dma *dma, const struct lab_image_header *header)
{
	uint8_t bytes[LAB_STATE_PAGE], number[8];
	uint64_t at = LAB_IMAGE_HEADER;

	for (uint32_t i = 0; i < header->pages; i++, at += LAB_IMAGE_RECORD) {
		if (!lab_dma_get(dma, at, number, sizeof(number)) || !lab_dma_get(dma, at + 8, bytes, sizeof(bytes)))
			return false;
		/* The host may have changed the memory since the check. */
		if (ldq_le_p(number) >= s->pages)
			return fail(dma, LAB_SYND_IMAGE_LAYOUT);
		lab_loading_write(s, ldq_le_p(number), bytes);
	}
	return true;
}
