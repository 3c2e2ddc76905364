// SPDX-License-Identifier: GPL-2.0-only
/*
 * The format of the migration stream: what is written, and what is read. Nothing
 * here accesses a device, a file or user memory.
 *
 * A stream is a sequence of records, each a head of 16 bytes and a payload:
 *
 *	le64	size	bytes of payload
 *	le32	flags	bit 0: a receiver that does not know the tag may skip it
 *	le32	tag	0 FW_DATA: an image, as the firmware wrote it
 *			1 STOP_COPY_SIZE: le64, the memory that the largest
 *			  image will need
 *
 * Linux 6.1's driver, and this one with stream_format=bare, write no records:
 * their stream is one image from its first to its last byte. The format of an
 * image is the firmware's, so the first 16 bytes of a stream decide. They are the
 * head of a record if no flag but bit 0 is set, and
 *
 *	tag 0			flags 0, size 1 to 2^32 - 1
 *	tag 1			size 8
 *	tags 2 to 65535		size 0 to 1 MiB
 *
 * and otherwise the first bytes of a bare image. The third line is for records
 * of future kernels: the first record is judged like every later one, and is
 * skipped, or refused. An image is mistaken for records only if nearly all of its
 * first 16 bytes have certain values (at least 10 of them are zero). That ends in
 * an error, for a truncated or unknown record or by the firmware, and no part of
 * it is loaded without an error.
 *
 * The rule has test vectors, tests/fixtures/heads.tsv, for this file and for the
 * reader of mlxmigctl.
 *
 * STOP_COPY_SIZE is checked and otherwise ignored: memory is allocated for the
 * bytes that have arrived, not for those that were announced.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "stream.h"

enum {
	MVF_TAG_FW_DATA = 0,
	MVF_TAG_STOP_COPY_SIZE = 1,
	MVF_TAG_LAST = U16_MAX,
};

/* The largest payload of a first record whose tag is not known. */
#define MVF_UNKNOWN_MAX SZ_1M

#define MVF_FLAG_OPTIONAL BIT(0)

struct mvf_head {
	__le64 size;
	__le32 flags;
	__le32 tag;
};

static_assert(sizeof(struct mvf_head) == MVF_HEAD_LEN);

/**
 * mvf_stream_init - expect a stream from its first byte
 * @st: the stream
 * @one_image: the firmware loads no second image
 */
void mvf_stream_init(struct mvf_stream *st, bool one_image)
{
	memset(st, 0, sizeof(*st));
	st->one_image = one_image;
	st->expect = MVF_HEAD;
	st->first = true;
}

/* Does a stream of records begin with such a head, or a bare image with such bytes? */
static bool mvf_is_first_head(u64 size, u32 flags, u32 tag)
{
	if (flags & ~MVF_FLAG_OPTIONAL)
		return false;

	switch (tag) {
	case MVF_TAG_FW_DATA:
		return size && size <= U32_MAX && !flags;
	case MVF_TAG_STOP_COPY_SIZE:
		return size == sizeof(__le64);
	default:
		return tag <= MVF_TAG_LAST && size <= MVF_UNKNOWN_MAX;
	}
}

/* Returns what a record's payload is, or the errno of its refusal. */
static int mvf_record_payload(u64 size, u32 flags, u32 tag)
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
 * mvf_stream_head_done - interpret a head whose 16 bytes have arrived
 * @st: the stream; @st->expect and @st->left are set for what follows. With
 *	MVF_BARE the 16 bytes in @st->head are the first of the image
 *
 * Return: 0; -EOPNOTSUPP for a record that must be understood and is not, and for
 * a second image where @st->one_image; -EFBIG for an image larger than a LOAD
 * can name; -EINVAL for an invalid size.
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

	if (st->first && !mvf_is_first_head(size, flags, tag)) {
		st->expect = MVF_BARE;
		st->left = U32_MAX;
		return 0;
	}
	expect = mvf_record_payload(size, flags, tag);
	if (expect < 0)
		return expect;
	if (expect == MVF_IMAGE && st->images++ && st->one_image)
		return -EOPNOTSUPP;

	st->first = false;
	st->head_len = 0;
	st->left = size;
	st->expect = size ? expect : MVF_HEAD;
	return 0;
}

/**
 * mvf_stream_advance - account for bytes of a payload or an image
 * @st: the stream
 * @len: their number, at most @st->left
 */
void mvf_stream_advance(struct mvf_stream *st, u64 len)
{
	st->left -= len;
	if (!st->left && st->expect != MVF_BARE)
		st->expect = MVF_HEAD;
}

/** mvf_stream_may_end - can the stream end here? */
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
 * mvf_stream_put_image_head - write the head of a FW_DATA record
 * @to: room for 16 bytes
 * @size: bytes of the image
 *
 * Return: bytes written.
 */
unsigned int mvf_stream_put_image_head(u8 *to, u32 size)
{
	return mvf_put_head(to, size, 0, MVF_TAG_FW_DATA);
}
