/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the content of a file is that has no image around it: a stream of
 * records, a format of another program, a damaged image, or nothing known.
 */
#ifndef IMAGE_CONTENT_H
#define IMAGE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/format.h"
#include "lib/err.h"
#include "lib/mlx5.h"

/* What content without records looks like by its first bytes. */
enum content_look {
	LOOK_NOTHING, /* nothing that is recognised */
	LOOK_ZEROS,
	LOOK_TEXT,
	LOOK_GZIP,
	LOOK_BZIP2,
	LOOK_XZ,
	LOOK_LZ4,
	LOOK_LZOP,
	LOOK_ZIP,
	LOOK_7Z,
	LOOK_ZSTD,
	LOOK_AGE,
	LOOK_PGP,
	LOOK_OPENSSL,
	LOOK_QEMU,
	LOOK_LIBVIRT,
	LOOK_LIBVIRT_PARTIAL,
	LOOK_QCOW2,
	LOOK_ELF,
	LOOK_VFMIG, /* of NVIDIA's unmerged mlx5_vfmig */
	LOOK_XE,    /* of Intel's xe */
	LOOK_COUNT,
};

/** content_look - what the @len first bytes of some content look like; LOOK_NOTHING of records that a driver takes */
enum content_look content_look(const unsigned char *bytes, size_t len) __attribute__((nonnull(1)));

/** content_look_name - "gzip": a value of the documents; NULL of LOOK_NOTHING */
const char *content_look_name(enum content_look look);

/** content_is_dialect - is it a stream of a driver that is known, and that no mlx5 device takes? */
bool content_is_dialect(enum content_look look);

#define CONTENT_HEADER_SIZE 512

/**
 * struct content_scan - content without an image around it, as it passes by; zero it to begin
 * @look: by the first bytes
 * @format: of the stream, by the same rule as struct record_parser; STREAM_BARE of a dialect
 * @only_zeros: so far there were only bytes of zero
 * @has_header: a header of one of an image's members was found: it is a damaged image
 * @header_at, @header_name: the first such header; in the content; no name: none is whole
 * @is_frame: ... or, behind text or zeros, one of a frame of zstd, which @header_at is of
 * @zeros: bytes of zero at the beginning
 * @compressed: the content comes out of zstd, where one bit changes many bytes; the caller's to set
 */
struct content_scan {
	enum content_look look;
	enum stream_format format;
	bool only_zeros;
	bool has_header;
	bool is_frame;
	uint64_t zeros;
	uint64_t header_at;
	char header_name[FORMAT_NAME_SIZE];
	bool compressed;

	/* Of the scan itself. */
	uint64_t offset;
	unsigned char tail[CONTENT_HEADER_SIZE];
	size_t tail_len;
};

/** content_scan_begin - look at the first bytes, of which content_scan_take() is given again what it is to scan */
void content_scan_begin(struct content_scan *scan, const unsigned char *bytes, size_t len)
	__attribute__((nonnull(1, 2)));

/**
 * content_scan_take - the next bytes
 *
 * Of content without records every multiple of 512 bytes is looked at, and of
 * its first 8 MiB every offset, for the header of an image's member. Records
 * pass: their framing is checked.
 */
void content_scan_take(struct content_scan *scan, const unsigned char *bytes, size_t len)
	__attribute__((nonnull(1, 2)));

/** content_is_unknown - is it neither an image, damaged or not, nor a stream of records? */
bool content_is_unknown(const struct content_scan *scan) __attribute__((nonnull(1)));

/** content_look_now - the look, after all that was scanned: zeros where there was nothing else */
enum content_look content_look_now(const struct content_scan *scan) __attribute__((nonnull(1)));

/** content_require_no_image - ERR_DAMAGED where a header of an image was found; 0 or -1 */
int content_require_no_image(const struct content_scan *scan, const char *name, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/**
 * content_unjudged - ERR_UNJUDGED about what is neither an image nor a stream of records; returns -1
 * @advice: the hint where nothing is recognised; NULL: a general one
 */
int content_unjudged(enum content_look look, const char *name, const char *advice, struct err *err)
	__attribute__((nonnull(2, 4)));

/** content_refuse_packed - ERR_UNJUDGED about what must be uncompressed first; 0 or -1 */
int content_refuse_packed(enum content_look look, const char *name, struct err *err)
	__attribute__((nonnull(2, 3)));

/** content_is_tar_header - are these CONTENT_HEADER_SIZE bytes a header of a tar, of whatever format? */
bool content_is_tar_header(const unsigned char *header) __attribute__((nonnull(1)));

/** content_begins_image - does an image begin here? */
bool content_begins_image(const unsigned char *bytes, size_t len) __attribute__((nonnull(1)));

/** content_is_member_path - is it the name of an image's member, in whatever directory? */
bool content_is_member_path(const char *path) __attribute__((nonnull(1)));

/** content_has_member_names - does the beginning of an archive hold a header of a member of an image, under whatever directory? */
bool content_has_member_names(const unsigned char *bytes, size_t len) __attribute__((nonnull(1)));

#endif
