/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "image/input.h"

/* Room for one more of a list of @n, which grows by doubling; NULL: no memory. */
static void *grow_list(void *list, size_t n, size_t size)
{
	if (n && (n & (n - 1)))
		return list;
	return reallocarray(list, n ? 2 * n : 1, size);
}

static int note_record(const struct record *record, void *data)
{
	struct inspection *inspection = data;
	struct record *list;

	if (inspection->n_records >= inspection->limit)
		return 0;
	list = grow_list(inspection->records, inspection->n_records, sizeof(*list));
	if (!list)
		return -1;
	inspection->records = list;
	list[inspection->n_records++] = *record;
	return 0;
}

static int note_member(struct inspection *inspection, const struct inspected_member *member)
{
	struct inspected_member *list;

	if (!inspection->is_image || inspection->n_members >= inspection->limit)
		return 0;
	list = grow_list(inspection->members, inspection->n_members, sizeof(*list));
	if (!list)
		return -1;
	inspection->members = list;
	list[inspection->n_members++] = *member;
	return 0;
}

/* A copy of a JSON member that somebody else owns. */
static int keep_text(const char *from, size_t len, char **to, size_t *to_len, struct err *err)
{
	if (!from)
		return 0;
	*to = strndup(from, len);
	*to_len = *to ? len : 0;
	return *to ? 0 : image_no_memory(err);
}

static int note_read(struct inspection *inspection, const struct image_member *member)
{
	struct inspected_member noted = {
		.phase = member->phase,
		.offset = member->offset,
		.bytes = member->len,
	};

	memcpy(noted.name, member->name, sizeof(noted.name));
	memcpy(noted.digest, member->digest, sizeof(noted.digest));
	return note_member(inspection, &noted);
}

static void note_look(struct inspection *inspection, const struct content_scan *content)
{
	inspection->is_unknown = !inspection->is_image && content_is_unknown(content);
	if (content->has_header) {
		inspection->is_image = true; /* and nothing is known of the stream in it */
		inspection->parser = (struct record_parser){};
		inspection->totals = (struct image_totals){};
	}
	inspection->look = inspection->is_unknown ? content_look_now(content) : LOOK_NOTHING;
}

/* What is no stream of records is not taken apart: that of another driver can pass for one. */
static void note_content(struct inspection *inspection, const struct content_scan *content)
{
	if (!inspection->is_image && content_is_unknown(content))
		inspection->parser = (struct record_parser){ .format = STREAM_BARE };
	note_look(inspection, content);
}

static int read_members(struct image_reader *reader, struct inspection *inspection, struct err *err)
{
	struct image_member member;
	int ret;

	note_content(inspection, image_reader_content(reader));
	while ((ret = image_reader_next(reader, &member, err)) > 0)
		if (note_read(inspection, &member) ||
		    record_feed(&inspection->parser, member.data, member.len,
				note_record, inspection))
			return image_no_memory(err);
	image_reader_totals(reader, &inspection->totals);
	note_look(inspection, image_reader_content(reader));
	return ret;
}

/* What cannot be read at any place, from front to back, with all its digests. */
static int inspect_through(struct image_reader *reader, struct inspection *inspection,
			   struct err *err)
{
	const char *json;
	size_t len;

	inspection->checked = true;
	json = image_reader_device(reader, &len);
	if (keep_text(json, len, &inspection->device_json, &inspection->device_len,
		      err) ||
	    read_members(reader, inspection, err))
		return -1;
	json = image_reader_manifest(reader, &len);
	return keep_text(json, len, &inspection->manifest_json, &inspection->manifest_len, err);
}

static int note_extents(const struct view *view, struct inspection *inspection, struct err *err)
{
	size_t n;
	const struct view_extent *extents = view_extents(view, &n);

	for (size_t i = 0; i < n && inspection->n_members < inspection->limit; i++) {
		struct inspected_member noted = {
			.phase = extents[i].phase,
			.offset = extents[i].offset,
			.bytes = extents[i].len,
		};

		format_member_name(noted.name, i, extents[i].phase);
		memcpy(noted.digest, extents[i].digest, sizeof(noted.digest));
		if (note_member(inspection, &noted))
			return image_no_memory(err);
	}
	return 0;
}

static int note_view(const struct view *view, struct inspection *inspection, struct err *err)
{
	const char *json;
	size_t len;
	int ret;

	inspection->totals = *view_totals(view);
	note_content(inspection, view_content(view));
	json = view_device(view, &len);
	if (keep_text(json, len, &inspection->device_json, &inspection->device_len, err))
		return -1;
	json = view_manifest(view, &len);
	if (keep_text(json, len, &inspection->manifest_json, &inspection->manifest_len,
		      err) ||
	    note_extents(view, inspection, err))
		return -1;
	if (view_content(view)->has_header)
		return 0;
	ret = view_records(view, &inspection->parser, note_record, inspection, err);
	return ret && !err_is_set(err) ? image_no_memory(err) : ret;
}

/* Headers, and nothing of the stream but its records' headers; of a damaged image what there is. */
static int inspect_in_place(struct input_file *opened, struct inspection *inspection,
			    struct err *err)
{
	AUTO_VIEW struct view *view = NULL;
	struct err noting = ERR_INIT;
	int ret = view_of_input_file(&view, opened, err) || view_scan(view, err) ? -1 : 0;

	if (view && note_view(view, inspection, &noting) && !ret) {
		*err = noting;
		return -1;
	}
	return ret;
}

/* What is compressed cannot be read; that it is compressed shows. */
static void note_unjudged(const struct image_reader *reader, struct inspection *inspection,
			  const struct err *err)
{
	if (!reader || err->code != ERR_UNJUDGED)
		return;
	inspection->opened = inspection->is_unknown = true;
	inspection->compressed = image_reader_is_compressed(reader);
	inspection->look = image_reader_content(reader)->look;
}

int image_inspect(struct inspection *inspection, struct err *err)
{
	AUTO_INPUT_FILE struct input_file opened = INPUT_FILE_INIT;
	int ret;

	if (input_file_open(&opened, inspection->path, err)) {
		note_unjudged(opened.reader, inspection, err);
		return -1;
	}
	inspection->opened = true;
	inspection->is_image = image_reader_kind(opened.reader) == IMAGE_TAR;
	inspection->compressed = image_reader_is_compressed(opened.reader);
	ret = opened.in_place ? inspect_in_place(&opened, inspection, err)
			      : inspect_through(opened.reader, inspection, err);
	if (ret)
		return -1;
	inspection->ended = true;
	if (record_require_complete(&inspection->parser, err))
		return err_wrap(err, "%s", opened.name);
	return 0;
}

int image_inspect_view(const struct view *view, struct inspection *inspection, struct err *err)
{
	inspection->opened = true;
	inspection->is_image = view_kind(view) == IMAGE_TAR;
	inspection->compressed = view_is_compressed(view);
	inspection->checked = view_is_checked(view);
	if (note_view(view, inspection, err))
		return -1;
	inspection->ended = view_is_whole(view);
	if (record_require_complete(&inspection->parser, err))
		return err_wrap(err, "%s", view_name(view));
	return 0;
}

void inspection_free(struct inspection *inspection)
{
	free(inspection->device_json);
	free(inspection->manifest_json);
	free(inspection->members);
	free(inspection->records);
}
