/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of pack. */
#ifndef REPORT_PACK_H
#define REPORT_PACK_H

#include <jansson.h>

#include "image/pack.h"

/** report_pack - the whole document, of what is done */
json_t *report_pack(const struct pack *pack) __attribute__((nonnull(1)));

#endif
