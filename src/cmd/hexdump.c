/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/hexdump.h"

#include <inttypes.h>
#include <string.h>

#include "image/view.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "report/hexdump.h"

#define PIECE_SIZE (64u << 10) /* of the payload at a time; a multiple of HEXDUMP_LINE */

static int parse_parts(char *parts, struct hexdump_range *range)
{
	const char *record = strsep(&parts, ":");
	const char *offset = strsep(&parts, ":");
	const char *length = parts;

	range->wanted = true;
	range->offset = 0;
	range->length = UINT64_MAX;
	return text_u64(record, 10, &range->record) ||
	       (offset && text_size(offset, &range->offset)) ||
	       (length && text_size(length, &range->length));
}

int hexdump_parse(const char *arg, struct hexdump_range *range, struct err *err)
{
	char parts[128];

	if (!text_format(parts, sizeof(parts), "%s", arg) &&
	    !parse_parts(parts, range))
		return 0;
	err_set(err, ERR_USAGE, 0, "--hexdump=%s is no place in a stream", arg);
	return err_hint(err, "name the record, and perhaps an offset and a length in its payload: --hexdump=1:0x100:64");
}

/* A text that was made, or not for want of memory; it is freed. */
static int emit(const struct request *request, char *made, size_t len,
		struct err *err)
{
	AUTO_FREE char *text = made;

	if (!text)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for the text");
	return request->emit_text(text, len, err);
}

static int show_bytes(const struct request *request, const struct view *view,
		      const struct place *place, uint64_t offset,
		      uint64_t len, struct err *err)
{
	AUTO_FREE unsigned char *data = malloc(PIECE_SIZE);
	struct hexdump dump = { .offset = offset };
	char *text;
	size_t text_len;

	if (!data)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for a block");
	while (len) {
		size_t n = len < PIECE_SIZE ? (size_t)len : PIECE_SIZE;

		if (view_read(view, data, n, place->begin + offset, err))
			return -1;
		text = hexdump_text(&dump, data, n, &text_len);
		if (emit(request, text, text_len, err))
			return -1;
		offset += n;
		len -= n;
	}
	text = hexdump_end(&dump, &text_len);
	return emit(request, text, text_len, err);
}

int hexdump_show(const struct request *request, const struct view *view,
		 const struct hexdump_range *range, struct err *err)
{
	struct place place;
	uint64_t wanted, there, got;

	if (place_find(view, range->record, "--hexdump", &place, err))
		return -1;
	if (range->offset > place.size) {
		err_set(err, ERR_USAGE, 0, "the payload of record %" PRIu64 " has %" PRIu64 " bytes: none is at %" PRIu64,
			range->record, place.size, range->offset);
		return err_hint(err, "the offset is one in the payload, from 0 on");
	}
	wanted = place.size - range->offset;
	wanted = wanted < range->length ? wanted : range->length;
	/* Where the end is missing, that many are there. */
	there = place_there(&place, view);
	there = there > range->offset ? there - range->offset : 0;
	got = there < wanted ? there : wanted;
	if (show_bytes(request, view, &place, range->offset, got, err))
		return -1;
	if (got == wanted)
		return 0;
	return err_set(err, ERR_DAMAGED, 0, "%s ends in the payload of record %" PRIu64 ", which lacks the last %" PRIu64 " of the bytes to be shown",
		       view_name(view), range->record, wanted - got);
}
