/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The documents of save and load. */
#ifndef REPORT_TRANSFER_H
#define REPORT_TRANSFER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "migrate/transfer.h"

/**
 * report_save - the document of save
 * @many: of several devices, or of one in the form of several
 *
 * NULL when no device was opened: there is nothing to tell.
 */
json_t *report_save(const struct outcome *outcomes, size_t n, bool many)
	__attribute__((nonnull(1)));

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

/** report_warnings - what went with it that somebody should know; an array */
json_t *report_warnings(const struct outcome *outcome)
	__attribute__((nonnull(1)));

/** report_loaded - what was loaded: the part of load's document about file, identity, stream and times */
json_t *report_loaded(const struct outcome *outcome)
	__attribute__((nonnull(1)));

/** report_load - the document of load; NULL when the device was not opened */
json_t *report_load(const struct outcome *outcome) __attribute__((nonnull(1)));

/** report_step_file - of a file of a walk: what was done with it */
json_t *report_step_file(const struct outcome *outcome)
	__attribute__((nonnull(1)));

#endif
