/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/reader.h"

#include <stdlib.h>
#include <string.h>

#include "image/content.h"
#include "image/members.h"
#include "image/tar.h"
#include "image/writer.h"
#include "lib/cleanup.h"

/* The bytes of a JSON member, the reader's. */
struct text {
	char *data;
	size_t len;
};

struct image_reader {
	struct decompressor source;
	struct tar tar;        /* of an image */
	unsigned char *buffer; /* the present member */
	size_t buffer_size;
	struct text device, manifest;
	struct digest *stream;
	enum phase phase;      /* of the member before */
	struct image_totals totals;
	struct damage at; /* the present member, in case that it is damaged */
	uint64_t data_at; /* of the present member in the archive; 0: not reached */
	struct content_scan content; /* of what is no image */
	bool skims;
	bool over;
	bool whole;            /* over, and everything was right */
};

static int truncated_after(struct image_reader *reader, struct err *err)
{
	return err_set(err, ERR_DAMAGED, 0,
		       "%s is truncated: its archive ends after %s, without %s",
		       reader->source.name, reader->tar.name, FORMAT_MANIFEST);
}

static int read_text(struct image_reader *reader, struct tar_header *header,
		     size_t max, struct text *text, struct err *err)
{
	if (tar_judge(&reader->tar, header, max, err))
		return -1;
	text->data = malloc(header->size + 1);
	if (!text->data)
		return image_no_memory(err);
	text->len = header->size;
	text->data[text->len] = '\0';
	return tar_read(&reader->tar, header, (unsigned char *)text->data, NULL, err);
}

/* A file that an image does not have; what ends with a slash is a directory. */
static bool is_foreign_file(const char *name)
{
	size_t len = strlen(name);

	return len && name[len - 1] != '/' && !content_is_member_path(name);
}

static int hint_extract(struct err *err)
{
	return err_hint(err, "if an image is in that archive, extract it (tar -xf), and name the image");
}

/*
 * No member that can be seen has a digest: another program made the archive, of
 * members that may be whole. A flipped bit takes the digest from one member alone.
 */
static int hint_repacked(struct image_reader *reader, struct err *err)
{
	const unsigned char *p = reader->source.block;
	size_t len = reader->source.block_len;

	if (reader->tar.mismatch || memmem(p, len, FORMAT_XATTR, strlen(FORMAT_XATTR)))
		return -1;
	return content_has_member_names(p, len) ? image_hint_repack(err) : hint_extract(err);
}

static int read_device(struct image_reader *reader, struct err *err)
{
	struct tar_header header;
	int ret = tar_next(&reader->tar, &header, err);

	if (ret < 0)
		return -1;
	if (!ret || strcmp(header.name, FORMAT_DEVICE)) {
		err_set(err, ERR_DAMAGED, 0,
			"%s is an archive, but not an image: it begins with %s, not with %s",
			reader->source.name, ret ? header.name : "its end", FORMAT_DEVICE);
		return ret && is_foreign_file(header.name) ? hint_extract(err) :
							     hint_repacked(reader, err);
	}
	if (read_text(reader, &header, IMAGE_DEVICE_MAX, &reader->device, err))
		return hint_repacked(reader, err);
	if (device_json_check(reader->device.data, reader->device.len, err))
		return err_wrap(err, "%s: %s", reader->source.name, FORMAT_DEVICE);
	return 0;
}

/* What the tar knows better than by the member's name. */
static void take_where(struct image_reader *reader)
{
	reader->at.where = reader->tar.where;
	if (reader->at.where)
		*reader->at.member = '\0';
}

/* Of one that is damaged there only damage is to be told any more. */
static int open_image(struct image_reader *reader, struct err *err)
{
	reader->at = (struct damage){ .check = CHECK_STRUCTURE };
	snprintf(reader->at.member, sizeof(reader->at.member), FORMAT_DEVICE);
	if (!tar_open(&reader->tar, &reader->source, err) && !read_device(reader, err))
		return 0;
	take_where(reader);
	if (reader->tar.mismatch)
		reader->at.check = CHECK_DIGESTS;
	reader->over = true;
	return -1;
}

static int open_stream(struct image_reader *reader)
{
	size_t len;
	const unsigned char *first = decompressor_peek(&reader->source, &len);

	content_scan_begin(&reader->content, first, len);
	reader->content.compressed = reader->source.zstd;
	return 0;
}

/* Of what is compressed nothing can be read. */
static struct image_reader *unjudged(struct image_reader *reader)
{
	reader->content.look = reader->source.nested ? LOOK_ZSTD : LOOK_NOTHING;
	reader->over = true;
	return reader;
}

int image_reader_try(struct image_reader **reader, int fd, const char *name, struct err *err)
{
	CLEANUP(image_reader_freep) struct image_reader *made = calloc(1, sizeof(*made));

	*reader = NULL;
	if (!made)
		return image_no_memory(err);
	made->stream = digest_new();
	if (!made->stream)
		return image_no_memory(err);
	if (decompressor_open(&made->source, fd, name, err)) {
		if (err->code == ERR_UNJUDGED)
			*reader = unjudged(TAKE_PTR(made));
		return -1;
	}
	*reader = TAKE_PTR(made);
	return (*reader)->source.kind == SOURCE_BARE ? open_stream(*reader) :
						       open_image(*reader, err);
}

int image_reader_open(struct image_reader **reader, int fd, const char *name, struct err *err)
{
	int ret = image_reader_try(reader, fd, name, err);

	if (!ret)
		ret = content_refuse_packed((*reader)->content.look, name, err);
	if (ret)
		image_reader_free(TAKE_PTR(*reader));
	return ret;
}

void image_reader_limit(uint64_t bytes)
{
	decompressor_limit(bytes);
}

enum image_kind image_reader_kind(const struct image_reader *reader)
{
	return reader->source.kind == SOURCE_BARE ? IMAGE_STREAM : IMAGE_TAR;
}

bool image_reader_is_compressed(const struct image_reader *reader)
{
	return reader->source.zstd;
}

bool image_reader_skim(struct image_reader *reader)
{
	reader->skims = decompressor_skim(&reader->source);
	return reader->skims;
}

const struct content_scan *image_reader_content(const struct image_reader *reader)
{
	return &reader->content;
}

const struct damage *image_reader_damage(const struct image_reader *reader)
{
	return &reader->at;
}

const char *image_reader_seed(const struct image_reader *reader)
{
	return reader->tar.chain.last;
}

const char *image_reader_device(const struct image_reader *reader, size_t *len)
{
	*len = reader->device.len;
	return reader->device.data;
}

const char *image_reader_manifest(const struct image_reader *reader, size_t *len)
{
	*len = reader->whole ? reader->manifest.len : 0;
	return reader->whole ? reader->manifest.data : NULL;
}

/* The name that belongs here, in one of the phases that may come; else an error. */
static int expect_name(struct image_reader *reader, const char *name,
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

static void count_member(struct image_reader *reader, enum phase phase, size_t len, bool member)
{
	struct phase_total *total = &reader->totals.phases[phase];

	reader->phase = phase;
	reader->totals.bytes += len;
	reader->totals.members += member;
	total->bytes += len;
	total->members += member;
}

/* Room for a member, whose size was judged. */
static int reserve_buffer(struct image_reader *reader, size_t size, struct err *err)
{
	if (size <= reader->buffer_size)
		return 0;
	free(reader->buffer);
	reader->buffer_size = 0;
	reader->buffer = malloc(size);
	if (!reader->buffer)
		return image_no_memory(err);
	reader->buffer_size = size;
	return 0;
}

/* A judged member's data into the buffer, or passed over. */
static int take_data(struct image_reader *reader, const struct tar_header *header, struct err *err)
{
	if (reader->skims)
		return tar_skip(&reader->tar, header, err);
	return reserve_buffer(reader, header->size, err) ||
	       tar_read(&reader->tar, header, reader->buffer, reader->stream, err) ? -1 : 0;
}

static int next_member(struct image_reader *reader, struct tar_header *header,
		       struct image_member *member, struct err *err)
{
	int64_t at = reader->source.zstd ? -1 : tar_position(&reader->tar);
	enum phase phase;

	if (expect_name(reader, header->name, &phase, err) ||
	    tar_judge(&reader->tar, header, IMAGE_MEMBER_MAX, err))
		return -1;
	reader->at.len = header->size;
	reader->data_at = (uint64_t)tar_position(&reader->tar);
	if (take_data(reader, header, err))
		return -1;
	*member = (struct image_member){
		.phase = phase,
		.offset = reader->totals.bytes,
		.file_offset = at,
		.data = reader->skims ? NULL : reader->buffer,
		.len = header->size,
	};
	snprintf(member->name, sizeof(member->name), "%s", header->name);
	memcpy(member->digest, header->digest, sizeof(member->digest));
	count_member(reader, phase, header->size, true);
	return 1;
}

/* The digests aside. */
static bool same_counts(const struct image_totals *a, const struct image_totals *b)
{
	for (unsigned int i = 0; i < PHASE_COUNT; i++)
		if (a->phases[i].bytes != b->phases[i].bytes ||
		    a->phases[i].members != b->phases[i].members)
			return false;
	return a->bytes == b->bytes && a->members == b->members;
}

static int check_totals(struct image_reader *reader, struct err *err)
{
	struct image_totals promised = {}, counted;

	if (manifest_json_read(reader->manifest.data, reader->manifest.len, &promised, err))
		return err_wrap(err, "%s: %s", reader->source.name, FORMAT_MANIFEST);
	if (reader->skims)
		memcpy(reader->totals.digest, promised.digest, sizeof(promised.digest));
	image_reader_totals(reader, &counted);
	if (same_counts(&promised, &counted) && !strcmp(promised.digest, counted.digest))
		return 0;
	reader->at.check = CHECK_TOTALS;
	return err_set(err, ERR_DAMAGED, 0,
		       "%s: %s promises %" PRIu64 " bytes in %" PRIu64
		       " members, digest %s; there are %" PRIu64
		       " bytes in %" PRIu64 " members, digest %s",
		       reader->source.name, FORMAT_MANIFEST, promised.bytes,
		       promised.members, promised.digest, counted.bytes,
		       counted.members, counted.digest);
}

static int read_manifest(struct image_reader *reader, struct tar_header *header, struct err *err)
{
	if (read_text(reader, header, IMAGE_MANIFEST_MAX, &reader->manifest, err) ||
	    check_totals(reader, err))
		return -1;
	return tar_end(&reader->tar, err) ? image_hint_repack(err) : 0;
}

static int next_of_image(struct image_reader *reader, struct image_member *member, struct err *err)
{
	struct tar_header header;
	int ret;

	reader->at = (struct damage){
		.check = CHECK_STRUCTURE, .offset = reader->totals.bytes,
	};
	reader->data_at = 0;
	ret = tar_next(&reader->tar, &header, err);
	if (ret < 0)
		return -1;
	if (!ret)
		return truncated_after(reader, err);
	snprintf(reader->at.member, sizeof(reader->at.member), "%s", header.name);
	if (!strcmp(header.name, FORMAT_MANIFEST))
		return read_manifest(reader, &header, err);
	return next_member(reader, &header, member, err);
}

#define ZEROS_MAX (16u << 20) /* of which a few bytes of zstd make any number */

static int refuse_zeros(const struct image_reader *reader, struct err *err)
{
	const struct content_scan *content = &reader->content;

	if (!reader->source.zstd || content->offset < ZEROS_MAX ||
	    content_look_now(content) != LOOK_ZEROS)
		return 0;
	return content_unjudged(LOOK_ZEROS, reader->source.name, NULL, err);
}

static int next_of_stream(struct image_reader *reader, struct image_member *member, struct err *err)
{
	struct decompressor *source = &reader->source;
	int ret = decompressor_next(source, err);

	if (ret <= 0)
		return ret;
	*member = (struct image_member){
		.phase = PHASE_STOP_COPY,
		.offset = reader->totals.bytes,
		.file_offset = source->zstd ? -1 : (int64_t)reader->totals.bytes,
		.data = source->block,
		.len = source->block_len,
	};
	content_scan_take(&reader->content, member->data, member->len);
	if (content_require_no_image(&reader->content, source->name, err) ||
	    refuse_zeros(reader, err))
		return -1;
	digest_update(reader->stream, member->data, member->len);
	count_member(reader, PHASE_STOP_COPY, member->len, false);
	return 1;
}

/* How much there is of the member in which the input ends. */
static uint64_t partial_bytes(const struct image_reader *reader)
{
	const struct decompressor *source = &reader->source;

	return source->exhausted && reader->data_at && source->given_bytes > reader->data_at ?
		       source->given_bytes - reader->data_at : 0;
}

int image_reader_next(struct image_reader *reader, struct image_member *member, struct err *err)
{
	int ret;

	if (reader->over)
		return err_set(err, ERR_INTERNAL, 0, "%s was read to its end", reader->source.name);
	ret = reader->source.kind == SOURCE_BARE
		      ? next_of_stream(reader, member, err) : next_of_image(reader, member, err);
	reader->over = ret <= 0;
	reader->whole = ret == 0;
	if (reader->tar.mismatch)
		reader->at.check = CHECK_DIGESTS;
	if (ret < 0)
		take_where(reader);
	if (ret < 0 && reader->source.kind != SOURCE_BARE)
		image_hint_damage(err, reader->skims ? "there" : "good", reader->totals.bytes,
				  reader->totals.members, partial_bytes(reader));
	return ret;
}

void image_reader_totals(const struct image_reader *reader, struct image_totals *totals)
{
	*totals = reader->totals;
	if (!reader->skims)
		digest_text(reader->stream, totals->digest);
}

void image_reader_free(struct image_reader *reader)
{
	if (!reader)
		return;
	tar_close(&reader->tar);
	decompressor_close(&reader->source);
	digest_free(reader->stream);
	free(reader->device.data);
	free(reader->manifest.data);
	free(reader->buffer);
	free(reader);
}
