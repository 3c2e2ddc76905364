/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The id tables of mlx5's drivers, as depmod(8) wrote them down. */
#ifndef SYS_ALIAS_H
#define SYS_ALIAS_H

#include <stdbool.h>
#include <stddef.h>

/** struct alias_table - the patterns of mlx5's modules; zero it to begin */
struct alias_table {
	char **patterns;
	size_t n;
	bool loaded;
};

/**
 * alias_matches - is a PCI function in an id table of mlx5's?
 * @modalias: of the function, "pci:v000015B3d…"
 *
 * Reads /lib/modules/<release>/modules.alias at the first call, for the
 * kernel that runs below the root. Without that file nothing matches.
 */
bool alias_matches(struct alias_table *table, const char *modalias)
	__attribute__((nonnull(1, 2)));

void alias_free(struct alias_table *table) __attribute__((nonnull(1)));

#endif
