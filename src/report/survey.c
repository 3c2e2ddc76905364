/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of inspect. */
#include "image/members.h"
#include "json/document.h"
#include "report/scan.h"

/* A foreign number may be beyond what JSON's integers hold. */
static json_t *wide(uint64_t value)
{
	return value <= INT64_MAX ? json_integer((json_int_t)value)
				  : json_real((double)value);
}

static json_t *member_of(const struct survey_member *member)
{
	return json_pack("{s:o, s:s, s:I, s:I, s:s}",
			 "name", report_string(member->name),
			 "phase", phase_name(member->phase),
			 "offset_bytes", (json_int_t)member->offset,
			 "bytes", (json_int_t)member->bytes,
			 "xxh3_128", member->digest);
}

static json_t *members_of(const struct survey *survey)
{
	json_t *members = json_array();

	for (size_t i = 0; i < survey->n_members; i++)
		json_array_append_new(members,
				      member_of(&survey->members[i]));
	return members;
}

static json_t *record_of(const struct record *record, size_t number,
			 const struct payload *payload)
{
	return json_pack("{s:I, s:o, s:o, s:I, s:I, s:s?, s:b, s:o}",
			 "record", (json_int_t)number,
			 "offset_bytes", wide(record->offset),
			 "bytes", wide(record->size),
			 "tag", (json_int_t)record->tag,
			 "flags", (json_int_t)record->flags,
			 "name", record_tag_name(record->tag),
			 "optional", !!(record->flags & RECORD_OPTIONAL),
			 "summary", report_payload(payload));
}

static json_t *records_of(const struct survey *survey, const struct scan *scan)
{
	json_t *records = json_array();

	for (size_t i = 0; i < survey->n_records; i++)
		json_array_append_new(
			records, record_of(&survey->records[i], i,
					   scan && i < scan->n_payloads
						   ? &scan->payloads[i]
						   : NULL));
	return records;
}

/* A JSON member as it stands in the image, or null. */
static json_t *embedded(const char *json, size_t len)
{
	json_t *value = json ? json_loadb(json, len, 0, NULL) : NULL;

	return value ? value : json_null();
}

/* Nothing in a bare stream without records says where it ends. */
static json_t *complete_of(const struct survey *survey)
{
	if (survey->ended && !survey->is_image &&
	    survey->parser.format == STREAM_BARE)
		return json_null();
	return json_boolean(survey->ended && record_complete(&survey->parser));
}

static const char *digest_of(const struct survey *survey,
			     const struct scan *scan)
{
	if (!survey->ended)
		return NULL;
	if (survey->checked)
		return survey->totals.digest;
	return scan && scan->stream.whole ? scan->stream.digest : NULL;
}

static json_t *stream_of(const struct survey *survey, const struct scan *scan)
{
	json_t *stream = report_records(&survey->parser);

	json_object_del(stream, "complete"); /* the document's own knows more */
	json_object_set_new(stream, "bytes",
			    json_integer((json_int_t)survey->totals.bytes));
	json_object_set_new(stream, "xxh3_128",
			    report_text(digest_of(survey, scan)));
	json_object_set_new(stream, "summary",
			    report_payload(scan ? &scan->stream : NULL));
	return stream;
}

json_t *report_survey(const struct survey *survey, const struct scan *scan)
{
	const struct image_totals *totals = &survey->totals;
	json_t *document = report_new("inspect");

	json_object_set_new(document, "file", report_text(survey->path));
	json_object_set_new(document, "kind",
			    json_string(survey->is_image ? "image" : "stream"));
	json_object_set_new(document, "compressed",
			    json_boolean(survey->compressed));
	json_object_set_new(document, "complete", complete_of(survey));
	json_object_set_new(document, "checked",
			    json_boolean(survey->checked && survey->ended));
	json_object_set_new(document, "device",
			    embedded(survey->device_json, survey->device_len));
	json_object_set_new(document, "manifest",
			    embedded(survey->manifest_json,
				     survey->manifest_len));
	json_object_set_new(document, "stream", stream_of(survey, scan));
	json_object_set_new(document, "phases",
			    survey->is_image ? report_phases(totals->phases,
							     false)
					     : json_null());
	json_object_set_new(document, "members", members_of(survey));
	json_object_set_new(document, "members_not_listed",
			    json_integer((json_int_t)(totals->members -
						      survey->n_members)));
	json_object_set_new(document, "records", records_of(survey, scan));
	json_object_set_new(document, "records_not_listed",
			    json_integer((json_int_t)(survey->parser.n_records -
						      survey->n_records)));
	return document;
}

json_t *report_identity(const struct identity_fit *fit)
{
	json_t *facts = json_array();

	for (size_t i = 0; i < fit->n_facts; i++) {
		const struct fit_fact *fact = &fit->facts[i];

		json_array_append_new(
			facts, json_pack("{s:s, s:s, s:o, s:o, s:s}",
					 "fact", fact->name,
					 "fit", fit_name(fact->fit),
					 "source", report_text(fact->source),
					 "target", report_text(fact->target),
					 "reason", fact->reason));
	}
	return facts;
}
