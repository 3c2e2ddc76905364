/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents and texts that are made of a result alone, for their commands and for tests. */
#ifndef CMD_DOCUMENTS_H
#define CMD_DOCUMENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cmd/map.h"
#include "compat/compat.h"
#include "conform/conform.h"
#include "diff/diff.h"
#include "migrate/transfer.h"

/**
 * save_document - the document of save
 * @many: of several devices, or of one in the form of several
 *
 * NULL when no device was opened: there is nothing to tell.
 */
json_t *save_document(const struct transfer_result *results, size_t n, bool many)
	__attribute__((nonnull(1)));

/** load_document - the document of load; NULL when the device was not opened */
json_t *load_document(const struct transfer_result *result) __attribute__((nonnull(1)));

/** compat_document - see mlxmigctl-compat(8) */
json_t *compat_document(const struct compat *compat) __attribute__((nonnull(1)));

/** conform_document - the whole document; of a list (@listed) what could be checked */
json_t *conform_document(const struct conform_result *result, bool listed)
	__attribute__((nonnull(1)));

/** conform_tap - version 13 of the Test Anything Protocol; malloc'ed, NULL: no memory */
char *conform_tap(const struct conform_result *result) __attribute__((nonnull(1)));

/**
 * diff_map_text - diff->map as text, lines with a newline each
 * @diff: compared, with a map that map_layout() has cut for style->width
 *
 * malloc'ed; NULL: no memory.
 */
char *diff_map_text(const struct diff *diff, const struct map_style *style)
	__attribute__((nonnull(1, 2)));

#endif
