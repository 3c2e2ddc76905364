/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/compat.h"

#include "image/members.h"
#include "json/document.h"

static json_t *side_of(const struct compat_side *side)
{
	return json_pack("{s:o, s:s, s:I}", "name", report_string(side->name),
			 "kind", compat_kind_name(side->kind),
			 "devices", (json_int_t)side->n);
}

static json_t *pairs_of(const struct compat *compat)
{
	json_t *pairs = json_array();

	for (size_t i = 0; i < compat->n_pairs; i++) {
		const struct compat_pair *pair = &compat->pairs[i];

		json_array_append_new(
			pairs, json_pack("{s:o, s:o, s:s, s:o}",
					 "source", report_string(pair->source->name),
					 "target", report_string(pair->target->name),
					 "fit", fit_name(pair->fit.verdict),
					 "facts", report_identity(&pair->fit)));
	}
	return pairs;
}

json_t *report_compat(const struct compat *compat)
{
	json_t *document = report_new("compat");
	json_t *homeless = json_array();

	for (size_t i = 0; i < compat->n_homeless; i++)
		json_array_append_new(homeless,
				      report_string(compat->homeless[i]->name));
	json_object_set_new(document, "fit",
			    json_string(fit_name(compat->verdict)));
	json_object_set_new(document, "source", side_of(&compat->source));
	json_object_set_new(document, "target", side_of(&compat->target));
	json_object_set_new(document, "without_target", homeless);
	json_object_set_new(document, "pairs", pairs_of(compat));
	json_object_set_new(document, "pairs_not_listed",
			    json_integer((json_int_t)compat->n_pairs_more));
	return document;
}
