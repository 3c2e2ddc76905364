/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/content.h"
#include "image/format.h"
#include "image/record.h"
#include "lib/io.h"
#include "lib/text.h"

#define ZSTD_MAGIC 0xfd2fb528u
#define ZSTD_MAGIC_FLIPS 4 /* so many bits may be wrong, and it is still meant to be zstd */
#define SKIPPABLE_MAGIC 0x184d2a50u
#define SKIPPABLE_MASK 0xfffffff0u
#define MAGIC_LEN 4
#define SKIPPABLE_HEAD 8 /* magic number and length */
#define DESCRIPTOR_AT 4
#define HEAD_SEEN 5 /* magic number and descriptor */
#define SINGLE_SEGMENT 0x20
#define CHECKSUM 0x04
#define CHECKSUM_LEN 4
#define BLOCK_HEAD_LEN 3
#define BLOCK_RLE 1 /* one byte stands for all */
#define BLOCK_RESERVED 3
#define BLOCK_MAX (128u << 10)
#define DESCRIPTOR_RESERVED 0x08

static uint32_t get_le32(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static unsigned int dictionary_len(unsigned char descriptor)
{
	static const unsigned int len[] = { 0, 1, 2, 4 };

	return len[descriptor & 3];
}

static unsigned int content_len(unsigned char descriptor)
{
	static const unsigned int len[] = { 0, 2, 4, 8 };
	unsigned int n = len[descriptor >> 6];

	return !n && descriptor & SINGLE_SEGMENT ? 1 : n;
}

/* What of the header follows its descriptor: window, dictionary, content size. */
static unsigned int rest_of_head(unsigned char descriptor)
{
	return !(descriptor & SINGLE_SEGMENT) + dictionary_len(descriptor) +
	       content_len(descriptor);
}

/* The window that a whole header asks for (RFC 8878, 3.1.1.1): all of the content where it is one segment. */
static uint64_t frame_window(const unsigned char *p)
{
	unsigned int len = content_len(p[DESCRIPTOR_AT]);
	uint64_t base, size = 0;

	if (!(p[DESCRIPTOR_AT] & SINGLE_SEGMENT)) {
		base = 1ull << (10 + (p[HEAD_SEEN] >> 3));
		return base + base / 8 * (p[HEAD_SEEN] & 7);
	}
	p += HEAD_SEEN + dictionary_len(p[DESCRIPTOR_AT]);
	for (unsigned int i = len; i--;)
		size = size << 8 | p[i];
	return len == 2 ? size + 256 : size;
}

static void begin_part(struct frame *frame, enum frame_part part, uint32_t len)
{
	frame->part = part;
	frame->left = len;
	frame->head_len = 0;
}

static void end_of_data(struct frame *frame)
{
	if (frame->skippable)
		begin_part(frame, FRAME_HEAD, 0);
	else if (!frame->last)
		begin_part(frame, FRAME_BLOCK_HEAD, BLOCK_HEAD_LEN);
	else if (frame->checksum)
		begin_part(frame, FRAME_DATA, CHECKSUM_LEN);
	else
		begin_part(frame, FRAME_HEAD, 0);
	frame->checksum = frame->checksum && !frame->last;
}

static uint32_t block_word(const unsigned char *p)
{
	return p[0] | p[1] << 8 | (uint32_t)p[2] << 16;
}

static void end_of_block_head(struct frame *frame)
{
	uint32_t word = block_word(frame->head);
	uint32_t size = word >> 3;

	frame->last = word & 1;
	begin_part(frame, FRAME_DATA, (word >> 1 & 3) == BLOCK_RLE ? 1 : size);
}

/* All of a part has come, but for parts of no bytes at all. */
static void next_part(struct frame *frame)
{
	if (frame->part == FRAME_BLOCK_HEAD)
		end_of_block_head(frame);
	while (frame->part == FRAME_DATA && !frame->left)
		end_of_data(frame);
}

/* May a magic number begin with these @n bytes, the last of which has just come? */
static bool may_be_magic(const unsigned char *head, unsigned int n)
{
	unsigned int shift = 8 * (n - 1);
	unsigned char byte = head[n - 1], mask = n == 1 ? 0xf0 : 0xff;
	bool is_zstd = head[0] == (ZSTD_MAGIC & 0xff);

	if (n > MAGIC_LEN || (is_zstd && byte == (ZSTD_MAGIC >> shift & 0xff)))
		return true;
	return !is_zstd && (byte & mask) == (SKIPPABLE_MAGIC >> shift & 0xff);
}

static void end_of_head(struct frame *frame)
{
	frame->last = false;
	if (frame->skippable) {
		frame->skipped += frame->begun ? 0 : SKIPPABLE_HEAD;
		frame->checksum = false;
		begin_part(frame, FRAME_DATA, get_le32(frame->head + MAGIC_LEN));
		next_part(frame);
	} else {
		frame->begun = true;
		frame->window = frame_window(frame->head);
		frame->checksum = frame->head[DESCRIPTOR_AT] & CHECKSUM;
		begin_part(frame, FRAME_BLOCK_HEAD, BLOCK_HEAD_LEN);
	}
}

static enum frame_fault take_head(struct frame *frame, unsigned char byte)
{
	unsigned int whole = HEAD_SEEN;

	frame->head[frame->head_len++] = byte;
	if (!may_be_magic(frame->head, frame->head_len))
		return FRAME_FOREIGN;
	if (frame->head_len < MAGIC_LEN)
		return FRAME_OK;
	frame->skippable = (get_le32(frame->head) & SKIPPABLE_MASK) == SKIPPABLE_MAGIC;
	if (frame->skippable)
		whole = SKIPPABLE_HEAD;
	else if (frame->head_len >= HEAD_SEEN)
		whole += rest_of_head(frame->head[DESCRIPTOR_AT]);
	if (frame->head_len < whole)
		return FRAME_OK;
	end_of_head(frame);
	return !frame->skippable && frame->window > FORMAT_WINDOW_MAX ? FRAME_WINDOW : FRAME_OK;
}

static size_t take_part(struct frame *frame, const unsigned char *bytes, size_t len)
{
	size_t n = len < frame->left ? len : frame->left;

	if (frame->part == FRAME_BLOCK_HEAD) {
		memcpy(frame->head + frame->head_len, bytes, n);
		frame->head_len += (unsigned int)n;
	}
	frame->skipped += frame->begun ? 0 : n;
	frame->left -= (uint32_t)n;
	if (!frame->left)
		next_part(frame);
	return n;
}

enum frame_fault frame_feed(struct frame *frame, const unsigned char *bytes, size_t len)
{
	while (len) {
		size_t n = 1;
		enum frame_fault fault = FRAME_OK;

		if (frame->part == FRAME_HEAD)
			fault = take_head(frame, *bytes);
		else
			n = take_part(frame, bytes, len);
		if (fault)
			return fault;
		bytes += n;
		len -= n;
	}
	return FRAME_OK;
}

bool frame_is_between(const struct frame *frame)
{
	return frame->part == FRAME_HEAD && !frame->head_len;
}

bool frame_begins(const unsigned char *bytes, size_t len)
{
	size_t head = HEAD_SEEN;
	uint32_t word;

	if (len < HEAD_SEEN || get_le32(bytes) != ZSTD_MAGIC ||
	    bytes[DESCRIPTOR_AT] & DESCRIPTOR_RESERVED)
		return false;
	head += rest_of_head(bytes[DESCRIPTOR_AT]);
	if (len < head + BLOCK_HEAD_LEN)
		return false;
	word = block_word(bytes + head);
	return (word >> 1 & 3) != BLOCK_RESERVED && word >> 3 <= BLOCK_MAX;
}

#define ZSTD_HEAD 17 /* the longest header of a frame of one segment */
#define USTAR_AT 257    /* of "ustar" in a tar header */
#define DEVICE_AT 1024  /* of device.json's own header, after the pax header and its data */

static bool has_at(const unsigned char *p, size_t len, size_t at, const char *text)
{
	size_t n = strlen(text);

	return len >= at + n && !memcmp(p + at, text, n);
}

/*
 * An image begins with the pax header of device.json. Any one of the signs is
 * enough: damage to the others must not turn an image into a bare stream, which
 * would be loaded as it is.
 */
static bool looks_like_tar(const unsigned char *p, size_t len)
{
	return has_at(p, len, 0, "PaxHeader/") ||
	       has_at(p, len, 0, FORMAT_DEVICE) ||
	       has_at(p, len, USTAR_AT, "ustar") ||
	       has_at(p, len, DEVICE_AT, FORMAT_DEVICE) ||
	       has_at(p, len, DEVICE_AT + USTAR_AT, "ustar") ||
	       (len >= CONTENT_HEADER_SIZE && content_is_tar_header(p));
}

static bool is_almost(const unsigned char *p, uint32_t magic, uint32_t mask)
{
	return __builtin_popcount((get_le32(p) ^ magic) & mask) <= ZSTD_MAGIC_FLIPS;
}

#define PZSTD_LEN 4    /* of the skippable frame before each frame of pzstd: the frame's length */
#define PZSTD_HEAD 12
#define SKIPPABLE_MAX 16 /* that are looked at */

/* Skippable frames, and then one that is not, or more than is here. */
static bool begins_skippable(const unsigned char *p, size_t len)
{
	size_t at = 0;

	for (int i = 0; i < SKIPPABLE_MAX && at + SKIPPABLE_HEAD <= len; i++) {
		if ((get_le32(p + at) & SKIPPABLE_MASK) != SKIPPABLE_MAGIC)
			return i && get_le32(p + at) == ZSTD_MAGIC;
		at += SKIPPABLE_HEAD + (size_t)get_le32(p + at + MAGIC_LEN);
	}
	return false;
}

static bool looks_like_pzstd(const unsigned char *p, size_t len)
{
	return len >= PZSTD_HEAD + MAGIC_LEN && get_le32(p + MAGIC_LEN) == PZSTD_LEN &&
	       is_almost(p, SKIPPABLE_MAGIC, SKIPPABLE_MASK) &&
	       is_almost(p + PZSTD_HEAD, ZSTD_MAGIC, UINT32_MAX);
}

static bool looks_like_zstd(const unsigned char *p, size_t len)
{
	struct record_parser parser = {};

	record_feed(&parser, p, RECORD_HEADER_SIZE, NULL, NULL);
	return parser.format == STREAM_BARE &&
	       (is_almost(p, ZSTD_MAGIC, UINT32_MAX) || begins_skippable(p, len) ||
		looks_like_pzstd(p, len));
}

/* Reads a block from the file; bytes, 0 at the end, -1. */
static ssize_t read_block(struct decompressor *source, size_t len, struct err *err)
{
	ssize_t n = read_full(source->fd, source->buffer, len);

	if (n < 0)
		return err_from_errno(err, (int)-n, "reading %s", source->name);
	source->read_bytes += (uint64_t)n;
	source->ended = (size_t)n < len;
	return n;
}

static int frame_failed(struct decompressor *source, enum frame_fault fault)
{
	if (fault == FRAME_WINDOW) {
		err_set(&source->err, ERR_UNJUDGED, 0,
			"%s asks for %" PRIu64 " bytes of memory to be uncompressed, more than %u",
			source->name, source->frame.window, FORMAT_WINDOW_MAX);
		return image_hint_filter(&source->err, "uncompress it first", source->name, false,
					 "zstd -dc --long=31");
	}
	err_set(&source->err, ERR_DAMAGED, 0, "%s: something follows what is compressed",
		source->name);
	return image_hint_filter(&source->err, "what is compressed may be whole", source->name,
				 false, "zstd -dc");
}

/* libarchive takes no skippable frame at the beginning, so it is not given these. */
static la_ssize_t on_read(struct archive *archive, void *data, const void **block)
{
	struct decompressor *source = data;
	ssize_t n, lead;

	do {
		uint64_t skipped = source->frame.skipped;
		enum frame_fault fault;

		n = (ssize_t)source->peeked;
		source->peeked = 0;
		if (!n)
			n = read_block(source, source->block_size, &source->err);
		if (n <= 0)
			return n;
		fault = frame_feed(&source->frame, source->buffer, (size_t)n);
		if (fault)
			return frame_failed(source, fault);
		lead = (ssize_t)(source->frame.skipped - skipped);
	} while (lead >= n);
	*block = source->buffer + lead;
	return n - lead;
}

static int zstd_failed(struct decompressor *source, struct err *err)
{
	const char *words = archive_error_string(source->zstd);

	if (err_is_set(&source->err)) {
		*err = err_is_set(err) ? *err : source->err;
		return -1;
	}
	if (source->ended && words && strstr(words, "Truncated"))
		return err_set(err, ERR_DAMAGED, 0,
			       "%s is truncated: it ends at byte %" PRIu64
			       ", inside compressed data", source->name,
			       source->read_bytes);
	return err_set(err, ERR_DAMAGED, 0, "%s: the compressed data are damaged, at byte %" PRIu64
		       " of the file or before", source->name, source->read_bytes);
}

static int check_magic(const struct decompressor *source, struct err *err)
{
	const unsigned char *p = source->buffer;

	if (source->peeked < ZSTD_HEAD)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s is truncated: %zu bytes are too few for an image",
			       source->name, source->peeked);
	if (get_le32(p) == ZSTD_MAGIC || begins_skippable(p, source->peeked))
		return 0;
	return err_set(err, ERR_DAMAGED, 0, "%s: its first bytes are almost those of zstd",
		       source->name);
}

#define FILTERS 2 /* zstd, and none */

static int open_zstd(struct decompressor *source, struct err *err)
{
	struct archive_entry *entry;

	if (check_magic(source, err))
		return -1;
	source->zstd = archive_read_new();
	if (!source->zstd)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for zstd");
	if (archive_read_support_format_raw(source->zstd) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(source->zstd) != ARCHIVE_OK ||
	    archive_read_open(source->zstd, source, NULL, on_read, NULL) !=
		    ARCHIVE_OK ||
	    archive_read_next_header(source->zstd, &entry) != ARCHIVE_OK ||
	    archive_filter_code(source->zstd, 0) != ARCHIVE_FILTER_ZSTD)
		return zstd_failed(source, err);
	if (archive_filter_count(source->zstd) != FILTERS) {
		source->nested = true;
		err_set(err, ERR_UNJUDGED, 0, "%s is compressed with zstd twice", source->name);
		return image_hint_filter(err, "uncompress it once", source->name, false, "zstd -dc");
	}
	return 0;
}

static int too_short(const struct decompressor *source, size_t len, struct err *err)
{
	if (!len)
		return err_set(err, ERR_DAMAGED, 0, "%s is empty", source->name);
	return err_set(err, ERR_DAMAGED, 0,
		       "%s is truncated: %zu bytes are too few for an image or a stream",
		       source->name, len);
}

static int next_zstd(struct decompressor *source, struct err *err);

/* Looks at what is compressed. */
static int peek_zstd(struct decompressor *source, struct err *err)
{
	if (open_zstd(source, err) || next_zstd(source, err) < 0)
		return -1;
	if (source->block_len < RECORD_HEADER_SIZE)
		return too_short(source, source->block_len, err);
	source->peeked_block = true;
	source->kind = looks_like_tar(source->block, source->block_len) ? SOURCE_TAR : SOURCE_BARE;
	return 0;
}

static uint64_t regular_bytes(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

int decompressor_open(struct decompressor *source, int fd, const char *name, struct err *err)
{
	ssize_t n;

	*source = (struct decompressor){
		.fd = fd, .name = name, .block_size = SOURCE_BLOCK,
		.regular_bytes = regular_bytes(fd),
	};
	source->buffer = malloc(SOURCE_BLOCK);
	if (!source->buffer)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for a block");
	n = read_block(source, SOURCE_BLOCK, err);
	if (n < 0)
		return -1;
	if (n < RECORD_HEADER_SIZE)
		return too_short(source, (size_t)n, err);
	source->peeked = (size_t)n;
	if (looks_like_tar(source->buffer, (size_t)n))
		source->kind = SOURCE_TAR;
	else if (looks_like_zstd(source->buffer, (size_t)n))
		return peek_zstd(source, err);
	return 0;
}

const unsigned char *decompressor_peek(const struct decompressor *source, size_t *len)
{
	*len = source->zstd ? source->block_len : source->peeked;
	return source->zstd ? source->block : source->buffer;
}

void decompressor_close(struct decompressor *source)
{
	archive_read_free(source->zstd);
	free(source->buffer);
	source->zstd = NULL;
	source->buffer = NULL;
}

static int next_plain(struct decompressor *source, struct err *err)
{
	ssize_t n = (ssize_t)source->peeked;

	source->peeked = 0;
	if (!n)
		n = read_block(source, source->block_size, err);
	source->block = source->buffer;
	source->block_len = n > 0 ? (size_t)n : 0;
	return n < 0 ? -1 : n > 0;
}

static uint64_t out_limit; /* 0: by the size of the input */

void decompressor_limit(uint64_t bytes)
{
	out_limit = bytes;
}

/* Of a pipe the size is known as far as it was read. */
static uint64_t limit_of(const struct decompressor *source)
{
	uint64_t in = source->regular_bytes > source->read_bytes ? source->regular_bytes :
								   source->read_bytes;

	if (out_limit)
		return out_limit;
	return in > SOURCE_OUT_MIN / SOURCE_GROWTH ? in * SOURCE_GROWTH : SOURCE_OUT_MIN;
}

/* A few bytes of zstd make any number: neither a disk nor anybody's time is to be filled with them. */
static int check_limit(const struct decompressor *source, struct err *err)
{
	uint64_t limit = limit_of(source);

	if (source->given_bytes + source->block_len <= limit)
		return 0;
	err_set(err, ERR_UNJUDGED, 0,
		"%s holds more than %" PRIu64 " bytes when it is uncompressed, which is the limit %s",
		source->name, limit, out_limit ? "of --uncompressed-max" : "for a file of its size");
	return err_hint(err, "if you trust the file, allow more: --uncompressed-max=SIZE");
}

static int next_zstd(struct decompressor *source, struct err *err)
{
	const void *block;
	la_int64_t offset;
	int ret;

	/* A block of nothing would pass for the end. */
	do {
		ret = archive_read_data_block(source->zstd, &block, &source->block_len, &offset);
	} while (ret == ARCHIVE_OK && !source->block_len);
	source->block = block;
	if (ret == ARCHIVE_EOF)
		return 0;
	if (ret == ARCHIVE_OK && !check_limit(source, err))
		return 1;
	source->block_len = 0;
	if (ret == ARCHIVE_OK)
		return -1;
	return zstd_failed(source, err);
}

int decompressor_next(struct decompressor *source, struct err *err)
{
	int ret = 1;

	if (source->peeked_block) {
		source->peeked_block = false;
	} else {
		source->block_len = 0;
		ret = source->zstd ? next_zstd(source, err) : next_plain(source, err);
	}
	source->given_bytes += source->block_len;
	source->exhausted = !ret;
	return ret;
}

bool decompressor_skim(struct decompressor *source)
{
	off_t here = lseek(source->fd, 0, SEEK_CUR);
	struct stat st;

	if (source->kind != SOURCE_TAR || source->zstd || here < 0 ||
	    fstat(source->fd, &st) || !S_ISREG(st.st_mode) || st.st_size < here)
		return false;
	source->file_bytes = source->read_bytes + (uint64_t)(st.st_size - here);
	source->block_size = SOURCE_SKIM_BLOCK;
	source->skims = true;
	return true;
}

uint64_t decompressor_skip(struct decompressor *source, uint64_t len)
{
	uint64_t left;

	if (!source->skims || source->peeked)
		return 0;
	left = source->file_bytes - source->read_bytes;
	len = len < left ? len : left;
	if (lseek(source->fd, (off_t)len, SEEK_CUR) < 0)
		return 0;
	source->read_bytes += len;
	source->given_bytes += len;
	return len;
}
