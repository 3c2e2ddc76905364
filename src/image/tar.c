/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "image/content.h"

#define TAR_BLOCK 512
#define TAR_END (2 * TAR_BLOCK)  /* the zeros that end an archive */
#define HEADERS_MAX (1u << 20)   /* of one member, all of which libarchive keeps in memory */
#define PADDING_MAX (1u << 20)   /* more zeros after it: other tars pad their last record */

static la_ssize_t on_read(struct archive *archive, void *data, const void **block)
{
	struct tar *tar = data;
	struct decompressor *source = tar->source;
	int ret;

	if (tar->in_header && source->given_bytes - tar->header_at >= HEADERS_MAX)
		return err_set(&source->err, ERR_DAMAGED, 0,
			       "%s is damaged: the headers of one member have more than %u bytes",
			       source->name, HEADERS_MAX);
	ret = decompressor_next(source, &source->err);
	*block = source->block;
	return ret < 0 ? -1 : (la_ssize_t)source->block_len;
}

static la_int64_t on_skip(struct archive *archive, void *data, la_int64_t len)
{
	struct tar *tar = data;

	return (la_int64_t)decompressor_skip(tar->source, (uint64_t)len);
}

/* A record of a pax header ends with LF; here the first one ends with CR LF. */
static bool was_text_mode(const struct decompressor *source)
{
	const unsigned char *p = source->block;
	const unsigned char *end;

	if (source->given_bytes != source->block_len || source->block_len < 2 * TAR_BLOCK)
		return false;
	end = memchr(p + TAR_BLOCK, '\n', TAR_BLOCK);
	return end && end[-1] == '\r' && memchr(p + TAR_BLOCK, '=', (size_t)(end - p) - TAR_BLOCK);
}

static int text_mode(struct tar *tar, struct err *err)
{
	tar->where = "in all of the file";
	err_set(err, ERR_DAMAGED, 0,
		"%s was sent in text mode: CR LF stands in it where LF was", tar->source->name);
	return err_hint(err, "copy it anew from where it was saved, in binary mode");
}

/* libarchive could not go on; @where names what it was at. */
static int archive_failed(struct tar *tar, const char *where, struct err *err)
{
	const struct decompressor *source = tar->source;

	if (err_is_set(&source->err)) {
		*err = err_is_set(err) ? *err : source->err;
		return -1;
	}
	if (was_text_mode(source))
		return text_mode(tar, err);
	if (source->exhausted)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s is truncated: it ends at byte %" PRIu64 ", %s",
			       source->name, source->read_bytes, where);
	return err_set(err, ERR_DAMAGED, 0, "%s is damaged, %s: what stands there is no part of a tar",
		       source->name, where);
}

static int member_failed(struct tar *tar, const char *name, struct err *err)
{
	char where[FORMAT_NAME_SIZE + 8];

	snprintf(where, sizeof(where), "inside %s", name);
	return archive_failed(tar, where, err);
}

int tar_open(struct tar *tar, struct decompressor *source, struct err *err)
{
	*tar = (struct tar){ .source = source };
	tar->archive = archive_read_new();
	if (!tar->archive || chain_init(&tar->chain))
		return err_set(err, ERR_NO_MEMORY, 0, "memory for an archive");
	if (archive_read_support_format_tar(tar->archive) != ARCHIVE_OK ||
	    archive_read_set_skip_callback(tar->archive, on_skip) != ARCHIVE_OK)
		return err_set(err, ERR_INTERNAL, 0, "libarchive reads no tar");
	if (archive_read_open(tar->archive, tar, NULL, on_read, NULL) != ARCHIVE_OK)
		return archive_failed(tar, "at its beginning", err);
	return 0;
}

void tar_close(struct tar *tar)
{
	archive_read_free(tar->archive);
	chain_free(&tar->chain);
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

/* Where a header is, for messages. */
static void where_of(const struct tar *tar, char where[FORMAT_NAME_SIZE + 8])
{
	if (*tar->name)
		snprintf(where, FORMAT_NAME_SIZE + 8, "after %s", tar->name);
	else
		snprintf(where, FORMAT_NAME_SIZE + 8, "at its beginning");
}

int tar_next(struct tar *tar, struct tar_header *header, struct err *err)
{
	char where[FORMAT_NAME_SIZE + 8];
	int ret;

	tar->in_header = true;
	tar->header_at = tar->source->given_bytes;
	ret = archive_read_next_header(tar->archive, &header->entry);
	tar->in_header = false;
	if (ret == ARCHIVE_EOF)
		return 0;
	where_of(tar, where);
	if (ret != ARCHIVE_OK)
		return archive_failed(tar, where, err);
	header->name = archive_entry_pathname(header->entry);
	if (!is_plain_name(header->name))
		return err_set(err, ERR_DAMAGED, 0,
			       "%s: the member %s has a name that is none of an image's",
			       tar->source->name, where);
	return 1;
}

int64_t tar_position(const struct tar *tar)
{
	return archive_filter_bytes(tar->archive, 0);
}

/* A plain file and nothing that merely passes for one. */
static int check_type(struct tar *tar, const struct tar_header *header, struct err *err)
{
	struct archive_entry *entry = header->entry;

	if (archive_entry_filetype(entry) != AE_IFREG ||
	    archive_entry_hardlink(entry) || archive_entry_symlink(entry))
		return err_set(err, ERR_DAMAGED, 0, "%s: %s is not a plain file", tar->source->name,
			       header->name);
	if (archive_entry_sparse_count(entry))
		return err_set(err, ERR_DAMAGED, 0, "%s: %s is sparse",
			       tar->source->name, header->name);
	return 0;
}

static int check_size(struct tar *tar, struct tar_header *header, size_t max, struct err *err)
{
	la_int64_t size = archive_entry_size(header->entry);

	if (!archive_entry_size_is_set(header->entry) || size <= 0 || (uint64_t)size > max)
		return err_set(err, ERR_DAMAGED, 0, "%s: %s claims %" PRId64 " bytes, not 1 to %zu",
			       tar->source->name, header->name, size, max);
	header->size = (size_t)size;
	return 0;
}

/* Exactly one digest, as text. */
static int find_digest(struct tar *tar, struct tar_header *header, struct err *err)
{
	const char *key;
	const void *value;
	size_t len, found = 0;

	archive_entry_xattr_reset(header->entry);
	while (archive_entry_xattr_next(header->entry, &key, &value, &len) == ARCHIVE_OK) {
		if (!key || strcmp(key, FORMAT_XATTR))
			continue;
		if (++found > 1 || !digest_is_text(value, len))
			return err_set(err, ERR_DAMAGED, 0, "%s: the digest of %s is not one",
				       tar->source->name, header->name);
		memcpy(header->digest, value, len);
		header->digest[len] = '\0';
	}
	if (found)
		return 0;
	return err_set(err, ERR_DAMAGED, 0, "%s: %s has no digest",
		       tar->source->name, header->name);
}

int tar_judge(struct tar *tar, struct tar_header *header, size_t max, struct err *err)
{
	return check_type(tar, header, err) ||
	       check_size(tar, header, max, err) || find_digest(tar, header, err) ? -1 : 0;
}

/* The data of a member into @to, digested on the way, the stream's too with @stream. */
static int read_data(struct tar *tar, const struct tar_header *header,
		     unsigned char *to, struct digest *stream, struct err *err)
{
	size_t got = 0;
	const void *block;
	la_int64_t offset;
	size_t len;
	int ret;

	while ((ret = archive_read_data_block(tar->archive, &block, &len, &offset)) == ARCHIVE_OK) {
		if ((uint64_t)offset != got || len > header->size - got)
			return err_set(err, ERR_DAMAGED, 0, "%s: %s has holes",
				       tar->source->name, header->name);
		memcpy(to + got, block, len);
		digest_update(tar->chain.digest, to + got, len);
		if (stream)
			digest_update(stream, to + got, len);
		got += len;
	}
	if (ret != ARCHIVE_EOF || got != header->size)
		return member_failed(tar, header->name, err);
	return 0;
}

int tar_read(struct tar *tar, const struct tar_header *header,
	     unsigned char *to, struct digest *stream, struct err *err)
{
	chain_begin(&tar->chain, header->name);
	if (read_data(tar, header, to, stream, err))
		return -1;
	tar->mismatch = strcmp(chain_end(&tar->chain), header->digest);
	if (tar->mismatch)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s: the digest of %s does not fit: its contents have changed, or it is not in its place",
			       tar->source->name, header->name);
	snprintf(tar->name, sizeof(tar->name), "%s", header->name);
	return 0;
}

/*
 * What a header claims and what the archive holds of it may differ (a map of
 * holes that has none): then the data are not those at the member's place.
 */
int tar_skip(struct tar *tar, const struct tar_header *header, struct err *err)
{
	uint64_t end = (uint64_t)tar_position(tar) + header->size + TAR_BLOCK - 1;

	end -= end % TAR_BLOCK;
	if (archive_read_data_skip(tar->archive) != ARCHIVE_OK)
		return member_failed(tar, header->name, err);
	if ((uint64_t)tar_position(tar) != end)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s: %s does not hold the %zu bytes that it claims",
			       tar->source->name, header->name, header->size);
	chain_pass(&tar->chain, header->digest);
	snprintf(tar->name, sizeof(tar->name), "%s", header->name);
	return 0;
}

/* struct rest - what follows the end of the archive, which is at byte @end of it */
struct rest {
	uint64_t end;
	uint64_t seen;
};

static int something_follows(struct tar *tar, const struct rest *rest, const char *what, bool image,
			     struct err *err)
{
	const struct decompressor *source = tar->source;
	char filter[40];

	snprintf(filter, sizeof(filter), "head -c %" PRIu64, rest->end);
	err_set(err, ERR_DAMAGED, 0, "%s: the image ends at byte %" PRIu64 "%s, and %s", source->name,
		rest->end, source->zstd ? " of what is compressed" : "", what);
	return image_hint_filter(err, image ? "take the first one alone" : "take the image alone",
				 source->name, source->zstd, filter);
}

static int check_zeros(struct tar *tar, const unsigned char *p, size_t len,
		       struct rest *rest, struct err *err)
{
	rest->seen += len;
	if (rest->seen > PADDING_MAX)
		return something_follows(tar, rest, "more zeros follow than a tar pads with", false,
					 err);
	for (; len && !*p; len--)
		p++;
	if (!len)
		return 0;
	if (content_begins_image(p, len))
		return something_follows(tar, rest, "another image follows", true, err);
	return something_follows(tar, rest, "what follows is not part of it", false, err);
}

/* After the two blocks of zeros there is nothing but zeros, and the file's end. */
static int check_rest(struct tar *tar, uint64_t end, struct err *err)
{
	struct decompressor *source = tar->source;
	size_t here = (size_t)(source->given_bytes - end);
	struct rest rest = { .end = end };
	int ret;

	if (here > source->block_len)
		return err_set(err, ERR_INTERNAL, 0, "%s: lost in the archive", source->name);
	if (check_zeros(tar, source->block + source->block_len - here, here, &rest, err))
		return -1;
	while ((ret = decompressor_next(source, err)) > 0)
		if (check_zeros(tar, source->block, source->block_len, &rest, err))
			return -1;
	return ret;
}

/*
 * libarchive takes any end of the file at a header's place for the archive's;
 * how far it went tells whether the two blocks of zeros were there.
 */
int tar_end(struct tar *tar, struct err *err)
{
	uint64_t end = (uint64_t)archive_filter_bytes(tar->archive, 0) + TAR_END;
	struct tar_header header;
	int ret = tar_next(tar, &header, err);

	tar->where = "behind " FORMAT_MANIFEST ", the last member";
	if (ret < 0)
		return -1;
	if (ret)
		return err_set(err, ERR_DAMAGED, 0, "%s: %s follows %s, which ends an image",
			       tar->source->name, header.name, tar->name);
	if ((uint64_t)archive_filter_bytes(tar->archive, 0) != end)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s is truncated: the end of the archive is missing",
			       tar->source->name);
	return check_rest(tar, end, err);
}
