/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diff/map.h"

#define WORD sizeof(uint64_t)

static uint64_t word_of(const unsigned char *a, const unsigned char *b)
{
	uint64_t x, y;

	memcpy(&x, a, WORD);
	memcpy(&y, b, WORD);
	return x ^ y;
}

/* Is one of the word's bytes zero? */
static bool has_zero(uint64_t word)
{
	return (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
}

/* How many bytes from the first one on are equal. */
static size_t equal_bytes(const unsigned char *a, const unsigned char *b, size_t len)
{
	size_t n = 0;

	while (len - n >= WORD && !word_of(a + n, b + n))
		n += WORD;
	while (n < len && a[n] == b[n])
		n++;
	return n;
}

/* How many bytes from the first one on differ. */
static size_t changed_bytes(const unsigned char *a, const unsigned char *b, size_t len)
{
	size_t n = 0;

	while (len - n >= WORD && !has_zero(word_of(a + n, b + n)))
		n += WORD;
	while (n < len && a[n] != b[n])
		n++;
	return n;
}

/* The open range is over: list it, if there is room. */
static int close_range(struct range_collector *collector)
{
	size_t n = collector->n_ranges;
	struct diff_range *list = collector->ranges;

	if (!collector->open)
		return 0;
	collector->open = false;
	collector->all_ranges++;
	if (n >= collector->limit)
		return 0;
	if (!(n & (n - 1))) {
		list = reallocarray(list, n ? 2 * n : 1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		collector->ranges = list;
	}
	list[collector->n_ranges++] = collector->last;
	return 0;
}

/* Does what begins at @offset belong to the open range? */
static bool joins_open_range(const struct range_collector *collector,
			     const struct diff_place *place, uint64_t offset)
{
	const struct diff_range *last = &collector->last;

	return collector->open && last->pair == place->pair &&
	       last->in_header == place->in_header &&
	       offset - (last->offset + last->bytes) <= collector->gap;
}

/* @len bytes, @at of the buffers' first, all of which differ. */
static int add_run(struct range_collector *collector, const struct diff_place *place,
		   size_t at, size_t len)
{
	uint64_t offset = place->offset + at;
	struct diff_range *last = &collector->last;

	collector->changed += len;
	if (collector->map)
		diff_map_change(collector->map, place->in_map + at, len);
	if (!joins_open_range(collector, place, offset)) {
		if (close_range(collector))
			return -ENOMEM;
		*last = (struct diff_range){
			.pair = place->pair,
			.in_header = place->in_header,
			.offset = offset,
			.at = { place->at[0] + at, place->at[1] + at },
		};
		collector->open = true;
	}
	last->bytes = offset + len - last->offset;
	last->changed += len;
	return 0;
}

int ranges_feed(struct range_collector *collector, const struct diff_place *place,
		const unsigned char *a, const unsigned char *b, size_t len)
{
	size_t at = equal_bytes(a, b, len);

	while (at < len) {
		size_t run = changed_bytes(a + at, b + at, len - at);

		if (add_run(collector, place, at, run))
			return -ENOMEM;
		at += run;
		at += equal_bytes(a + at, b + at, len - at);
	}
	return 0;
}

int ranges_end(struct range_collector *collector)
{
	return close_range(collector);
}
