/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compat/compat.h"

#include <stdlib.h>

/* The best that the target has for one device of the source. */
static enum fit judge_source(struct compat *compat, const struct device *source)
{
	const struct compat_side *target = &compat->target;
	enum fit best = FIT_FORBIDS;

	for (size_t i = 0; i < target->n; i++) {
		struct compat_pair pair = { source, &target->devices[i], {} };

		identity_compare(source, pair.target, &pair.fit);
		if (pair.fit.verdict < best)
			best = pair.fit.verdict;
		if (compat->n_pairs < compat->limit)
			compat->pairs[compat->n_pairs++] = pair;
		else
			compat->n_pairs_more++;
	}
	return best;
}

int compat_judge(struct compat *compat, struct err *err)
{
	size_t n_sources = compat->source.n, n_targets = compat->target.n;
	bool limited = n_sources && n_targets > compat->limit / n_sources;
	size_t room = limited ? compat->limit : n_sources * n_targets;

	compat->pairs = calloc(room + 1, sizeof(*compat->pairs));
	compat->homeless = calloc(n_sources + 1, sizeof(*compat->homeless));
	if (!compat->pairs || !compat->homeless)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu comparisons", room);
	compat->verdict = FIT_YES;
	for (size_t i = 0; i < n_sources; i++) {
		const struct device *source = &compat->source.devices[i];
		enum fit fit = judge_source(compat, source);

		if (fit == FIT_FORBIDS)
			compat->homeless[compat->n_homeless++] = source;
		if (fit > compat->verdict)
			compat->verdict = fit;
	}
	return 0;
}

void compat_free(struct compat *compat)
{
	free(compat->source.devices);
	free(compat->target.devices);
	free(compat->pairs);
	free(compat->homeless);
	*compat = (struct compat){};
}

const char *compat_kind_name(enum compat_kind kind)
{
	static const char *const names[] = {
		[COMPAT_IMAGE] = "image",
		[COMPAT_DOCUMENT] = "document",
		[COMPAT_DEVICE] = "device",
	};

	return names[kind];
}
