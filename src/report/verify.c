/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/verify.h"

#include "image/members.h"
#include "json/document.h"

/* null: it was not made, or does not apply */
static json_t *check_of(const struct verdict *verdict, enum check check)
{
	const struct err *err = &verdict->errs[check];

	return json_pack("{s:o, s:o}",
			 "good", verdict->made[check]
					 ? json_boolean(!err_is_set(err))
					 : json_null(),
			 "message", report_text(err->message));
}

static json_t *checks_of(const struct verdict *verdict)
{
	json_t *checks = json_object();

	for (unsigned int i = 0; i < CHECK_COUNT; i++)
		json_object_set_new(checks, check_name(i),
				    check_of(verdict, i));
	return checks;
}

/* A size that a damaged header claims may be beyond JSON's integers. */
static json_t *size_of(uint64_t size)
{
	return size <= INT64_MAX ? json_integer((json_int_t)size)
				 : json_real((double)size);
}

static json_t *records_of(const struct verdict *verdict)
{
	json_t *records = json_array();

	for (size_t i = 0; i < verdict->n_records; i++) {
		const struct verdict_record *touched = &verdict->records[i];
		const struct record *record = &touched->record;

		json_array_append_new(
			records,
			json_pack("{s:I, s:I, s:o, s:I, s:s?}",
				  "number", (json_int_t)touched->number,
				  "offset_bytes", (json_int_t)record->offset,
				  "bytes", size_of(record->size),
				  "tag", (json_int_t)record->tag,
				  "name", record_tag_name(record->tag)));
	}
	return records;
}

static json_t *damage_of(const struct verdict *verdict)
{
	const struct damage *damage = &verdict->damage;

	if (!verdict->damaged)
		return json_null();
	return json_pack("{s:s, s:o, s:I, s:o, s:I, s:o, s:I}",
			 "check", check_name(damage->check),
			 "member", report_text(damage->member),
			 "offset_bytes", (json_int_t)damage->offset,
			 "bytes", report_number(damage->len ? (long long)damage->len : -1),
			 "damaged_members", (json_int_t)verdict->damaged_members,
			 "records", records_of(verdict),
			 "records_not_listed", (json_int_t)verdict->n_records_more);
}

static json_t *error_of(const struct verdict *verdict)
{
	const struct err *err = &verdict->err;

	if (!err_is_set(err))
		return json_null();
	return json_pack("{s:s, s:o, s:o}",
			 "code", err_name(err->code),
			 "message", report_string(err->message),
			 "hint", report_text(err->hint));
}

static json_t *stream_of(const struct verdict *verdict)
{
	json_t *stream = report_records(&verdict->parser);

	json_object_set_new(stream, "bytes",
			    json_integer((json_int_t)verdict->totals.bytes));
	json_object_set_new(stream, "xxh3_128",
			    report_text(verdict->totals.digest));
	return stream;
}

static json_t *file_of(const struct verdict *verdict)
{
	const char *kind = verdict->is_image ? "image" : "stream";

	return json_pack("{s:o, s:b, s:s?, s:o, s:o, s:I, s:o, s:o, s:o, s:I}",
			 "file", report_string(verdict->path),
			 "good", verdict_good(verdict),
			 "kind", verdict->opened ? kind : NULL,
			 "compressed", report_tristate(verdict->opened ? verdict->compressed : -1),
			 "stream", verdict->opened ? stream_of(verdict)
						   : json_null(),
			 "members", (json_int_t)verdict->totals.members,
			 "checks", checks_of(verdict),
			 "damage", damage_of(verdict),
			 "error", error_of(verdict),
			 "duration_ns", (json_int_t)verdict->duration_ns);
}

json_t *report_verify(const struct verdict *verdicts, size_t n)
{
	json_t *document = report_new("verify");
	json_t *files = json_array();
	json_int_t good = 0, damaged = 0;

	for (size_t i = 0; i < n; i++) {
		json_array_append_new(files, file_of(&verdicts[i]));
		good += verdict_good(&verdicts[i]);
		damaged += verdict_is_damage(&verdicts[i].err);
	}
	json_object_set_new(document, "good", json_integer(good));
	json_object_set_new(document, "damaged", json_integer(damaged));
	json_object_set_new(document, "unread",
			    json_integer((json_int_t)n - good - damaged));
	json_object_set_new(document, "files", files);
	return document;
}
