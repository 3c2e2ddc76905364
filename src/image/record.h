/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The migration stream of mlx5's variant drivers: records of a 16-byte
 * little-endian header (le64 size of the payload, le32 flags, le32 tag) and a
 * payload. A stream that does not begin with a record is one bare image.
 */
#ifndef IMAGE_RECORD_H
#define IMAGE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/mlx5.h"

#define RECORD_HEADER_SIZE 16
#define RECORD_OPTIONAL (1u << 0) /* flag: a reader that does not know the tag skips it */

enum record_tag {
	RECORD_FW_DATA = 0,
	RECORD_STOP_COPY_SIZE = 1,
};

struct record {
	uint64_t offset; /* of the header in the stream */
	uint64_t size;   /* of the payload */
	uint32_t flags;
	uint32_t tag;
};

/**
 * struct record_parser - takes a stream in pieces of any size
 *
 * Memory is constant: payloads pass by. Zero it to begin. The format is known
 * from the 16th byte on, by the variant driver's rule: records when the first
 * header has no flag but OPTIONAL, and is FW_DATA of 1 to 2^32 - 1 bytes with
 * flags 0, STOP_COPY_SIZE of 8 bytes, or a tag up to 65535 of up to 1 MiB.
 */
struct record_parser {
	enum stream_format format;
	uint64_t offset;         /* bytes fed so far */
	uint64_t payload_left;   /* of the present record */
	unsigned char header[RECORD_HEADER_SIZE];
	size_t header_len;       /* bytes of the next header that have come */
	uint64_t n_records;
	uint64_t fw_bytes;       /* payload bytes under RECORD_FW_DATA; of a bare image, all */
	struct record last;      /* the header seen last */
	bool broken;             /* framing lost: no driver takes the header in @last */
};

typedef int (*record_fn)(const struct record *record, void *data);

/**
 * record_feed - the next @len bytes of the stream
 *
 * Calls @fn (may be NULL) for each header completed, with the offset of the
 * header; a non-zero return of @fn ends the feed and is returned. Otherwise 0.
 */
int record_feed(struct record_parser *parser, const void *data, size_t len,
		record_fn fn, void *fn_data) __attribute__((nonnull(1)));

/**
 * record_pass - pass over up to @len bytes as if they had been fed, without having them
 *
 * Of a payload, of a bare image, and of what follows broken framing; how many
 * those were: 0 where the parser has to see what comes.
 */
uint64_t record_pass(struct record_parser *parser, uint64_t len) __attribute__((nonnull(1)));

/** record_complete - may the stream end here? (not inside a header or payload, and it held firmware data) */
bool record_complete(const struct record_parser *parser) __attribute__((nonnull(1)));

/** record_flaw - why no driver takes this header (text), or NULL */
const char *record_flaw(const struct record *record) __attribute__((nonnull(1)));

/**
 * record_require_complete - ERR_DAMAGED unless the stream may end here
 *
 * Says at which byte and in what it ends, or what broke it. 0 or -1.
 */
int record_require_complete(const struct record_parser *parser,
			    struct err *err) __attribute__((nonnull(1, 2)));

/** record_tag_name - "FW_DATA"; NULL when unknown */
const char *record_tag_name(uint32_t tag);

/** stream_format_name - "records", "bare" or "unknown" */
const char *stream_format_name(enum stream_format format);

#endif
