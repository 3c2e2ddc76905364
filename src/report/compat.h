/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of compat. */
#ifndef REPORT_COMPAT_H
#define REPORT_COMPAT_H

#include <jansson.h>

#include "compat/compat.h"

/** report_compat - see mlxmigctl-compat(8) */
json_t *report_compat(const struct compat *compat) __attribute__((nonnull(1)));

#endif
