/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a transfer came to, as JSON: the member manifest.json, see mlxmigctl-image(5), and what documents have of it too. */
#ifndef MIGRATE_MANIFEST_H
#define MIGRATE_MANIFEST_H

#include <jansson.h>

#include "migrate/transfer.h"

/** report_arcs - [{"from", "to", "at_ns", "duration_ns", "errno"}]; at_ns counts from the first one, errno is null where the arc was walked */
json_t *report_arcs(const struct arc *arcs, size_t n) __attribute__((nonnull(1)));

/**
 * report_precopy - limits, what ended it, what was left, and each round; null: there was none
 *
 * {"ended_by", "limits", "duration_ns", "initial_bytes_left",
 * "dirty_bytes_left", "rounds": [{"initial_bytes", "dirty_bytes", "bytes",
 * "duration_ns"}]}
 */
json_t *report_precopy(const struct precopy *precopy)
	__attribute__((nonnull(1)));

/**
 * report_stopped - the time without the device, part by part; null: it was not read to its end
 *
 * {"duration_ns", "arcs", "arcs_ns", "read_ns", "other_ns", "bytes",
 * "bytes_per_second"}
 */
json_t *report_stopped(const struct transfer *transfer)
	__attribute__((nonnull(1)));

/**
 * report_image_manifest - the text of manifest.json, malloc'ed; NULL: no memory
 * @totals: what the writer counted
 * @transfer: the times; its digest and counts are not used
 */
char *report_image_manifest(const struct image_totals *totals,
			    const struct transfer *transfer)
	__attribute__((nonnull(1, 2)));

#endif
