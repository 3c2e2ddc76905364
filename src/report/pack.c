/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/pack.h"

#include "image/members.h"
#include "json/document.h"

static json_t *stream_of(const struct pack *pack)
{
	json_t *stream = report_records(&pack->records);

	json_object_set_new(stream, "bytes",
			    json_integer((json_int_t)pack->totals.bytes));
	json_object_set_new(stream, "xxh3_128",
			    json_string(pack->totals.digest));
	return stream;
}

json_t *report_pack(const struct pack *pack)
{
	json_t *document = report_new("pack");
	json_t *more = json_pack(
		"{s:o, s:o, s:o, s:b, s:o, s:o, s:I, s:o}",
		"file", report_string(pack->path),
		"device_file", report_string(pack->device_path),
		"output", report_string(pack->output),
		"compressed", pack->zstd_level > 0,
		"stream", stream_of(pack),
		"phases", report_phases(pack->totals.phases, false),
		"members", (json_int_t)pack->totals.members,
		"file_bytes", report_number(pack->file_bytes ? (long long)pack->file_bytes : -1));

	json_object_update(document, more);
	json_decref(more);
	return document;
}
