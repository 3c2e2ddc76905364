/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of verify. */
#ifndef REPORT_VERIFY_H
#define REPORT_VERIFY_H

#include <jansson.h>
#include <stddef.h>

#include "image/verify.h"

/** report_verify - the whole document, of @n verdicts */
json_t *report_verify(const struct verdict *verdicts, size_t n)
	__attribute__((nonnull(1)));

#endif
