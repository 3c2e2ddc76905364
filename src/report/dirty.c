/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/dirty.h"

#include <inttypes.h>

#include "json/document.h"
#include "report/walk.h"

#define WARN_NOBODY                                                           \
	"the device was free: nobody makes it write anything (mlxmigctl hold " \
	"keeps a device open)"

static uint64_t bytes_of(const struct dirty_result *result, uint64_t pages)
{
	return pages * result->plan.page_size;
}

static json_t *ranges_of(const struct dirty_result *result, uint64_t *bytes)
{
	json_t *ranges = json_array();

	for (size_t i = 0; i < result->plan.n_ranges; i++) {
		const struct dirty_range *range = &result->plan.ranges[i];

		*bytes += range->length;
		json_array_append_new(
			ranges, json_pack("{s:o, s:I}", "iova",
					  json_sprintf("0x%" PRIx64,
						       range->iova),
					  "bytes", (json_int_t)range->length));
	}
	return ranges;
}

static json_t *samples_of(const struct dirty_result *result)
{
	json_t *samples = json_array();

	for (size_t i = 0; i < result->n_samples; i++) {
		const struct dirty_sample *s = &result->samples[i];

		json_array_append_new(
			samples,
			json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}",
				  "elapsed_ns", (json_int_t)s->elapsed_ns,
				  "report_ns", (json_int_t)s->report_ns,
				  "pages", (json_int_t)s->pages, "bytes",
				  (json_int_t)bytes_of(result, s->pages),
				  "new_pages", (json_int_t)s->fresh, "runs",
				  (json_int_t)s->runs));
	}
	return samples;
}

json_t *report_dirty(const struct dirty_result *result)
{
	json_t *document = report_visit("dirty", &result->visit);
	json_t *warnings = report_visit_warnings(&result->visit);
	uint64_t bytes = 0;

	json_object_set_new(document, "ranges", ranges_of(result, &bytes));
	json_object_set_new(document, "logged_bytes",
			    json_integer((json_int_t)bytes));
	json_object_set_new(document, "page_bytes",
			    json_integer((json_int_t)result->plan.page_size));
	json_object_set_new(document, "tracked_page_bytes",
			    json_integer((json_int_t)result->tracked_page_size));
	json_object_set_new(document, "duration_ns",
			    json_integer((json_int_t)result->duration_ns));
	json_object_set_new(document, "pages",
			    json_integer((json_int_t)result->pages));
	json_object_set_new(document, "bytes",
			    json_integer((json_int_t)bytes_of(result,
							      result->pages)));
	json_object_set_new(document, "samples", samples_of(result));
	if (!visit_is_borrowed(&result->visit))
		json_array_append_new(warnings, json_string(WARN_NOBODY));
	json_object_set_new(document, "warnings", warnings);
	return document;
}
