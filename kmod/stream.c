// SPDX-License-Identifier: GPL-2.0-only
/*
 * The format of the migration stream: what is emitted, and what is understood.
 * Nothing here touches a device, a file or user memory.
 *
 * A stream is a sequence of records, each a head of 16 bytes and a payload:
 *
 *	le64	size	bytes of payload
 *	le32	flags	bit 0: a receiver that does not know the tag may skip it
 *	le32	tag	0 FW_DATA: an image, as the firmware wrote it
 *			1 STOP_COPY_SIZE: le64, the memory that the largest
 *			  image will need
 *
 * Drivers of Linux 6.1, and those told to, write no records: their stream is
 * one image from its first to its last byte. Nothing in an image says so; its
 * contents are the firmware's affair. So the first 16 bytes decide. They are
 * the head of a record if they are exactly one of the two that a stream of
 * records can begin with:
 *
 *	size 8, flags 0 or 1, tag STOP_COPY_SIZE	(Linux 6.3 and later)
 *	size 1 to 2^32 - 1, flags 0, tag FW_DATA	(Linux 6.2)
 *
 * and else the first bytes of a bare image. An image is taken for records only
 * if 12 chosen bytes of its first 16 are zero (FW_DATA), or all 16 have a
 * certain value but one bit (STOP_COPY_SIZE); what would follow then is refused
 * as a truncated or unknown record, or by the firmware, and never loaded in
 * part without an error. The other way round, records that begin with a tag of
 * the future are taken for an image, which the firmware refuses. From the
 * second record on, unknown tags are judged by their flags.
 *
 * STOP_COPY_SIZE is checked and otherwise ignored: memory is taken as the data
 * arrives, not as it is promised.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "stream.h"

enum {
	MVF_TAG_FW_DATA = 0,
	MVF_TAG_STOP_COPY_SIZE = 1,
};

#define MVF_FLAG_OPTIONAL BIT(0)

struct mvf_head {
	__le64 size;
	__le32 flags;
	__le32 tag;
};

static_assert(sizeof(struct mvf_head) == MVF_HEAD_LEN);

/** mvf_stream_init - expect a stream from its first byte */
void mvf_stream_init(struct mvf_stream *st)
{
	memset(st, 0, sizeof(*st));
	st->expect = MVF_HEAD;
	st->first = true;
}

static bool mvf_opens_records(u64 size, u32 flags, u32 tag)
{
	switch (tag) {
	case MVF_TAG_STOP_COPY_SIZE:
		return size == sizeof(__le64) && !(flags & ~MVF_FLAG_OPTIONAL);
	case MVF_TAG_FW_DATA:
		return size && size <= U32_MAX && !flags;
	default:
		return false;
	}
}

/* Says what a record's payload is, or why the record cannot be taken. */
static int mvf_judge(u64 size, u32 flags, u32 tag)
{
	if (flags & ~MVF_FLAG_OPTIONAL)
		return -EOPNOTSUPP;

	switch (tag) {
	case MVF_TAG_FW_DATA:
		if (!size)
			return -EINVAL;
		return size > U32_MAX ? -EFBIG : MVF_IMAGE;
	case MVF_TAG_STOP_COPY_SIZE:
		return size < sizeof(__le64) ? -EINVAL : MVF_SKIP;
	default:
		return flags & MVF_FLAG_OPTIONAL ? MVF_SKIP : -EOPNOTSUPP;
	}
}

/**
 * mvf_stream_head_done - judge a head whose 16 bytes are all there
 * @st: the stream; @st->expect and @st->left say afterwards what comes. In the
 *	case of MVF_BARE the 16 bytes in @st->head are the first of the image
 *
 * Return: 0; -EOPNOTSUPP for a record that must be understood and is not;
 * -EFBIG for an image larger than a LOAD can name; -EINVAL for nonsense.
 */
int mvf_stream_head_done(struct mvf_stream *st)
{
	struct mvf_head head;
	u32 flags, tag;
	int expect;
	u64 size;

	memcpy(&head, st->head, sizeof(head));
	size = le64_to_cpu(head.size);
	flags = le32_to_cpu(head.flags);
	tag = le32_to_cpu(head.tag);

	if (st->first && !mvf_opens_records(size, flags, tag)) {
		st->expect = MVF_BARE;
		st->left = U32_MAX;
		return 0;
	}
	expect = mvf_judge(size, flags, tag);
	if (expect < 0)
		return expect;

	st->first = false;
	st->head_len = 0;
	st->left = size;
	st->expect = size ? expect : MVF_HEAD;
	return 0;
}

/**
 * mvf_stream_took - account for bytes of a payload or an image
 * @st: the stream
 * @len: their number, at most @st->left
 */
void mvf_stream_took(struct mvf_stream *st, u64 len)
{
	st->left -= len;
	if (!st->left && st->expect != MVF_BARE)
		st->expect = MVF_HEAD;
}

/** mvf_stream_may_end - is this a place where a stream can be complete? */
bool mvf_stream_may_end(const struct mvf_stream *st)
{
	return st->expect == MVF_BARE ||
	       (st->expect == MVF_HEAD && !st->head_len);
}

static unsigned int mvf_put_head(u8 *to, u64 size, u32 flags, u32 tag)
{
	struct mvf_head head = {
		.size = cpu_to_le64(size),
		.flags = cpu_to_le32(flags),
		.tag = cpu_to_le32(tag),
	};

	memcpy(to, &head, sizeof(head));
	return sizeof(head);
}

/**
 * mvf_stream_put_size - write a STOP_COPY_SIZE record
 * @to: room for 24 bytes
 * @size: bytes of memory that the largest image will need
 *
 * Return: bytes written.
 */
unsigned int mvf_stream_put_size(u8 *to, u64 size)
{
	__le64 payload = cpu_to_le64(size);
	unsigned int len;

	len = mvf_put_head(to, sizeof(payload), MVF_FLAG_OPTIONAL,
			   MVF_TAG_STOP_COPY_SIZE);
	memcpy(to + len, &payload, sizeof(payload));
	return len + sizeof(payload);
}

/**
 * mvf_stream_put_image_head - write what goes before an image
 * @to: room for 16 bytes
 * @size: bytes of the image
 *
 * Return: bytes written.
 */
unsigned int mvf_stream_put_image_head(u8 *to, u32 size)
{
	return mvf_put_head(to, size, 0, MVF_TAG_FW_DATA);
}
