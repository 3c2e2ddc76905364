/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of a state that came from outside: held in a file without a name in the folder for temporary files, since all the
 * loaded states of a machine may be larger than its memory. Only pages that were put take room.
 */
#ifndef MLX5_LAB_STORE_H
#define MLX5_LAB_STORE_H

#include "qemu/osdep.h"

struct lab_store;

struct lab_store *lab_store_new(void);
void lab_store_free(struct lab_store *store);
bool lab_store_put(struct lab_store *store, uint64_t at, const void *data, size_t size);
void lab_store_get(const struct lab_store *store, uint64_t at, void *data, size_t size);

#endif
