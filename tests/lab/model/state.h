/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a VF: what a migration carries. Bytes 0 to 4095 are the head page (generation and scratch registers),
 * then the window, then pseudo-random pages. While the VF runs, time advances the generation, and each step rewrites one
 * of the pseudo-random pages. These are made when they are needed from a seed that never leaves the model, so that
 * idle VFs cost nothing; pages that were loaded are held as bytes, in a file. Nothing here knows of PCI or of commands.
 */
#ifndef MLX5_LAB_STATE_H
#define MLX5_LAB_STATE_H

#include "qemu/osdep.h"
#include "store.h"
#include "vf_regs.h"

enum {
	LAB_STATE_PAGE = 4096,
	LAB_HEAD_PAGES = 1,
	LAB_WINDOW_PAGES = LAB_WINDOW_SIZE / LAB_STATE_PAGE,
	LAB_RANDOM_FIRST = LAB_HEAD_PAGES + LAB_WINDOW_PAGES,
	LAB_STATE_MIN = (LAB_RANDOM_FIRST + 1) * LAB_STATE_PAGE,
};

/* A save in pieces, from its first SAVE to its last. */
struct lab_saving {
	bool active;
	bool tracking;
	uint64_t session;		/* names the save in each of its pieces */
	uint32_t sequence;
	unsigned long *pending;		/* pages not sent yet, or changed since */
	uint64_t pending_count;
};

/* A load in pieces. */
struct lab_loading {
	uint32_t state;			/* LAB_LOAD_* */
	uint64_t session;
	uint32_t sequence;
	unsigned long *missing;
	uint64_t missing_count;
};

struct lab_state {
	uint64_t size;			/* bytes, a multiple of the page size */
	uint64_t pages;
	uint64_t seed;
	int64_t advanced_at;		/* ns of virtual time up to which the generation was advanced */
	int64_t period_ns;		/* of one generation */
	uint32_t suspended;		/* LAB_SUSPENDED_* */
	uint8_t *front;			/* head page and window */
	uint32_t *touched;		/* generation in which a page was rewritten last, 0: never */
	struct lab_store *loaded;	/* pages that came in an image, NULL: none; one rewritten since is made again */
	uint64_t *digests;		/* of the pseudo-random pages, 0: not known; NULL: none is */
	struct lab_saving saving;
	struct lab_loading loading;
};

void lab_state_init(struct lab_state *s, uint64_t size, uint64_t seed, uint64_t period_us, int64_t now);
void lab_state_free(struct lab_state *s);
void lab_state_advance(struct lab_state *s, int64_t now);
uint64_t lab_state_generation(const struct lab_state *s);
void lab_state_page(const struct lab_state *s, uint64_t page, uint8_t *out);
uint64_t lab_state_digest(struct lab_state *s);
uint64_t lab_page_digest(struct lab_state *s, uint64_t page, const uint8_t *data);
uint64_t lab_mix(uint64_t value);
uint64_t lab_digest_add(uint64_t digest, const void *data, size_t size);
void lab_state_touch(struct lab_state *s, uint64_t page);
uint8_t *lab_state_window(struct lab_state *s);
uint64_t lab_state_scratch(const struct lab_state *s, unsigned int index);
void lab_state_set_scratch(struct lab_state *s, unsigned int index, uint64_t value);

void lab_saving_begin(struct lab_state *s);
void lab_saving_end(struct lab_state *s);
bool lab_loading_begin(struct lab_state *s, uint64_t session);
bool lab_loading_write(struct lab_state *s, uint64_t page, const uint8_t *data);
void lab_loading_end(struct lab_state *s);

#endif
