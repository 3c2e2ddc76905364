/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "image/digest.h"
#include "image/format.h"
#include "image/source.h"

#define TAR_BLOCK 512
#define TAR_END (2 * TAR_BLOCK)  /* the zeros that end an archive */
#define PADDING_MAX (1u << 20)   /* more zeros after it: other tars pad their last record */

/* The bytes of a JSON member, the reader's. */
struct text {
	char *data;
	size_t len;
};

struct image_reader {
	struct source source;
	const struct image_json *json;
	struct archive *archive; /* NULL: a bare stream */
	unsigned char *buffer;   /* IMAGE_MEMBER_MAX bytes */
	struct text device, manifest;
	struct chain chain;
	struct digest *stream;
	enum phase phase;        /* of the member before */
	char name[FORMAT_NAME_SIZE];
	struct image_totals totals;
	bool over;
	bool whole; /* over, and everything was right */
};

/* What a member's header says. */
struct header {
	struct archive_entry *entry;
	const char *name;
	size_t size;
	char digest[DIGEST_TEXT_SIZE];
};

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, 0, "memory for an image");
}

static la_ssize_t on_read(struct archive *archive, void *data,
			  const void **block)
{
	struct source *source = data;
	int ret = source_next(source, &source->err);

	(void)archive;
	*block = source->block;
	return ret < 0 ? -1 : (la_ssize_t)source->block_len;
}

/* libarchive could not go on; @where names what it was at. */
static int archive_failed(struct image_reader *reader, const char *where,
			  struct err *err)
{
	const struct source *source = &reader->source;
	const char *words = archive_error_string(reader->archive);

	if (err_is_set(&source->err)) {
		*err = err_is_set(err) ? *err : source->err;
		return -1;
	}
	if (source->ended && words && strstr(words, "runcated"))
		return err_set(err, ERR_DAMAGED, 0,
			       "%s is truncated: it ends at byte %" PRIu64 ", %s",
			       source->name, source->read_bytes, where);
	return err_set(err, ERR_DAMAGED, 0, "%s is damaged, %s: %s",
		       source->name, where, words ? words : "unknown");
}

static int member_failed(struct image_reader *reader, const char *name,
			 struct err *err)
{
	char where[FORMAT_NAME_SIZE + 8];

	snprintf(where, sizeof(where), "inside %s", name);
	return archive_failed(reader, where, err);
}

static int truncated_after(struct image_reader *reader, struct err *err)
{
	return err_set(err, ERR_DAMAGED, 0,
		       "%s is truncated: its archive ends after %s, without %s",
		       reader->source.name, reader->name, FORMAT_MANIFEST);
}

/* May it be shown on a terminal? */
static bool is_plain_name(const char *name)
{
	if (!name)
		return false;
	while (*name > ' ' && *name <= '~')
		name++;
	return !*name;
}

/* The next header, with nothing judged yet: 1, 0 at the archive's end, -1. */
static int next_header(struct image_reader *reader, struct header *header,
		       struct err *err)
{
	char where[FORMAT_NAME_SIZE + 16];
	int ret = archive_read_next_header(reader->archive, &header->entry);

	if (ret == ARCHIVE_EOF)
		return 0;
	snprintf(where, sizeof(where), "%s %s",
		 *reader->name ? "after" : "at its", *reader->name
		 ? reader->name : "beginning");
	if (ret != ARCHIVE_OK)
		return archive_failed(reader, where, err);
	header->name = archive_entry_pathname(header->entry);
	if (!is_plain_name(header->name))
		return err_set(err, ERR_DAMAGED, 0,
			       "%s: the member %s has a name that is none of an image's",
			       reader->source.name, where);
	return 1;
}

/* A plain file and nothing that merely passes for one. */
static int check_type(struct image_reader *reader, const struct header *header,
		      struct err *err)
{
	struct archive_entry *entry = header->entry;

	if (archive_entry_filetype(entry) != AE_IFREG ||
	    archive_entry_hardlink(entry) || archive_entry_symlink(entry))
		return err_set(err, ERR_DAMAGED, 0,
			       "%s: %s is not a plain file",
			       reader->source.name, header->name);
	if (archive_entry_sparse_count(entry))
		return err_set(err, ERR_DAMAGED, 0, "%s: %s is sparse",
			       reader->source.name, header->name);
	return 0;
}

static int check_size(struct image_reader *reader, struct header *header,
		      size_t max, struct err *err)
{
	la_int64_t size = archive_entry_size(header->entry);

	if (!archive_entry_size_is_set(header->entry) || size <= 0 ||
	    (uint64_t)size > max)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s: %s claims %" PRId64 " bytes, not 1 to %zu",
			       reader->source.name, header->name, size, max);
	header->size = (size_t)size;
	return 0;
}

/* Exactly one digest, as text. */
static int find_digest(struct image_reader *reader, struct header *header,
		       struct err *err)
{
	const char *key;
	const void *value;
	size_t len, found = 0;

	archive_entry_xattr_reset(header->entry);
	while (archive_entry_xattr_next(header->entry, &key, &value, &len) ==
	       ARCHIVE_OK) {
		if (!key || strcmp(key, FORMAT_XATTR))
			continue;
		if (++found > 1 || !digest_is_text(value, len))
			return err_set(err, ERR_DAMAGED, 0,
				       "%s: the digest of %s is not one",
				       reader->source.name, header->name);
		memcpy(header->digest, value, len);
		header->digest[len] = '\0';
	}
	if (found)
		return 0;
	return err_set(err, ERR_DAMAGED, 0, "%s: %s has no digest",
		       reader->source.name, header->name);
}

/* All that is judged before a member's data is read. */
static int check_header(struct image_reader *reader, struct header *header,
			size_t max, struct err *err)
{
	return check_type(reader, header, err) ||
	       check_size(reader, header, max, err) ||
	       find_digest(reader, header, err) ? -1 : 0;
}

static int digest_wrong(struct image_reader *reader,
			const struct header *header, struct err *err)
{
	if (!strncmp(header->name, "state/", 6))
		return err_set(err, ERR_DAMAGED, 0,
			       "%s: the digest of %s (bytes %" PRIu64
			       " to %" PRIu64 " of the stream) does not fit: its contents have changed, or it is not in its place",
			       reader->source.name, header->name,
			       reader->totals.bytes,
			       reader->totals.bytes + header->size - 1);
	return err_set(err, ERR_DAMAGED, 0,
		       "%s: the digest of %s does not fit: its contents have changed",
		       reader->source.name, header->name);
}

/* The data of a member into @to, digested on the way, the stream's too with @stream. */
static int read_data(struct image_reader *reader, const struct header *header,
		     unsigned char *to, struct digest *stream, struct err *err)
{
	size_t got = 0;
	const void *block;
	la_int64_t offset;
	size_t len;
	int ret;

	while ((ret = archive_read_data_block(reader->archive, &block, &len,
					      &offset)) == ARCHIVE_OK) {
		if ((uint64_t)offset != got || len > header->size - got)
			return err_set(err, ERR_DAMAGED, 0, "%s: %s has holes",
				       reader->source.name, header->name);
		memcpy(to + got, block, len);
		digest_update(reader->chain.digest, to + got, len);
		if (stream)
			digest_update(stream, to + got, len);
		got += len;
	}
	if (ret != ARCHIVE_EOF || got != header->size)
		return member_failed(reader, header->name, err);
	return 0;
}

static int read_member(struct image_reader *reader, const struct header *header,
		       unsigned char *to, struct digest *stream,
		       struct err *err)
{
	chain_begin(&reader->chain, header->name);
	if (read_data(reader, header, to, stream, err))
		return -1;
	if (strcmp(chain_end(&reader->chain), header->digest))
		return digest_wrong(reader, header, err);
	snprintf(reader->name, sizeof(reader->name), "%s", header->name);
	return 0;
}

static int read_text(struct image_reader *reader, struct header *header,
		     size_t max, struct text *text, struct err *err)
{
	if (check_header(reader, header, max, err))
		return -1;
	text->data = malloc(header->size + 1);
	if (!text->data)
		return no_memory(err);
	text->len = header->size;
	text->data[text->len] = '\0';
	return read_member(reader, header, (unsigned char *)text->data, NULL,
			   err);
}

static int read_device(struct image_reader *reader, struct err *err)
{
	struct header header;
	int ret = next_header(reader, &header, err);

	if (ret < 0)
		return -1;
	if (!ret || strcmp(header.name, FORMAT_DEVICE))
		return err_set(err, ERR_DAMAGED, 0,
			       "%s is an archive, but not an image: it begins with %s, not with %s",
			       reader->source.name, ret ? header.name : "its end",
			       FORMAT_DEVICE);
	if (read_text(reader, &header, IMAGE_DEVICE_MAX, &reader->device, err))
		return -1;
	if (reader->json->device(reader->device.data, reader->device.len, err))
		return err_wrap(err, "%s: %s", reader->source.name,
				FORMAT_DEVICE);
	return 0;
}

static int open_image(struct image_reader *reader, struct err *err)
{
	reader->archive = archive_read_new();
	reader->buffer = malloc(IMAGE_MEMBER_MAX);
	if (!reader->archive || !reader->buffer || chain_init(&reader->chain))
		return no_memory(err);
	if (archive_read_support_format_tar(reader->archive) != ARCHIVE_OK)
		return err_set(err, ERR_INTERNAL, 0, "libarchive reads no tar");
	if (archive_read_open(reader->archive, &reader->source, NULL, on_read,
			      NULL) != ARCHIVE_OK)
		return archive_failed(reader, "at its beginning", err);
	return read_device(reader, err);
}

static void reader_freep(struct image_reader **reader)
{
	image_reader_free(*reader);
}

int image_reader_open(struct image_reader **reader, int fd, const char *name,
		      const struct image_json *json, struct err *err)
{
	CLEANUP(reader_freep) struct image_reader *made =
		calloc(1, sizeof(*made));

	*reader = NULL;
	if (!made)
		return no_memory(err);
	made->json = json;
	made->stream = digest_new();
	if (!made->stream)
		return no_memory(err);
	if (source_open(&made->source, fd, name, err))
		return -1;
	if (made->source.kind != SOURCE_BARE && open_image(made, err))
		return -1;
	*reader = TAKE_PTR(made);
	return 0;
}

enum image_kind image_reader_kind(const struct image_reader *reader)
{
	return reader->archive ? IMAGE_TAR : IMAGE_STREAM;
}

bool image_reader_is_compressed(const struct image_reader *reader)
{
	return reader->source.kind == SOURCE_ZSTD;
}

const char *image_reader_device(const struct image_reader *reader, size_t *len)
{
	*len = reader->device.len;
	return reader->device.data;
}

const char *image_reader_manifest(const struct image_reader *reader,
				  size_t *len)
{
	*len = reader->whole ? reader->manifest.len : 0;
	return reader->whole ? reader->manifest.data : NULL;
}

/* The name that belongs here, in one of the phases that may come; else an error. */
static int check_name(struct image_reader *reader, const char *name,
		      enum phase *phase, struct err *err)
{
	char want[FORMAT_NAME_SIZE];

	for (*phase = reader->phase; *phase < PHASE_COUNT; (*phase)++) {
		format_member_name(want, reader->totals.members, *phase);
		if (!strcmp(name, want))
			return 0;
	}
	format_member_name(want, reader->totals.members, reader->phase);
	return err_set(err, ERR_DAMAGED, 0,
		       "%s: %s stands where %s belongs: a member is missing, repeated, foreign or out of order",
		       reader->source.name, name, want);
}

static void count(struct image_reader *reader, enum phase phase, size_t len,
		  bool member)
{
	struct phase_total *total = &reader->totals.phases[phase];

	reader->phase = phase;
	reader->totals.bytes += len;
	reader->totals.members += member;
	total->bytes += len;
	total->members += member;
}

static int next_member(struct image_reader *reader, struct header *header,
		       struct image_member *member, struct err *err)
{
	enum phase phase;

	if (check_name(reader, header->name, &phase, err) ||
	    check_header(reader, header, IMAGE_MEMBER_MAX, err) ||
	    read_member(reader, header, reader->buffer, reader->stream, err))
		return -1;
	*member = (struct image_member){
		.phase = phase,
		.offset = reader->totals.bytes,
		.data = reader->buffer,
		.len = header->size,
	};
	snprintf(member->name, sizeof(member->name), "%s", header->name);
	memcpy(member->digest, header->digest, sizeof(member->digest));
	count(reader, phase, header->size, true);
	return 1;
}

static int check_zeros(struct image_reader *reader, const unsigned char *p,
		       size_t len, size_t *seen, struct err *err)
{
	*seen += len;
	if (*seen > PADDING_MAX)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s: too many zeros follow the end of the archive",
			       reader->source.name);
	while (len--)
		if (*p++)
			return err_set(err, ERR_DAMAGED, 0,
				       "%s: something follows the end of the archive",
				       reader->source.name);
	return 0;
}

/* After the two blocks of zeros there is nothing but zeros, and the file's end. */
static int check_rest(struct image_reader *reader, uint64_t end,
		      struct err *err)
{
	struct source *source = &reader->source;
	size_t rest = (size_t)(source->given_bytes - end);
	size_t seen = 0;
	int ret;

	if (rest > source->block_len)
		return err_set(err, ERR_INTERNAL, 0,
			       "%s: lost in the archive", source->name);
	if (check_zeros(reader, source->block + source->block_len - rest, rest,
			&seen, err))
		return -1;
	while ((ret = source_next(source, err)) > 0)
		if (check_zeros(reader, source->block, source->block_len,
				&seen, err))
			return -1;
	return ret;
}

/*
 * libarchive takes any end of the file at a header's place for the archive's;
 * how far it went tells whether the two blocks of zeros were there.
 */
static int check_end(struct image_reader *reader, struct err *err)
{
	uint64_t end = (uint64_t)archive_filter_bytes(reader->archive, 0) +
		       TAR_END;
	struct header header;
	int ret = next_header(reader, &header, err);

	if (ret < 0)
		return -1;
	if (ret)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s: %s follows %s, which ends an image",
			       reader->source.name, header.name,
			       FORMAT_MANIFEST);
	if ((uint64_t)archive_filter_bytes(reader->archive, 0) != end)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s is truncated: the end of the archive is missing",
			       reader->source.name);
	return check_rest(reader, end, err);
}

static bool same_totals(const struct image_totals *a,
			const struct image_totals *b)
{
	for (unsigned int i = 0; i < PHASE_COUNT; i++)
		if (a->phases[i].bytes != b->phases[i].bytes ||
		    a->phases[i].members != b->phases[i].members)
			return false;
	return a->bytes == b->bytes && a->members == b->members &&
	       !strcmp(a->digest, b->digest);
}

static int check_totals(struct image_reader *reader, struct err *err)
{
	struct image_totals promised = {}, counted;

	if (reader->json->manifest(reader->manifest.data, reader->manifest.len,
				   &promised, err))
		return err_wrap(err, "%s: %s", reader->source.name,
				FORMAT_MANIFEST);
	image_reader_totals(reader, &counted);
	if (same_totals(&promised, &counted))
		return 0;
	return err_set(err, ERR_DAMAGED, 0,
		       "%s: %s promises %" PRIu64 " bytes in %" PRIu64
		       " members, digest %s; there are %" PRIu64
		       " bytes in %" PRIu64 " members, digest %s",
		       reader->source.name, FORMAT_MANIFEST, promised.bytes,
		       promised.members, promised.digest, counted.bytes,
		       counted.members, counted.digest);
}

static int read_manifest(struct image_reader *reader, struct header *header,
			 struct err *err)
{
	return read_text(reader, header, IMAGE_MANIFEST_MAX, &reader->manifest,
			 err) ||
	       check_end(reader, err) || check_totals(reader, err) ? -1 : 0;
}

static int next_of_image(struct image_reader *reader,
			 struct image_member *member, struct err *err)
{
	struct header header;
	int ret = next_header(reader, &header, err);

	if (ret < 0)
		return -1;
	if (!ret)
		return truncated_after(reader, err);
	if (!strcmp(header.name, FORMAT_MANIFEST))
		return read_manifest(reader, &header, err);
	return next_member(reader, &header, member, err);
}

static int next_of_stream(struct image_reader *reader,
			  struct image_member *member, struct err *err)
{
	struct source *source = &reader->source;
	int ret = source_next(source, err);

	if (ret <= 0)
		return ret;
	*member = (struct image_member){
		.phase = PHASE_STOP_COPY,
		.offset = reader->totals.bytes,
		.data = source->block,
		.len = source->block_len,
	};
	digest_update(reader->stream, member->data, member->len);
	count(reader, PHASE_STOP_COPY, member->len, false);
	return 1;
}

int image_reader_next(struct image_reader *reader, struct image_member *member,
		      struct err *err)
{
	int ret;

	if (reader->over)
		return err_set(err, ERR_INTERNAL, 0, "%s was read to its end",
			       reader->source.name);
	ret = reader->archive ? next_of_image(reader, member, err)
			      : next_of_stream(reader, member, err);
	reader->over = ret <= 0;
	reader->whole = ret == 0;
	return ret;
}

void image_reader_totals(const struct image_reader *reader,
			 struct image_totals *totals)
{
	*totals = reader->totals;
	digest_text(reader->stream, totals->digest);
}

void image_reader_free(struct image_reader *reader)
{
	if (!reader)
		return;
	archive_read_free(reader->archive);
	source_close(&reader->source);
	chain_free(&reader->chain);
	digest_free(reader->stream);
	free(reader->device.data);
	free(reader->manifest.data);
	free(reader->buffer);
	free(reader);
}
