/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of the command dirty. */
#ifndef REPORT_DIRTY_H
#define REPORT_DIRTY_H

#include <jansson.h>

#include "vfio/dirty_log.h"

/** report_dirty - the whole document */
json_t *report_dirty(const struct dirty_result *result)
	__attribute__((nonnull(1)));

#endif
