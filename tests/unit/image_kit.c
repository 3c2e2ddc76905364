/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image_kit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/io.h"
#include "image/members.h"
#include "migrate/transfer.h"
#include "image/writer.h"
#include "image/reader.h"
#include "image/view.h"

#define BUILDER_SIZE (12u << 20)

static const struct device device = {
	.kind = DEVICE_VF,
	.name = "0000:3b:00.2",
	.vendor_id = 0x15b3,
	.device_id = 0x101e,
	.vf_number = 3,
	.fw_version = "28.41.1000",
	.psid = "MT_0000000834",
};

static const struct image_origin origin = {
	.kernel = "6.12.0", .tool = "0.1.0",
	.saved_unix_ns = 1700000000000000000u,
};

static void must(bool fine, const char *what)
{
	if (!fine) {
		fprintf(stderr, "image_kit: %s\n", what);
		abort();
	}
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){};
}

struct bytes noise(size_t len, unsigned int seed)
{
	struct bytes bytes = { malloc(len + 1), len };
	uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;

	must(bytes.data, "memory");
	for (size_t i = 0; i < len; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		bytes.data[i] = (unsigned char)(x >> 56);
	}
	return bytes;
}

char *good_device(void)
{
	return device_json_make(&device, &origin);
}

char *good_manifest(const struct image_totals *totals)
{
	struct transfer transfer = { .origin = STATE_RUNNING };

	return manifest_json_make(totals, &transfer);
}

static int memory_file(const void *data, size_t len)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	must(fd >= 0 && !write_all(fd, data, len) && !lseek(fd, 0, SEEK_SET), "memfd");
	return fd;
}

static struct bytes file_bytes(int fd)
{
	struct bytes bytes = { .len = (size_t)lseek(fd, 0, SEEK_END) };

	bytes.data = malloc(bytes.len + 1);
	must(bytes.data && !lseek(fd, 0, SEEK_SET) &&
	     read_full(fd, bytes.data, bytes.len) == (ssize_t)bytes.len,
	     "reading back");
	return bytes;
}

static void write_stream(struct image_writer *writer, const struct bytes *stream,
			 const struct recipe *recipe, struct err *err)
{
	size_t step = recipe->step ? recipe->step : stream->len;

	for (size_t at = 0; at < stream->len;) {
		bool early = at < recipe->pre_copy;
		size_t end = early ? recipe->pre_copy : stream->len;
		size_t part = end - at < step ? end - at : step;

		must(!image_writer_data(writer,
					early ? PHASE_PRE_COPY : PHASE_STOP_COPY,
					stream->data + at, part, err),
		     err->message);
		at += part;
	}
}

struct bytes make_image(const struct bytes *stream, const struct recipe *recipe)
{
	struct image_options options = {
		.raw = recipe->raw, .zstd_level = recipe->zstd_level,
		.mtime_s = 1700000000,
	};
	int fd = memory_file("", 0);
	struct image_writer *writer;
	struct image_totals totals;
	struct err err = ERR_INIT;
	char *json = good_device();
	struct bytes image;

	must(!image_writer_open(&writer, fd, &options, json, strlen(json), &err), err.message);
	free(json);
	write_stream(writer, stream, recipe, &err);
	must(!image_writer_flush(writer, &totals, &err), err.message);
	json = good_manifest(&totals);
	if (!recipe->unfinished)
		must(!image_writer_finish(writer, json, strlen(json), &err), err.message);
	free(json);
	image_writer_free(writer);
	image = file_bytes(fd);
	close(fd);
	return image;
}

static void append(struct bytes *bytes, const void *data, size_t len)
{
	bytes->data = realloc(bytes->data, bytes->len + len + 1);
	must(bytes->data, "memory");
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

static void read_opened(struct image_reader *reader, struct reading *reading)
{
	struct image_member member;
	const char *json;
	size_t len;

	reading->opened = true;
	reading->kind = image_reader_kind(reader);
	json = image_reader_device(reader, &len);
	append(&reading->device, json ? json : "", len);
	while ((reading->ret = image_reader_next(reader, &member, &reading->err)) > 0) {
		append(&reading->stream, member.data, member.len);
		member.data = NULL;
		if (!reading->n_members++)
			reading->first = member;
		reading->last = member;
	}
	reading->unknown = reading->kind == IMAGE_STREAM &&
			   content_is_unknown(image_reader_content(reader));
	image_reader_totals(reader, &reading->totals);
	json = image_reader_manifest(reader, &len);
	append(&reading->manifest, json ? json : "", len);
}

struct reading read_image(const void *data, size_t len)
{
	struct reading reading = { .ret = -1 };
	struct image_reader *reader;
	int fd = memory_file(data, len);

	if (!image_reader_open(&reader, fd, "it", &reading.err))
		read_opened(reader, &reading);
	image_reader_free(reader);
	close(fd);
	return reading;
}

void reading_free(struct reading *reading)
{
	bytes_free(&reading->stream);
	bytes_free(&reading->device);
	bytes_free(&reading->manifest);
}

static size_t step_of(size_t sample)
{
#ifdef __SANITIZE_ADDRESS__
	return getenv("LONG") ? 1 : sample;
#else
	(void)sample;
	return 1;
#endif
}

size_t bit_step(void)
{
	return step_of(13);
}

size_t cut_step(void)
{
	return step_of(8);
}

void turn_bit(const struct bytes *image, size_t bit)
{
	image->data[bit / 8] ^= (unsigned char)(1u << bit % 8);
}

int view_fd(struct view **view, int fd, struct err *err)
{
	static char path[64]; /* which the view keeps */

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return view_open(view, path, err);
}

int view_bytes(struct view **view, const void *data, size_t len, struct err *err)
{
	int fd = memory_file(data, len);
	int ret = view_fd(view, fd, err);

	close(fd);
	return ret;
}

void build_begin(struct builder *builder)
{
	*builder = (struct builder){ .size = BUILDER_SIZE };
	builder->data = malloc(builder->size);
	builder->archive = archive_write_new();
	must(builder->data && builder->archive && !chain_init(&builder->chain), "memory");
	archive_write_set_format_pax(builder->archive);
	archive_write_set_format_option(builder->archive, "pax", "xattrheader", "SCHILY");
	archive_write_set_bytes_in_last_block(builder->archive, 1);
	must(!archive_write_open_memory(builder->archive, builder->data,
					builder->size, &builder->used),
	     "archive");
}

static void set_oddities(struct archive_entry *entry, const struct oddity *odd, size_t len)
{
	if (odd->type)
		archive_entry_set_filetype(entry, odd->type);
	if (odd->link && odd->hard)
		archive_entry_set_hardlink(entry, odd->link);
	else if (odd->link)
		archive_entry_set_symlink(entry, odd->link);
	if (odd->sparse)
		archive_entry_sparse_add_entry(entry, (la_int64_t)len / 2,
					       (la_int64_t)(len - len / 2));
	if (odd->digest2)
		archive_entry_xattr_add_entry(entry, "user.mlxmigctl.xxh3", odd->digest2,
					      strlen(odd->digest2));
}

void build_member(struct builder *builder, const char *name, const void *data,
		  size_t len, const struct oddity *odd)
{
	static const struct oddity none;
	struct archive_entry *entry = archive_entry_new();
	const char *digest;

	chain_begin(&builder->chain, name);
	digest_update(builder->chain.digest, data, len);
	digest = chain_end(&builder->chain);
	odd = odd ? odd : &none;
	digest = odd->digest ? odd->digest : digest;
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_size(entry, (la_int64_t)len);
	if (*digest)
		archive_entry_xattr_add_entry(entry, "user.mlxmigctl.xxh3", digest, strlen(digest));
	set_oddities(entry, odd, len);
	must(archive_write_header(builder->archive, entry) >= ARCHIVE_WARN, "header");
	if (!odd->type && !odd->link)
		archive_write_data(builder->archive, data, len);
	archive_write_finish_entry(builder->archive);
	archive_entry_free(entry);
}

void build_device(struct builder *builder, const char *json)
{
	char *good = json ? NULL : good_device();

	json = json ? json : good;
	build_member(builder, "device.json", json, strlen(json), NULL);
	free(good);
}

void build_state(struct builder *builder, const char *name, enum phase phase, size_t len)
{
	struct bytes data = noise(len, (unsigned int)builder->stream.len + 1);

	build_member(builder, name, data.data, len, NULL);
	append(&builder->stream, data.data, len);
	builder->totals.bytes += len;
	builder->totals.members++;
	builder->totals.phases[phase].bytes += len;
	builder->totals.phases[phase].members++;
	bytes_free(&data);
}

void build_manifest(struct builder *builder)
{
	struct digest *digest = digest_new();
	char *json;

	if (!*builder->totals.digest) {
		digest_update(digest, builder->stream.data, builder->stream.len);
		digest_text(digest, builder->totals.digest);
	}
	digest_free(digest);
	json = good_manifest(&builder->totals);
	build_member(builder, "manifest.json", json, strlen(json), NULL);
	free(json);
}

struct bytes build_end(struct builder *builder)
{
	archive_write_close(builder->archive);
	archive_write_free(builder->archive);
	chain_free(&builder->chain);
	bytes_free(&builder->stream);
	return (struct bytes){ builder->data, builder->used };
}

void build_image(struct builder *builder)
{
	build_begin(builder);
	build_device(builder, NULL);
}

void build_600(struct builder *builder, const char *name)
{
	build_state(builder, name, PHASE_STOP_COPY, 600);
}

struct bytes good_image(void)
{
	struct builder builder;

	build_image(&builder);
	build_state(&builder, "state/00000000-pre_copy", PHASE_PRE_COPY, 100);
	build_600(&builder, "state/00000001-stop_copy");
	build_manifest(&builder);
	return build_end(&builder);
}

bool is_refused(const char *what, const void *data, size_t len, const char *words)
{
	struct reading reading = read_image(data, len);
	bool is = reading.ret == -1 && reading.err.code == ERR_DAMAGED &&
		  strstr(reading.err.message, words);

	if (!is)
		printf("# %s: returns %d, code %s, \"%s\", expected \"%s\"\n", what, reading.ret,
		       err_name(reading.err.code), reading.err.message, words);
	reading_free(&reading);
	return is;
}
