/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image is made of, see mlxmigctl-image(5): phases, totals, what is checked, and what its reader and writer must agree on. */
#ifndef IMAGE_FORMAT_H
#define IMAGE_FORMAT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/err.h"
#include "lib/text.h"

#define DIGEST_TEXT_SIZE 33 /* 32 lower-case hex digits of an XXH3-128 */

/* The phases of a stream: bytes belong to the phase in which read() gave them. */
enum phase { PHASE_PRE_COPY, PHASE_STOP_COPY, PHASE_COUNT };

/** phase_name - "pre_copy", "stop_copy": as in members' names and JSON keys */
const char *phase_name(enum phase phase);

struct phase_total {
	uint64_t bytes;
	uint64_t members; /* of the image */
	uint64_t duration_ns;
};

/** struct image_totals - what an image's manifest promises and its members hold */
struct image_totals {
	struct phase_total phases[PHASE_COUNT]; /* bytes and members */
	uint64_t bytes;                         /* of the bare stream */
	uint64_t members;                       /* of the stream; 0 when it is bare */
	char digest[DIGEST_TEXT_SIZE];          /* XXH3-128 of the bare stream */
};

/** struct image_origin - by what and when an image was written */
struct image_origin {
	char kernel[80];       /* release, as uname -r tells it */
	char tool[32];         /* version of mlxmigctl */
	uint64_t saved_unix_ns; /* CLOCK_REALTIME when the save began */
};

/* What is checked, in the order in which it is told. */
enum check {
	CHECK_DIGESTS,   /* every member's contents are those that its header's digest is of */
	CHECK_STRUCTURE, /* names, order, types, sizes, the JSON members, the archive's end */
	CHECK_TOTALS,    /* the manifest's counts and digest of the stream */
	CHECK_FRAMING,   /* the records of the stream */
	CHECK_COUNT,
};

/** check_name - "structure" and the like: keys of the document */
const char *check_name(enum check check);

/**
 * struct damage - where something is wrong
 * @member: of the image; empty where that is not known, or there is none
 * @offset: of the stream: where the member's bytes begin, or the framing ends
 * @len: of the member's bytes; 0: not known, or it holds nothing of the stream
 * @where: in words, where they say more than the rest; else NULL
 */
struct damage {
	enum check check;
	char member[64];
	uint64_t offset;
	uint64_t len;
	const char *where;
};

#define FORMAT_DEVICE "device.json"
#define FORMAT_MANIFEST "manifest.json"
#define FORMAT_XATTR "user.mlxmigctl.xxh3"
#define FORMAT_MEMBERS_MAX 100000000u /* more would not fit the name's 8 digits */
#define FORMAT_NAME_SIZE 64

/*
 * The window that a reader of --zstd must allocate: level 19 asks for 8 MiB,
 * and what asks for more was not written by us.
 */
#define FORMAT_WINDOW_MAX (8u << 20)

static inline void format_member_name(char name[FORMAT_NAME_SIZE],
				      uint64_t number, enum phase phase)
{
	snprintf(name, FORMAT_NAME_SIZE, "state/%08" PRIu64 "-%s", number, phase_name(phase));
}

/** image_no_memory - ERR_NO_MEMORY; returns -1 */
static inline int image_no_memory(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, 0, "memory for an image");
}

/** image_hint_repack - how to make an image again of members that may be whole, as the hint of ERR_DAMAGED; returns -1 */
int image_hint_repack(struct err *err);

/** image_operand - an input's name for a command in a hint; "FILE" for standard input; returns @buf or that */
const char *image_operand(char buf[OPERAND_SIZE], const char *name) __attribute__((nonnull(1, 2)));

/**
 * image_hint_filter - the command that makes a file that can be verified of one that cannot, as the hint; returns -1
 * @lead: what the command is for
 * @name: of the input, as messages call it
 * @compressed: with zstd, and @filter takes what is uncompressed
 * @filter: "tail -c +28"
 */
int image_hint_filter(struct err *err, const char *lead, const char *name, bool compressed,
		      const char *filter) __attribute__((nonnull(1, 2, 3, 5)));

/**
 * image_hint_damage - what there is of a damaged image, and what can be done, as the hint of ERR_DAMAGED
 * @word: what it is up to there: "good", or "there" where no digest was checked
 * @part: bytes of the member in which the image ends
 */
void image_hint_damage(struct err *err, const char *word, uint64_t bytes, uint64_t members,
		       uint64_t part);

#endif
