/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which piece of one stream belongs to which of another. Pure: takes what was
 * found of each, and reads nothing.
 */
#ifndef DIFF_ALIGN_H
#define DIFF_ALIGN_H

#include "diff/diff.h"

#define ALIGN_RECORDS_MAX (128u << 10) /* a stream of more is one piece */

/**
 * align_pieces - cut a stream into pieces
 * @side: bytes, format, n_records and whole are known; its pieces are made
 * @records: its records, side->n_records of them, in order; with more than
 *           ALIGN_RECORDS_MAX it is not looked at, and may be NULL
 *
 * 0, or -ENOMEM.
 */
int align_pieces(struct diff_side *side, const struct record *records) __attribute__((nonnull(1)));

/**
 * align_pair - make diff->pairs
 *
 * ALIGN_RECORDS: pieces of the same tag, in order; equal headers at the begin
 * and at the end find each other first, so that a record more or less moves
 * nothing else; and where no tag fits, what has the same size. ALIGN_OFFSETS: what stands at the same place, cut at the
 * borders of the stream whose framing is whole (else the first one's), which
 * the other side's pieces are replaced by. ALIGN_AUTO becomes one of both:
 * by records where both are whole, and not too many. 0, or -ENOMEM.
 */
int align_pair(struct diff *diff) __attribute__((nonnull(1)));

/**
 * struct common - how much of a pair has a partner
 * @pieces: of both sides; NULL where there is none
 * @header, @payload: bytes of them that are on both sides, from their beginning
 */
struct common {
	const struct piece *pieces[DIFF_SIDES];
	uint64_t header, payload;
};

struct common align_common(const struct diff *diff, const struct diff_pair *pair)
	__attribute__((nonnull(1, 2)));

/** align_free - what align_pieces() and align_pair() made */
void align_free(struct diff *diff) __attribute__((nonnull(1)));

#endif
