/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing an image: see mlxmigctl-image(5). */
#ifndef IMAGE_WRITER_H
#define IMAGE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "image/format.h"
#include "lib/err.h"

#define IMAGE_MEMBER_MAX (4u << 20) /* bytes of the stream in one member */

#define IMAGE_DEVICE_MAX (64u << 10)    /* bytes of device.json */
#define IMAGE_MANIFEST_MAX (1u << 20)   /* bytes of manifest.json */
#define IMAGE_ZSTD_LEVEL_MAX 19         /* above, reading it would need a window of more than 8 MiB */

struct image_options {
	bool raw;        /* no image: the bare stream alone */
	int zstd_level;  /* 1 to IMAGE_ZSTD_LEVEL_MAX; 0: not compressed */
	int64_t mtime_s; /* the members' time, seconds since 1970 */
};

struct image_writer;

/**
 * image_writer_open - begin an image on @fd, which stays the caller's
 * @device_json: becomes the member device.json; not with options->raw
 *
 * Writes in large blocks, to anything that write(2) takes. 0 or -1: EPIPE and
 * ENOSPC come through as they are, here and below.
 */
int image_writer_open(struct image_writer **writer, int fd,
		      const struct image_options *options,
		      const char *device_json, size_t device_len,
		      struct err *err) __attribute__((nonnull(1, 3, 6)));

/**
 * image_writer_data - the next bytes of the stream
 *
 * They are cut into members of at most IMAGE_MEMBER_MAX; a change of @phase
 * ends a member.
 */
int image_writer_data(struct image_writer *writer, enum phase phase,
		      const void *data, size_t len, struct err *err)
	__attribute__((nonnull(1, 5)));

/**
 * image_writer_digest - digest the next member, to be written by image_writer_member()
 * @data: all of it, 1 to IMAGE_MEMBER_MAX bytes, of @phase
 * @digest: takes what image_writer_member() wants
 *
 * So that two threads share the work: one digests member after member, another
 * writes them in the same order. Not to be mixed with image_writer_data().
 */
void image_writer_digest(struct image_writer *writer, enum phase phase, const void *data,
			 size_t len, char digest[DIGEST_TEXT_SIZE])
	__attribute__((nonnull(1, 3, 5)));

/** image_writer_member - write a member that was digested, from where it is */
int image_writer_member(struct image_writer *writer, enum phase phase,
			const void *data, size_t len, const char *digest,
			struct err *err) __attribute__((nonnull(1, 3, 5, 6)));

/** image_writer_flush - write the last member and tell the totals; no data after it */
int image_writer_flush(struct image_writer *writer, struct image_totals *totals, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/** image_writer_finish - after flush: the manifest and the end of the archive; raw: nothing to do */
int image_writer_finish(struct image_writer *writer, const char *manifest_json,
			size_t len, struct err *err)
	__attribute__((nonnull(1, 4)));

/** image_writer_free - without finish the image stays incomplete; harmless on NULL */
void image_writer_free(struct image_writer *writer);

#endif
