/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/extract.h"

#include "json/document.h"

static const char *const parts[] = {
	[EXTRACT_STREAM] = "stream",
	[EXTRACT_RECORD] = "record",
	[EXTRACT_DEVICE] = "device",
};

static json_t *record_of(const struct extract *extract)
{
	const struct record *record = &extract->record;

	if (!extract->has_record)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:s?}",
			 "record", (json_int_t)extract->number,
			 "offset_bytes", (json_int_t)record->offset,
			 "bytes", (json_int_t)record->size,
			 "tag", (json_int_t)record->tag,
			 "flags", (json_int_t)record->flags,
			 "name", record_tag_name(record->tag));
}

json_t *report_extract(const struct extract *extract)
{
	json_t *document = report_new("extract");
	bool of_stream = extract->part != EXTRACT_DEVICE;
	json_t *more = json_pack(
		"{s:o, s:s, s:b, s:o, s:s, s:o, s:o, s:I, s:o, s:b}",
		"file", report_string(extract->path),
		"kind", extract->is_image ? "image" : "stream",
		"compressed", extract->compressed,
		"output", report_string(extract->output),
		"part", parts[extract->part],
		"record", record_of(extract),
		"offset_bytes", of_stream ? json_integer((json_int_t)extract->offset)
					  : json_null(),
		"bytes", (json_int_t)extract->bytes,
		"xxh3_128", report_text(extract->digest),
		"checked", extract->is_image);

	json_object_update(document, more);
	json_decref(more);
	return document;
}
