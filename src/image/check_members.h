/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The members that parallel_run() passes, held against the digests in their headers. Private to this room. */
#ifndef IMAGE_CHECK_MEMBERS_H
#define IMAGE_CHECK_MEMBERS_H

#include "image/digest.h"
#include "image/parallel.h"

/**
 * struct member_check - what was found so far
 * @first_bad: index among the view's extents; where @n_bad, the number of
 *             members whose digests do not fit, is not 0
 */
struct member_check {
	const struct view *view;
	const struct view_extent *extents;
	struct chain chain;
	size_t first_bad;
	uint64_t n_bad;
};

/** member_check_init - for an image; @pass is zeroed; 0 or -1; member_check_free() in any case */
int member_check_init(struct member_check *pass, const struct view *view, struct err *err);

/** member_check_free - harmless on a zeroed one */
void member_check_free(struct member_check *pass);

/** member_check_take - of a struct parallel_stage; @pass is a struct member_check; members must come whole; 0 always */
int member_check_take(const struct parallel_block *block, void *pass, struct err *err);

/**
 * member_check_require - 0, or -1 with ERR_DAMAGED: the first member whose digest does not fit
 * @damage: takes where it is, but for the check; may be NULL
 */
int member_check_require(const struct member_check *pass, struct damage *damage, struct err *err);

/** digest_require_total - 0, or -1 with ERR_DAMAGED: the manifest promises another digest than @digest for all of the stream */
int digest_require_total(const struct view *view,
			 const char digest[DIGEST_TEXT_SIZE], struct err *err);

#endif
