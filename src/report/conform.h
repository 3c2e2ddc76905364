/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of conform, and its checks as TAP. */
#ifndef REPORT_CONFORM_H
#define REPORT_CONFORM_H

#include <jansson.h>
#include <stdbool.h>

#include "conform/conform.h"

/** report_conform - the whole document; of a list (@listed) what could be checked */
json_t *report_conform(const struct conform_result *result, bool listed)
	__attribute__((nonnull(1)));

/** report_conform_tap - version 13 of the Test Anything Protocol; malloc'ed, NULL: no memory */
char *report_conform_tap(const struct conform_result *result)
	__attribute__((nonnull(1)));

#endif
