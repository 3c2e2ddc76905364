/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image that SAVE writes and LOAD takes, in one piece or several: a header, then pages of the state, each with its
 * number before it. Little endian. Nothing in it leads to the contents but the contents themselves.
 */
#ifndef MLX5_LAB_IMAGE_H
#define MLX5_LAB_IMAGE_H

#include "res.h"
#include "state.h"

#define LAB_IMAGE_MAGIC		0x314241354c584c4dULL	/* "MLXL5AB1" */

enum {
	LAB_IMAGE_VERSION = 2,
	LAB_IMAGE_HEADER = 64,
	LAB_IMAGE_RECORD = 8 + LAB_STATE_PAGE,
	LAB_IMAGE_CHUNK = 1 << 20,	/* a piece, when the driver wants chunks and names no size */

	LAB_IMAGE_FIRST = 1 << 0,	/* starts a state */
	LAB_IMAGE_LAST = 1 << 1,	/* completes it; the header holds the digest of the whole */
};

struct lab_image_header {
	uint64_t magic;
	uint32_t version;
	uint32_t flags;
	uint64_t session;		/* the same in all pieces of a save */
	uint32_t sequence;		/* of the piece, from 0 */
	uint32_t pages;
	uint64_t length;		/* of the piece, this header included */
	uint64_t state_size;
	uint64_t digest;
	uint64_t checksum;		/* over the header, with 0 in this place, and each page's number and digest */
};
QEMU_BUILD_BUG_ON(sizeof(struct lab_image_header) != LAB_IMAGE_HEADER);

/* Bytes of a piece with @pages pages. */
static inline uint64_t lab_image_size(uint64_t pages)
{
	return LAB_IMAGE_HEADER + pages * LAB_IMAGE_RECORD;
}

/* Pages that fit into a piece of @size bytes. */
static inline uint64_t lab_image_pages(uint64_t size)
{
	return size < LAB_IMAGE_HEADER ? 0 : (size - LAB_IMAGE_HEADER) / LAB_IMAGE_RECORD;
}

bool lab_image_write(struct lab_state *s, struct lab_dma *dma, uint32_t flags, uint64_t pages);
bool lab_image_check(const struct lab_state *s, struct lab_dma *dma, struct lab_image_header *header);
bool lab_image_apply(struct lab_state *s, struct lab_dma *dma, const struct lab_image_header *header);

#endif
