/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/check_members.h"

#include <string.h>

#include "image/format.h"
#include "image/view.h"

int member_check_init(struct member_check *pass, const struct view *view, struct err *err)
{
	size_t n;

	pass->view = view;
	pass->extents = view_extents(view, &n);
	return chain_init(&pass->chain) ? image_no_memory(err) : 0;
}

void member_check_free(struct member_check *pass)
{
	chain_free(&pass->chain);
}

/* Each member follows on what the header before it says: so one that is damaged does not make others look so. */
static void begin_member(struct member_check *pass, size_t i)
{
	char name[FORMAT_NAME_SIZE];

	chain_pass(&pass->chain, i ? pass->extents[i - 1].digest : view_seed(pass->view));
	format_member_name(name, i, pass->extents[i].phase);
	chain_begin(&pass->chain, name);
}

int member_check_take(const struct parallel_block *block, void *data, struct err *err)
{
	struct member_check *pass = data;

	if (block->first)
		begin_member(pass, block->extent);
	digest_update(pass->chain.digest, block->data, block->len);
	if (block->last && strcmp(chain_end(&pass->chain),
				  pass->extents[block->extent].digest) &&
	    !pass->n_bad++)
		pass->first_bad = block->extent;
	return 0;
}

int member_check_require(const struct member_check *pass, struct damage *damage, struct err *err)
{
	const struct view_extent *bad;
	char name[FORMAT_NAME_SIZE];

	if (!pass->n_bad)
		return 0;
	bad = &pass->extents[pass->first_bad];
	format_member_name(name, pass->first_bad, bad->phase);
	if (damage) {
		*damage = (struct damage){ .offset = bad->offset,
					   .len = bad->len };
		memcpy(damage->member, name, sizeof(damage->member));
	}
	err_set(err, ERR_DAMAGED, 0,
		"%s: the digest of %s does not fit: there is damage somewhere in bytes %" PRIu64
		" to %" PRIu64 " of the stream", view_name(pass->view), name,
		bad->offset, bad->offset + bad->len - 1);
	image_hint_damage(err, "good", bad->offset, pass->first_bad, 0);
	return -1;
}

int digest_require_total(const struct view *view,
			 const char digest[DIGEST_TEXT_SIZE], struct err *err)
{
	const char *promised = view_totals(view)->digest;

	if (!strcmp(promised, digest))
		return 0;
	return err_set(err, ERR_DAMAGED, 0,
		       "%s: %s promises a stream with the digest %s, and this one has %s",
		       view_name(view), FORMAT_MANIFEST, promised, digest);
}
