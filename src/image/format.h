/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the image's reader and writer must agree on: mlxmigctl-image(5). Private to this room. */
#ifndef IMAGE_FORMAT_H
#define IMAGE_FORMAT_H

#include <inttypes.h>
#include <stdio.h>

#include "migrate/transfer.h"

#define FORMAT_DEVICE "device.json"
#define FORMAT_MANIFEST "manifest.json"
#define FORMAT_XATTR "user.mlxmigctl.xxh3"
#define FORMAT_MEMBERS_MAX 100000000u /* more would not fit the name's 8 digits */
#define FORMAT_NAME_SIZE 64

/*
 * The window that a reader of --zstd must allocate: level 19 asks for 8 MiB,
 * and what asks for more was not written by us.
 */
#define FORMAT_WINDOW_MAX (8u << 20)

static inline void format_member_name(char name[FORMAT_NAME_SIZE],
				      uint64_t number, enum phase phase)
{
	snprintf(name, FORMAT_NAME_SIZE, "state/%08" PRIu64 "-%s", number,
		 phase_name(phase));
}

#endif
