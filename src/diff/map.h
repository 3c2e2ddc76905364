/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where two streams differ, in cells of the same size: their pairs one after
 * the other, each as long as the longer side of it has it. Pure.
 */
#ifndef DIFF_MAP_H
#define DIFF_MAP_H

#include "diff/diff.h"

/**
 * struct diff_cell
 * @changed: bytes of it that differ
 * @only: that only one side has
 * @begins: pairs that begin in it; @first of them
 */
struct diff_cell {
	uint64_t changed;
	uint64_t only[DIFF_SIDES];
	uint64_t begins;
	size_t first;
};

/** struct diff_map - @total bytes in cells of @cell_bytes, of which the last may be shorter */
struct diff_map {
	uint64_t total;
	uint64_t cell_bytes;
	size_t n_cells;
	struct diff_cell *cells;
};

/** diff_map_total - how long the map of diff->pairs is; sets their start in it */
uint64_t diff_map_total(struct diff *diff) __attribute__((nonnull(1)));

/**
 * diff_map_new - a map in which what has no partner is marked
 * @total: from diff_map_total()
 * @cell_bytes: not 0
 *
 * To be freed with diff_map_free(); NULL: no memory.
 */
struct diff_map *diff_map_new(const struct diff *diff, uint64_t total,
			      uint64_t cell_bytes) __attribute__((nonnull(1)));

/** diff_map_place - where a place in a pair's header or payload is in the map */
uint64_t diff_map_place(const struct diff *diff, const struct diff_pair *pair,
			bool in_header, uint64_t offset)
	__attribute__((nonnull(1, 2)));

/** diff_map_change - @len bytes from @at on differ */
void diff_map_change(struct diff_map *map, uint64_t at, uint64_t len) __attribute__((nonnull(1)));

void diff_map_free(struct diff_map *map);

#endif
