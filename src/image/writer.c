/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/digest.h"
#include "lib/cleanup.h"
#include "lib/io.h"

#define BLOCK_SIZE (512u << 10) /* of a write(2) */
#define SLICE_SIZE (256u << 10) /* copied and digested at a time, to stay in the cache */

struct image_writer {
	int fd;
	struct image_options options;
	struct archive *archive;     /* NULL: raw */
	struct archive_entry *entry;
	unsigned char *buffer;       /* IMAGE_MEMBER_MAX bytes: the member to come */
	size_t used;
	enum phase phase;            /* of what is in the buffer, or was last */
	char name[FORMAT_NAME_SIZE]; /* of the member in the buffer */
	struct chain chain;
	struct digest *stream;
	uint64_t digested; /* members that image_writer_digest() has seen */
	struct image_totals totals;
	bool flushed;
	bool dropped; /* nothing is written any more */
	int write_errno;
};

static la_ssize_t on_write(struct archive *archive, void *data, const void *block, size_t len)
{
	struct image_writer *writer = data;
	int ret = writer->dropped ? 0 : write_all(writer->fd, block, len);

	if (!ret)
		return (la_ssize_t)len;
	writer->write_errno = -ret;
	archive_set_error(archive, -ret, "write");
	return -1;
}

static int write_failed(struct image_writer *writer, struct err *err)
{
	if (writer->write_errno)
		return err_from_errno(err, writer->write_errno, "writing the image");
	return err_set(err, ERR_INTERNAL, 0, "making the image: %s",
		       archive_error_string(writer->archive));
}

static bool set_zstd(struct archive *archive, int level)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", level);
	return archive_write_add_filter_zstd(archive) == ARCHIVE_OK &&
	       archive_write_set_filter_option(archive, "zstd", "compression-level",
					       text) == ARCHIVE_OK;
}

/*
 * SCHILY alone for the xattr, or GNU tar warns at each member; no padding of
 * the last block, or a compressed image gets zeros at its end that every
 * reader refuses.
 */
static bool set_format(struct archive *archive, const struct image_options *options)
{
	return archive_write_set_format_pax(archive) == ARCHIVE_OK &&
	       archive_write_set_format_option(archive, "pax", "xattrheader",
					       "SCHILY") == ARCHIVE_OK &&
	       (!options->zstd_level || set_zstd(archive, options->zstd_level)) &&
	       archive_write_set_bytes_per_block(archive, BLOCK_SIZE) ==
		       ARCHIVE_OK &&
	       archive_write_set_bytes_in_last_block(archive, 1) == ARCHIVE_OK;
}

static int open_archive(struct image_writer *writer, struct err *err)
{
	writer->archive = archive_write_new();
	writer->entry = archive_entry_new();
	writer->buffer = malloc(IMAGE_MEMBER_MAX);
	if (!writer->archive || !writer->entry || !writer->buffer || chain_init(&writer->chain))
		return image_no_memory(err);
	if (!set_format(writer->archive, &writer->options) ||
	    archive_write_open(writer->archive, writer, NULL, on_write, NULL) !=
		    ARCHIVE_OK)
		return write_failed(writer, err);
	return 0;
}

static int write_member(struct image_writer *writer, const char *name, const void *data, size_t len,
			const char *digest, struct err *err)
{
	struct archive_entry *entry = archive_entry_clear(writer->entry);

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_mtime(entry, writer->options.mtime_s, 0);
	archive_entry_set_size(entry, (la_int64_t)len);
	archive_entry_xattr_add_entry(entry, FORMAT_XATTR, digest, strlen(digest));
	if (archive_write_header(writer->archive, entry) != ARCHIVE_OK ||
	    archive_write_data(writer->archive, data, len) != (la_ssize_t)len)
		return write_failed(writer, err);
	return 0;
}

static int write_json(struct image_writer *writer, const char *name, const char *json, size_t len,
		      size_t max, struct err *err)
{
	if (!json || !len || len > max)
		return err_set(err, ERR_INTERNAL, 0,
			       "%s of %zu bytes, not 1 to %zu", name, len, max);
	chain_begin(&writer->chain, name);
	digest_update(writer->chain.digest, json, len);
	return write_member(writer, name, json, len, chain_end(&writer->chain), err);
}

static void writer_freep(struct image_writer **writer)
{
	image_writer_free(*writer);
}

int image_writer_open(struct image_writer **writer, int fd, const struct image_options *options,
		      const char *device_json, size_t device_len, struct err *err)
{
	CLEANUP(writer_freep) struct image_writer *made = calloc(1, sizeof(*made));

	*writer = NULL;
	if (!made)
		return image_no_memory(err);
	made->fd = fd;
	made->options = *options;
	made->stream = digest_new();
	if (!made->stream)
		return image_no_memory(err);
	if (!options->raw &&
	    (open_archive(made, err) ||
	     write_json(made, FORMAT_DEVICE, device_json, device_len,
			IMAGE_DEVICE_MAX, err)))
		return -1;
	*writer = TAKE_PTR(made);
	return 0;
}

/* The buffered member goes out, and the buffer is empty. */
static int flush_member(struct image_writer *writer, struct err *err)
{
	size_t len = writer->used;

	if (!len)
		return 0;
	writer->used = 0;
	writer->totals.members++;
	writer->totals.phases[writer->phase].members++;
	return write_member(writer, writer->name, writer->buffer, len,
			    chain_end(&writer->chain), err);
}

/* Before bytes of @phase are taken: the member they belong to has begun. */
static int begin_member(struct image_writer *writer, enum phase phase, struct err *err)
{
	if (phase != writer->phase && flush_member(writer, err))
		return -1;
	if (writer->flushed || phase < writer->phase)
		return err_set(err, ERR_INTERNAL, 0, "bytes of the phase %s come too late",
			       phase_name(phase));
	writer->phase = phase;
	if (writer->used || !writer->archive)
		return 0;
	if (writer->totals.members == FORMAT_MEMBERS_MAX)
		return err_set(err, ERR_UNSUPPORTED, 0, "the stream is too long for an image");
	format_member_name(writer->name, writer->totals.members, phase);
	chain_begin(&writer->chain, writer->name);
	return 0;
}

/* Digests and counts bytes that are in the buffer, or go out as they are. */
static void account_bytes(struct image_writer *writer, const void *data, size_t len)
{
	digest_update(writer->stream, data, len);
	if (writer->archive)
		digest_update(writer->chain.digest, data, len);
	writer->totals.bytes += len;
	writer->totals.phases[writer->phase].bytes += len;
}

static int write_raw(struct image_writer *writer, enum phase phase,
		     const void *data, size_t len, struct err *err)
{
	int ret;

	if (begin_member(writer, phase, err))
		return -1;
	account_bytes(writer, data, len);
	ret = write_all(writer->fd, data, len);
	if (ret)
		return err_from_errno(err, -ret, "writing the stream");
	return 0;
}

static int end_full_member(struct image_writer *writer, struct err *err)
{
	return writer->used == IMAGE_MEMBER_MAX ? flush_member(writer, err) : 0;
}

int image_writer_data(struct image_writer *writer, enum phase phase,
		      const void *data, size_t len, struct err *err)
{
	const unsigned char *p = data;

	if (!writer->archive)
		return write_raw(writer, phase, data, len, err);
	while (len) {
		size_t part = len < SLICE_SIZE ? len : SLICE_SIZE;

		if (begin_member(writer, phase, err))
			return -1;
		if (part > IMAGE_MEMBER_MAX - writer->used)
			part = IMAGE_MEMBER_MAX - writer->used;
		memcpy(writer->buffer + writer->used, p, part);
		account_bytes(writer, writer->buffer + writer->used, part);
		writer->used += part;
		p += part;
		len -= part;
		if (end_full_member(writer, err))
			return -1;
	}
	return 0;
}

void image_writer_digest(struct image_writer *writer, enum phase phase, const void *data,
			 size_t len, char digest[DIGEST_TEXT_SIZE])
{
	const unsigned char *p = data, *end = p + len;
	char name[FORMAT_NAME_SIZE];

	*digest = '\0';
	if (writer->archive) {
		format_member_name(name, writer->digested++, phase);
		chain_begin(&writer->chain, name);
	}
	while (p < end) {
		size_t part = (size_t)(end - p) < SLICE_SIZE ? (size_t)(end - p) : SLICE_SIZE;

		digest_update(writer->stream, p, part);
		if (writer->archive)
			digest_update(writer->chain.digest, p, part);
		p += part;
	}
	if (writer->archive)
		memcpy(digest, chain_end(&writer->chain), DIGEST_TEXT_SIZE);
}

int image_writer_member(struct image_writer *writer, enum phase phase, const void *data, size_t len,
			const char *digest, struct err *err)
{
	char name[FORMAT_NAME_SIZE];
	int ret;

	writer->totals.bytes += len;
	writer->totals.phases[phase].bytes += len;
	if (!writer->archive) {
		ret = write_all(writer->fd, data, len);
		return ret ? err_from_errno(err, -ret, "writing the stream") : 0;
	}
	if (writer->totals.members == FORMAT_MEMBERS_MAX)
		return err_set(err, ERR_UNSUPPORTED, 0, "the stream is too long for an image");
	format_member_name(name, writer->totals.members++, phase);
	writer->totals.phases[phase].members++;
	return write_member(writer, name, data, len, digest, err);
}

int image_writer_flush(struct image_writer *writer, struct image_totals *totals, struct err *err)
{
	if (flush_member(writer, err))
		return -1;
	writer->flushed = true;
	digest_text(writer->stream, writer->totals.digest);
	*totals = writer->totals;
	return 0;
}

int image_writer_finish(struct image_writer *writer, const char *manifest_json,
			size_t len, struct err *err)
{
	if (!writer->flushed)
		return err_set(err, ERR_INTERNAL, 0, "an image is finished before it is flushed");
	if (!writer->archive)
		return 0;
	if (write_json(writer, FORMAT_MANIFEST, manifest_json, len, IMAGE_MANIFEST_MAX, err))
		return -1;
	if (archive_write_close(writer->archive) != ARCHIVE_OK)
		return write_failed(writer, err);
	return 0;
}

void image_writer_free(struct image_writer *writer)
{
	if (!writer)
		return;
	/*
	 * libarchive writes an archive's end when it is freed, and an image cut
	 * short would look whole; told that it failed, it leaks (3.6).
	 */
	writer->dropped = true;
	archive_write_free(writer->archive);
	archive_entry_free(writer->entry);
	chain_free(&writer->chain);
	digest_free(writer->stream);
	free(writer->buffer);
	free(writer);
}
