/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/extract.h"

#include "image/check_members.h"
#include "image/common.h"
#include "lib/cleanup.h"

/* What is wanted of the blocks that pass: from @begin to before @end. */
struct cut {
	uint64_t begin, end;
	struct digest_pass members;
	struct digest *digest;
	extract_sink_fn sink;
	void *sink_data;
};

static void cut_free(struct cut *cut)
{
	digest_pass_free(&cut->members);
	digest_free(cut->digest);
}

/* The part of a block that is wanted; false: none is. */
static bool wanted(const struct cut *cut, const struct sweep_block *block,
		   const unsigned char **data, size_t *len)
{
	uint64_t begin = block->offset, end = begin + block->len;

	if (begin < cut->begin)
		begin = cut->begin;
	if (end > cut->end)
		end = cut->end;
	if (begin >= end)
		return false;
	*data = block->data + (begin - block->offset);
	*len = (size_t)(end - begin);
	return true;
}

static int take_out(const struct sweep_block *block, void *data,
		    struct err *err)
{
	const struct cut *cut = data;
	const unsigned char *bytes;
	size_t len;

	if (!wanted(cut, block, &bytes, &len))
		return 0;
	return cut->sink(bytes, len, cut->sink_data, err);
}

static int take_digest(const struct sweep_block *block, void *data,
		       struct err *err)
{
	const struct cut *cut = data;
	const unsigned char *bytes;
	size_t len;

	(void)err;
	if (wanted(cut, block, &bytes, &len))
		digest_update(cut->digest, bytes, len);
	return 0;
}

/* A digest is of a whole member: from where the first one begins to where the last one ends. */
static struct sweep_range whole_members(const struct view *view,
					const struct cut *cut)
{
	struct sweep_range range = { .offset = cut->begin };
	const struct view_extent *extents;
	size_t n;

	extents = view_extents(view, &n);
	for (size_t i = 0; i < n && extents[i].offset < cut->end; i++) {
		uint64_t end = extents[i].offset + extents[i].len;

		if (end <= cut->begin)
			continue;
		if (extents[i].offset < range.offset)
			range.offset = extents[i].offset;
		range.len = end - range.offset;
	}
	return range;
}

static int run(struct cut *cut, const struct view *view,
	       unsigned int n_threads, struct err *err)
{
	bool is_image = view_kind(view) == IMAGE_TAR;
	struct sweep_range range = {
		.offset = cut->begin, .len = cut->end - cut->begin,
	};
	const struct sweep_stage stages[] = {
		{ take_out, cut }, { take_digest, cut },
		{ digest_pass_take, &cut->members },
	};

	if (!range.len)
		return 0;
	if (is_image)
		range = whole_members(view, cut);
	return sweep_run(view, n_threads, &range, stages, is_image ? 3 : 2,
			 err) ||
	       (is_image && digest_pass_require(&cut->members, NULL, err))
		       ? -1 : 0;
}

int image_extract(const struct view *view, uint64_t offset, uint64_t len,
		  unsigned int n_threads, extract_sink_fn sink,
		  void *sink_data, char digest[DIGEST_TEXT_SIZE],
		  struct err *err)
{
	CLEANUP(cut_free) struct cut cut = {
		.begin = offset, .end = offset + len,
		.sink = sink, .sink_data = sink_data,
	};

	cut.digest = digest_new();
	if (!cut.digest)
		return image_no_memory(err);
	if (digest_pass_init(&cut.members, view, err) ||
	    run(&cut, view, n_threads, err))
		return -1;
	digest_text(cut.digest, digest);
	if (view_kind(view) != IMAGE_TAR || len != view_size(view))
		return 0;
	return digest_require_total(view, digest, err);
}
