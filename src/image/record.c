/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/record.h"

#include <inttypes.h>
#include <string.h>

#define STOP_COPY_SIZE_LEN 8 /* payload of RECORD_STOP_COPY_SIZE: a le64 */
#define TAG_MAX UINT16_MAX    /* of a first record */
#define UNKNOWN_MAX (1u << 20) /* payload of a first record with an unknown tag */

static uint64_t get_le(const unsigned char *p, size_t len)
{
	uint64_t value = 0;

	while (len--)
		value = value << 8 | p[len];
	return value;
}

static struct record header_decode(const unsigned char *p, uint64_t offset)
{
	return (struct record){
		.offset = offset,
		.size = get_le(p, 8),
		.flags = (uint32_t)get_le(p + 8, 4),
		.tag = (uint32_t)get_le(p + 12, 4),
	};
}

/*
 * Return whether a stream of records begins with this header. Linux 6.2 writes
 * FW_DATA first, 6.3 and later STOP_COPY_SIZE, and a future kernel may write a
 * record that is unknown today. Linux 6.1 writes a bare image. The variant
 * driver has the same rule (kmod/stream.c), and both are tested with
 * tests/fixtures/heads.tsv.
 */
static bool is_first_header(const struct record *first)
{
	if (first->flags & ~RECORD_OPTIONAL)
		return false;
	switch (first->tag) {
	case RECORD_STOP_COPY_SIZE:
		return first->size == STOP_COPY_SIZE_LEN;
	case RECORD_FW_DATA:
		return first->size && first->size <= UINT32_MAX && !first->flags;
	default:
		return first->tag <= TAG_MAX && first->size <= UNKNOWN_MAX;
	}
}

const char *record_flaw(const struct record *record)
{
	if (record->flags & ~RECORD_OPTIONAL)
		return "it has flags that no driver knows";
	switch (record->tag) {
	case RECORD_FW_DATA:
		if (!record->size)
			return "it is firmware data of no bytes";
		if (record->size > UINT32_MAX)
			return "it is firmware data of more than 4 GiB";
		return NULL;
	case RECORD_STOP_COPY_SIZE:
		return record->size < STOP_COPY_SIZE_LEN ? "it is too small to hold a size" : NULL;
	default:
		return record->flags & RECORD_OPTIONAL
			       ? NULL : "no driver knows its tag, and none may skip it";
	}
}

/* A header is whole: decide the format at the first one; what @fn returns. */
static int header_done(struct record_parser *parser, record_fn fn, void *fn_data)
{
	struct record record = header_decode(parser->header, parser->offset - RECORD_HEADER_SIZE);

	if (parser->format == STREAM_UNKNOWN && !is_first_header(&record)) {
		parser->format = STREAM_BARE;
		parser->fw_bytes = RECORD_HEADER_SIZE;
		return 0;
	}
	parser->format = STREAM_RECORDS;
	parser->header_len = 0;
	parser->n_records++;
	parser->last = record;
	parser->payload_left = record.size;
	parser->broken = record_flaw(&record) != NULL;
	return fn ? fn(&record, fn_data) : 0;
}

static uint64_t at_most(uint64_t want, uint64_t have)
{
	return want < have ? want : have;
}

/* Takes what belongs to the present payload; how much that was. */
static uint64_t feed_payload(struct record_parser *parser, uint64_t len)
{
	len = at_most(parser->payload_left, len);
	parser->payload_left -= len;
	if (parser->last.tag == RECORD_FW_DATA)
		parser->fw_bytes += len;
	return len;
}

static size_t feed_header(struct record_parser *parser, const unsigned char *data, size_t len)
{
	len = at_most(RECORD_HEADER_SIZE - parser->header_len, len);
	memcpy(parser->header + parser->header_len, data, len);
	parser->header_len += len;
	return len;
}

int record_feed(struct record_parser *parser, const void *data, size_t len,
		record_fn fn, void *fn_data)
{
	const unsigned char *p = data;
	int ret = 0;

	while (len && !ret) {
		size_t taken = len;

		if (parser->format == STREAM_BARE)
			parser->fw_bytes += len;
		else if (parser->payload_left && !parser->broken)
			taken = feed_payload(parser, len);
		else if (!parser->broken)
			taken = feed_header(parser, p, len);
		parser->offset += taken;
		p += taken;
		len -= taken;
		if (parser->header_len == RECORD_HEADER_SIZE &&
		    parser->format != STREAM_BARE && !parser->broken)
			ret = header_done(parser, fn, fn_data);
	}
	return ret;
}

uint64_t record_pass(struct record_parser *parser, uint64_t len)
{
	if (parser->format == STREAM_BARE)
		parser->fw_bytes += len;
	else if (!parser->broken && !parser->payload_left)
		return 0;
	else if (!parser->broken)
		len = feed_payload(parser, len);
	parser->offset += len;
	return len;
}

bool record_complete(const struct record_parser *parser)
{
	if (parser->format == STREAM_BARE)
		return true;
	return parser->format == STREAM_RECORDS && !parser->broken &&
	       !parser->payload_left && !parser->header_len && parser->fw_bytes;
}

int record_require_complete(const struct record_parser *parser, struct err *err)
{
	const struct record *last = &parser->last;

	if (record_complete(parser))
		return 0;
	if (parser->broken)
		return err_set(err, ERR_DAMAGED, 0,
			       "the record at byte %" PRIu64
			       " of the stream (size %" PRIu64 ", flags %#" PRIx32
			       ", tag %" PRIu32 ") cannot be loaded: %s",
			       last->offset, last->size, last->flags, last->tag,
			       record_flaw(last));
	if (parser->payload_left)
		return err_set(err, ERR_DAMAGED, 0,
			       "the stream is truncated: it ends at byte %" PRIu64
			       ", and the record at byte %" PRIu64
			       " lacks %" PRIu64 " of %" PRIu64 " bytes",
			       parser->offset, last->offset,
			       parser->payload_left, last->size);
	if (parser->header_len || !parser->offset)
		return err_set(err, ERR_DAMAGED, 0,
			       "the stream is truncated: it ends at byte %" PRIu64
			       ", inside a record's header", parser->offset);
	return err_set(err, ERR_DAMAGED, 0,
		       "the stream ends at byte %" PRIu64
		       " and holds no firmware data", parser->offset);
}

const char *record_tag_name(uint32_t tag)
{
	switch (tag) {
	case RECORD_FW_DATA:
		return "FW_DATA";
	case RECORD_STOP_COPY_SIZE:
		return "STOP_COPY_SIZE";
	default:
		return NULL;
	}
}

const char *stream_format_name(enum stream_format format)
{
	switch (format) {
	case STREAM_RECORDS:
		return "records";
	case STREAM_BARE:
		return "bare";
	default:
		return "unknown";
	}
}
