/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects that a driver creates on a function, and the memory behind a key. */
#ifndef MLX5_LAB_RES_H
#define MLX5_LAB_RES_H

#include "mlx5_lab.h"

void lab_res_init(struct lab_function *fn);
void lab_res_free(struct lab_function *fn);
struct lab_mkey *lab_mkey_find(struct lab_function *fn, uint32_t key);

/*
 * A range of memory behind a key, as one command sees it. @syndrome says why opening or moving failed. A byte that is
 * @corrupt bytes into the range (-1: none) loses one bit on its way.
 */
struct lab_dma {
	struct lab_function *fn;
	const struct lab_mkey *mkey;
	uint64_t base;			/* offset of the range in the key's */
	uint64_t size;
	bool write;
	int64_t corrupt;
	uint32_t syndrome;
};

bool lab_dma_open(struct lab_dma *dma, struct lab_function *fn, uint32_t key, uint64_t address, uint64_t size, bool write);
bool lab_dma_put(struct lab_dma *dma, uint64_t offset, const void *data, size_t size);
bool lab_dma_get(struct lab_dma *dma, uint64_t offset, void *data, size_t size);
void lab_dma_behind(const struct lab_dma *dma, uint64_t *bytes, uint64_t *nonzero);

#endif
