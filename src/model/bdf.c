/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/bdf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

/* Reads one hexadecimal field of at most @digits digits; the end, or NULL. */
static const char *parse_field(const char *text, int digits, unsigned int max,
			       unsigned int *value)
{
	int n;

	*value = 0;
	for (n = 0; n < digits && isxdigit((unsigned char)text[n]); n++) {
		int c = tolower((unsigned char)text[n]);

		*value = *value * 16 +
			 (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return n && *value <= max ? text + n : NULL;
}

int bdf_parse(const char *text, struct bdf *bdf)
{
	unsigned int domain = 0, bus, device, function;
	const char *p = parse_field(text, 8, UINT32_MAX, &bus);

	if (!p || *p != ':')
		return -EINVAL;
	text = p + 1;
	p = parse_field(text, 2, 0xff, &device);
	if (p && *p == ':') {
		domain = bus;
		bus = device;
		p = parse_field(p + 1, 2, 0xff, &device);
	}
	if (!p || *p != '.' || bus > 0xff || device > 0x1f)
		return -EINVAL;
	p = parse_field(p + 1, 1, 7, &function);
	if (!p || *p)
		return -EINVAL;
	*bdf = (struct bdf){ .domain = domain, .bus = (uint8_t)bus,
			     .device = (uint8_t)device,
			     .function = (uint8_t)function };
	return 0;
}

const char *bdf_format(const struct bdf *bdf, char buf[BDF_TEXT_SIZE])
{
	snprintf(buf, BDF_TEXT_SIZE, "%04x:%02x:%02x.%x", bdf->domain,
		 bdf->bus, bdf->device & 0x1fu, bdf->function & 7u);
	return buf;
}

static uint64_t bdf_key(const struct bdf *bdf)
{
	return (uint64_t)bdf->domain << 16 | (uint32_t)bdf->bus << 8 |
	       (uint32_t)bdf->device << 3 | bdf->function;
}

int bdf_compare(const struct bdf *a, const struct bdf *b)
{
	uint64_t ka = bdf_key(a), kb = bdf_key(b);

	return (ka > kb) - (ka < kb);
}
