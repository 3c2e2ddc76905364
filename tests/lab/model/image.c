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

/* Takes a page, by its number and its digest, into a piece's checksum. */
static uint64_t add_page(uint64_t checksum, uint64_t page, uint64_t digest)
{
	uint8_t bytes[16];

	stq_le_p(bytes, page);
	stq_le_p(bytes + 8, digest);
	return lab_digest_add(checksum, bytes, sizeof(bytes));
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
	uint8_t record[LAB_IMAGE_RECORD], *data = record + 8;
	uint64_t at = LAB_IMAGE_HEADER, page = 0;

	header.checksum = header_digest(&header);
	for (uint64_t i = 0; i < pages; i++, page++, at += LAB_IMAGE_RECORD) {
		page = find_next_bit(s->saving.pending, s->pages, page);
		stq_le_p(record, page);
		lab_state_page(s, page, data);
		header.checksum = add_page(header.checksum, page, lab_page_digest(s, page, data));
		if (!lab_dma_put(dma, at, record, sizeof(record)))
			return false;
		clear_bit(page, s->saving.pending);
		s->saving.pending_count--;
	}
	header_to_bytes(&header, record);
	s->saving.sequence++;
	return lab_dma_put(dma, 0, record, LAB_IMAGE_HEADER);
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
	uint8_t record[LAB_IMAGE_RECORD];
	uint64_t at = LAB_IMAGE_HEADER, checksum, page;

	if (dma->size < LAB_IMAGE_HEADER)
		return fail(dma, LAB_SYND_IMAGE_LENGTH);
	if (!lab_dma_get(dma, 0, record, LAB_IMAGE_HEADER))
		return false;
	header_from_bytes(header, record);
	if (!check_header(s, dma, header))
		return false;
	checksum = header_digest(header);
	for (uint32_t i = 0; i < header->pages; i++, at += LAB_IMAGE_RECORD) {
		if (!lab_dma_get(dma, at, record, sizeof(record)))
			return false;
		page = ldq_le_p(record);
		if (page >= s->pages)
			return fail(dma, LAB_SYND_IMAGE_LAYOUT);
		checksum = add_page(checksum, page, lab_digest_add(page + 1, record + 8, LAB_STATE_PAGE));
	}
	return checksum == header->checksum || fail(dma, LAB_SYND_IMAGE_CHECKSUM);
}

/* Puts the pages of a piece that lab_image_check() has passed into the state. */
bool lab_image_apply(struct lab_state *s, struct lab_dma *dma, const struct lab_image_header *header)
{
	uint8_t record[LAB_IMAGE_RECORD];
	uint64_t at = LAB_IMAGE_HEADER, page;

	for (uint32_t i = 0; i < header->pages; i++, at += LAB_IMAGE_RECORD) {
		if (!lab_dma_get(dma, at, record, sizeof(record)))
			return false;
		/* The host may have changed the memory since the check. */
		page = ldq_le_p(record);
		if (page >= s->pages)
			return fail(dma, LAB_SYND_IMAGE_LAYOUT);
		if (!lab_loading_write(s, page, record + 8))
			return fail(dma, LAB_SYND_NO_ROOM);
	}
	return true;
}
