/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/format.h"
#include "image/record.h"
#include "lib/io.h"
#include "lib/text.h"

#define DESCRIPTOR_AT 4
#define HEAD_SEEN 5 /* magic number and descriptor */
#define SINGLE_SEGMENT 0x20
#define CHECKSUM 0x04
#define CHECKSUM_LEN 4
#define BLOCK_HEAD_LEN 3
#define BLOCK_RLE 1 /* one byte stands for all */

/* What of the header follows its descriptor: window, dictionary, content size. */
static uint32_t rest_of_head(unsigned char descriptor)
{
	static const unsigned int content_len[] = { 0, 2, 4, 8 };
	static const unsigned int dictionary_len[] = { 0, 1, 2, 4 };
	bool single = descriptor & SINGLE_SEGMENT;
	unsigned int content = content_len[descriptor >> 6];

	return !single + dictionary_len[descriptor & 3] + (single && !content ? 1 : content);
}

static void begin_part(struct frame *frame, enum frame_part part, uint32_t len)
{
	frame->part = part;
	frame->left = len;
	frame->head_len = 0;
}

static void end_of_data(struct frame *frame)
{
	if (!frame->last)
		begin_part(frame, FRAME_BLOCK_HEAD, BLOCK_HEAD_LEN);
	else if (frame->checksum)
		begin_part(frame, FRAME_DATA, CHECKSUM_LEN);
	else
		begin_part(frame, FRAME_END, 0);
	frame->checksum = frame->checksum && !frame->last;
}

static void end_of_block_head(struct frame *frame)
{
	const unsigned char *p = frame->head;
	uint32_t word = p[0] | p[1] << 8 | (uint32_t)p[2] << 16;
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

static void take_head(struct frame *frame, unsigned char byte)
{
	frame->head[frame->head_len++] = byte;
	if (frame->head_len < HEAD_SEEN)
		return;
	byte = frame->head[DESCRIPTOR_AT];
	frame->checksum = byte & CHECKSUM;
	/* Then comes a block, as after one that is not the last. */
	begin_part(frame, FRAME_DATA, rest_of_head(byte));
	next_part(frame);
}

static size_t take_part(struct frame *frame, const unsigned char *bytes, size_t len)
{
	size_t n = len < frame->left ? len : frame->left;

	if (frame->part == FRAME_HEAD) {
		take_head(frame, *bytes);
		return 1;
	}
	if (frame->part == FRAME_BLOCK_HEAD) {
		memcpy(frame->head + frame->head_len, bytes, n);
		frame->head_len += (unsigned int)n;
	}
	frame->left -= (uint32_t)n;
	if (!frame->left)
		next_part(frame);
	return n;
}

bool frame_feed(struct frame *frame, const unsigned char *bytes, size_t len)
{
	while (len) {
		size_t n;

		if (frame->part == FRAME_END)
			return false;
		n = take_part(frame, bytes, len);
		bytes += n;
		len -= n;
	}
	return true;
}

#define ZSTD_HEAD 17 /* the longest header of a frame of one segment */
#define USTAR_AT 257    /* of "ustar" in a tar header */
#define DEVICE_AT 1024  /* of device.json's own header, after the pax header and its data */
#define ZSTD_MAGIC 0xfd2fb528u
#define ZSTD_MAGIC_FLIPS 4 /* so many bits may be wrong, and it is still meant to be zstd */

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
	       has_at(p, len, DEVICE_AT + USTAR_AT, "ustar");
}

/* What other programs compress with: an image in it must not pass for a stream. */
static const struct {
	const char *name, *magic;
} foreign[] = {
	{ "gzip", "\x1f\x8b\x08" },
	{ "bzip2", "BZh" },
	{ "xz", "\xfd" "7zXZ" },
	{ "lz4", "\x04\x22\x4d\x18" },
	{ "zip", "PK\x03\x04" },
};

static int refuse_foreign(const struct decompressor *source, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		if (!memcmp(source->buffer, foreign[i].magic, strlen(foreign[i].magic))) {
			err_set(err, ERR_DAMAGED, 0, "%s is compressed with %s", source->name,
				foreign[i].name);
			return err_hint(err,
					"uncompress it first: images and streams are read as they are, or in zstd");
		}
	return 0;
}

static uint32_t get_le32(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool looks_like_zstd(const unsigned char *p)
{
	return __builtin_popcount(get_le32(p) ^ ZSTD_MAGIC) <= ZSTD_MAGIC_FLIPS;
}

/* At least RECORD_HEADER_SIZE bytes are there. */
static enum input_kind kind_of(const unsigned char *p, size_t len)
{
	struct record_parser parser = {};

	if (looks_like_tar(p, len))
		return SOURCE_TAR;
	record_feed(&parser, p, RECORD_HEADER_SIZE, NULL, NULL);
	if (parser.format == STREAM_BARE && looks_like_zstd(p))
		return SOURCE_ZSTD;
	return SOURCE_BARE;
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

static la_ssize_t on_read(struct archive *archive, void *data, const void **block)
{
	struct decompressor *source = data;
	ssize_t n = (ssize_t)source->peeked;

	source->peeked = 0;
	*block = source->buffer;
	if (!n)
		n = read_block(source, source->block_size, &source->err);
	/* The decoder would go on into a second frame, and its window. */
	if (n > 0 && !frame_feed(&source->frame, source->buffer, (size_t)n))
		return err_set(&source->err, ERR_DAMAGED, 0,
			       "%s: something follows what is compressed", source->name);
	return n;
}

static int zstd_failed(struct decompressor *source, struct err *err)
{
	if (err_is_set(&source->err)) {
		*err = err_is_set(err) ? *err : source->err;
		return -1;
	}
	if (source->ended && strstr(archive_error_string(source->zstd), "Truncated"))
		return err_set(err, ERR_DAMAGED, 0,
			       "%s is truncated: it ends at byte %" PRIu64
			       ", inside compressed data", source->name,
			       source->read_bytes);
	return err_set(err, ERR_DAMAGED, 0, "%s: the compressed data are damaged: %s", source->name,
		       archive_error_string(source->zstd));
}

/*
 * The window that the first frame's header asks for (RFC 8878, 3.1.1.1): all of
 * the content where it is one segment. ZSTD_HEAD bytes are there.
 */
static uint64_t frame_window(const unsigned char *p)
{
	static const unsigned int content_len[] = { 1, 2, 4, 8 };
	static const unsigned int dictionary_len[] = { 0, 1, 2, 4 };
	unsigned int len = content_len[p[4] >> 6];
	uint64_t base, size = 0;

	if (!(p[4] & 0x20)) {
		base = 1ull << (10 + (p[5] >> 3));
		return base + base / 8 * (p[5] & 7);
	}
	p += 5 + dictionary_len[p[4] & 3];
	for (unsigned int i = len; i--;)
		size = size << 8 | p[i];
	return len == 2 ? size + 256 : size;
}

static int check_window(struct decompressor *source, struct err *err)
{
	uint64_t window;

	if (source->peeked < ZSTD_HEAD)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s is truncated: %zu bytes are too few for an image",
			       source->name, source->peeked);
	if (get_le32(source->buffer) != ZSTD_MAGIC)
		return err_set(err, ERR_DAMAGED, 0, "%s: its first bytes are almost those of zstd",
			       source->name);
	window = frame_window(source->buffer);
	if (window > FORMAT_WINDOW_MAX)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s asks for %" PRIu64
			       " bytes of memory to be uncompressed, more than %u",
			       source->name, window, FORMAT_WINDOW_MAX);
	return 0;
}

static int open_zstd(struct decompressor *source, struct err *err)
{
	struct archive_entry *entry;

	if (check_window(source, err))
		return -1;
	source->zstd = archive_read_new();
	if (!source->zstd)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for zstd");
	if (archive_read_support_format_raw(source->zstd) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(source->zstd) != ARCHIVE_OK ||
	    archive_read_open(source->zstd, source, NULL, on_read, NULL) !=
		    ARCHIVE_OK ||
	    archive_read_next_header(source->zstd, &entry) != ARCHIVE_OK)
		return zstd_failed(source, err);
	return 0;
}

int decompressor_open(struct decompressor *source, int fd, const char *name, struct err *err)
{
	ssize_t n;

	*source = (struct decompressor){
		.fd = fd, .name = name, .block_size = SOURCE_BLOCK,
	};
	source->buffer = malloc(SOURCE_BLOCK);
	if (!source->buffer)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for a block");
	n = read_block(source, SOURCE_BLOCK, err);
	if (n < 0)
		return -1;
	if (!n)
		return err_set(err, ERR_DAMAGED, 0, "%s is empty", name);
	if (n < RECORD_HEADER_SIZE)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s is truncated: %zd bytes are too few for an image or a stream",
			       name, n);
	source->peeked = (size_t)n;
	source->kind = kind_of(source->buffer, (size_t)n);
	if (source->kind == SOURCE_ZSTD)
		return open_zstd(source, err);
	return source->kind == SOURCE_BARE ? refuse_foreign(source, err) : 0;
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
	if (ret == ARCHIVE_EOF || ret == ARCHIVE_OK)
		return ret == ARCHIVE_OK;
	source->block_len = 0;
	return zstd_failed(source, err);
}

int decompressor_next(struct decompressor *source, struct err *err)
{
	int ret;

	source->block_len = 0;
	ret = source->zstd ? next_zstd(source, err) : next_plain(source, err);
	source->given_bytes += source->block_len;
	source->exhausted = !ret;
	return ret;
}

bool decompressor_skim(struct decompressor *source)
{
	off_t here = lseek(source->fd, 0, SEEK_CUR);
	struct stat st;

	if (source->kind != SOURCE_TAR || here < 0 ||
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
