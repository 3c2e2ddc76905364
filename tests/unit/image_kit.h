/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images in memory, well made and ill made, for the tests of src/image. */
#ifndef TESTS_IMAGE_KIT_H
#define TESTS_IMAGE_KIT_H

#include <archive.h>
#include <archive_entry.h>

#include "image/digest.h"
#include "image/reader.h"
#include "image/view.h"
#include "image/writer.h"

struct bytes {
	unsigned char *data;
	size_t len;
};

void bytes_free(struct bytes *bytes);

/** noise - @len bytes that look like none of the formats, the same ones for the same seed */
struct bytes noise(size_t len, unsigned int seed);

/** struct recipe - how an image is made by the tool's writer */
struct recipe {
	size_t pre_copy; /* bytes of the stream in that phase */
	size_t step;     /* bytes handed over at a time; 0: all */
	int zstd_level;
	bool raw;
	bool unfinished; /* freed before the manifest */
};

struct bytes make_image(const struct bytes *stream, const struct recipe *recipe);

/** struct reading - what the tool's reader made of some bytes */
struct reading {
	int ret; /* of the last call: 0 or -1 */
	struct err err;
	bool opened;
	bool unknown; /* neither an image nor a stream of records */
	enum image_kind kind;
	struct bytes stream; /* all that was handed out */
	struct bytes device, manifest;
	struct image_totals totals;
	size_t n_members;
	struct image_member first, last; /* without data */
};

struct reading read_image(const void *data, size_t len);
void reading_free(struct reading *reading);

/**
 * bit_step, cut_step - from one bit of an image that is turned over to the next, and from one length that it is cut to to the next
 *
 * One: all of them. Under the sanitizers, where each costs many times as much, a
 * step by which every bit of a byte, and every field of a header, has its turn; one
 * there too if LONG is in the environment.
 */
size_t bit_step(void);
size_t cut_step(void);

/** turn_bit - turn over the bit @bit of an image, counted from its first byte's lowest */
void turn_bit(const struct bytes *image, size_t bit);

/** view_fd - view_open() of the file @fd */
int view_fd(struct view **view, int fd, struct err *err);

/** view_bytes - view_open() of a regular file of these bytes */
int view_bytes(struct view **view, const void *data, size_t len, struct err *err);

/** struct builder - an archive made by hand; the chain of digests is kept right unless told otherwise */
struct builder {
	struct archive *archive;
	unsigned char *data;
	size_t size, used;
	struct chain chain;
	struct image_totals totals;
	struct bytes stream;
};

/** struct oddity - how a member differs from a good one */
struct oddity {
	unsigned int type;   /* AE_IF...; 0: a plain file */
	const char *link;    /* symlink or hardlink target */
	bool hard;
	bool sparse;
	const char *digest;  /* in the header, instead of the right one; "": none */
	const char *digest2; /* a second one */
};

void build_begin(struct builder *builder);
void build_device(struct builder *builder, const char *json);
void build_member(struct builder *builder, const char *name, const void *data,
		  size_t len, const struct oddity *odd);
/** build_state - a good member of the stream, whatever its name */
void build_state(struct builder *builder, const char *name, enum phase phase, size_t len);
void build_manifest(struct builder *builder);
struct bytes build_end(struct builder *builder);

/** build_image - begun, with a good device.json */
void build_image(struct builder *builder);
/** build_600 - a good member of 600 bytes, of the phase stop_copy */
void build_600(struct builder *builder, const char *name);
/** good_image - 100 bytes of pre_copy and 600 of stop_copy: that it is taken proves that others are refused for what is wrong with them */
struct bytes good_image(void);

/** is_refused - is it read as damaged, in words that hold @words? Else says what was made of it */
bool is_refused(const char *what, const void *data, size_t len, const char *words);

/** good_device, good_manifest - malloc'ed texts */
char *good_device(void);
char *good_manifest(const struct image_totals *totals);

#endif
