/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules: the id tables of mlx5's, and loading that of a PCI driver. */
#ifndef HOST_MODULES_H
#define HOST_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"

/* The id tables of mlx5's drivers, as depmod(8) wrote them down. */

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
bool alias_matches(struct alias_table *table, const char *modalias) __attribute__((nonnull(1, 2)));

void alias_free(struct alias_table *table) __attribute__((nonnull(1)));

/**
 * module_require - see to it that the PCI driver @driver is there
 *
 * Nothing is done when it is; else modprobe(8) is asked for the module of
 * that name. When the driver is not there afterwards, the error is that of
 * module_explain_refusal() or module_explain_absence(). 0 or -1.
 */
int module_require(const char *driver, struct err *err) __attribute__((nonnull(1, 2)));

#endif
