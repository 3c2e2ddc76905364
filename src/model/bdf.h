/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI addresses: domain:bus:device.function. */
#ifndef MODEL_BDF_H
#define MODEL_BDF_H

#include <stdbool.h>
#include <stdint.h>

#define BDF_TEXT_SIZE 20 /* "ffffffff:ff:1f.7" */

struct bdf {
	uint32_t domain;  /* above ffff behind a VMD */
	uint8_t bus;
	uint8_t device;   /* 0..31 */
	uint8_t function; /* 0..7 */
};

/** bdf_parse - "0000:3b:00.2" or "3b:00.2" (domain 0), all of @text; a domain has up to 8 digits; 0 or -EINVAL */
int bdf_parse(const char *text, struct bdf *bdf) __attribute__((nonnull(1, 2)));

/** bdf_format - the canonical text, "0000:3b:00.2", the domain with 4 digits or more as it needs; returns @buf */
const char *bdf_format(const struct bdf *bdf, char buf[BDF_TEXT_SIZE])
	__attribute__((nonnull(1, 2)));

/** bdf_compare - order by address, as qsort(3) wants it */
int bdf_compare(const struct bdf *a, const struct bdf *b)
	__attribute__((nonnull(1, 2)));

#endif
