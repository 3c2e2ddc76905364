/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The documents of save and load. */
#ifndef REPORT_TRANSFER_H
#define REPORT_TRANSFER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/outcome.h"

/**
 * report_save - the document of save
 * @many: of several devices, or of one in the form of several
 *
 * NULL when no device was opened: there is nothing to tell.
 */
json_t *report_save(const struct outcome *outcomes, size_t n, bool many)
	__attribute__((nonnull(1)));

/** report_load - the document of load; NULL when the device was not opened */
json_t *report_load(const struct outcome *outcome) __attribute__((nonnull(1)));

#endif
