/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "image/common.h"

/* Room for one more of a list of @n, which grows by doubling; NULL: no memory. */
static void *grown(void *list, size_t n, size_t size)
{
	if (n && (n & (n - 1)))
		return list;
	return reallocarray(list, n ? 2 * n : 1, size);
}

static int note_record(const struct record *record, void *data)
{
	struct survey *survey = data;
	struct record *list;

	if (survey->n_records >= survey->limit)
		return 0;
	list = grown(survey->records, survey->n_records, sizeof(*list));
	if (!list)
		return -1;
	survey->records = list;
	list[survey->n_records++] = *record;
	return 0;
}

static int note_member(struct survey *survey, const struct image_member *member)
{
	struct survey_member *list;

	if (!survey->is_image || survey->n_members >= survey->limit)
		return 0;
	list = grown(survey->members, survey->n_members, sizeof(*list));
	if (!list)
		return -1;
	survey->members = list;
	list += survey->n_members++;
	*list = (struct survey_member){
		.phase = member->phase,
		.offset = member->offset,
		.bytes = member->len,
	};
	memcpy(list->name, member->name, sizeof(list->name));
	memcpy(list->digest, member->digest, sizeof(list->digest));
	return 0;
}

/* A copy of a JSON member that the reader owns. */
static int keep_text(const char *from, size_t len, char **to, size_t *to_len,
		     struct err *err)
{
	if (!from)
		return 0;
	*to = strndup(from, len);
	*to_len = *to ? len : 0;
	return *to ? 0 : image_no_memory(err);
}

static int read_members(struct image_reader *reader, struct survey *survey,
			struct err *err)
{
	struct image_member member;
	int ret;

	while ((ret = image_reader_next(reader, &member, err)) > 0)
		if (note_member(survey, &member) ||
		    record_feed(&survey->parser, member.data, member.len,
				note_record, survey))
			return image_no_memory(err);
	image_reader_totals(reader, &survey->totals);
	return ret;
}

static int survey_reader(struct image_reader *reader, struct survey *survey,
			 struct err *err)
{
	const char *json;
	size_t len;

	survey->opened = true;
	survey->is_image = image_reader_kind(reader) == IMAGE_TAR;
	survey->compressed = image_reader_is_compressed(reader);
	json = image_reader_device(reader, &len);
	if (keep_text(json, len, &survey->device_json, &survey->device_len,
		      err) ||
	    read_members(reader, survey, err))
		return -1;
	json = image_reader_manifest(reader, &len);
	if (keep_text(json, len, &survey->manifest_json, &survey->manifest_len,
		      err))
		return -1;
	survey->ended = true;
	return 0;
}

int image_survey(const struct image_json *json, struct survey *survey,
		 struct err *err)
{
	CLEANUP(image_reader_freep) struct image_reader *reader = NULL;
	bool is_file = strcmp(survey->path, "-");
	const char *name = is_file ? survey->path : "standard input";
	AUTO_CLOSE int fd = open_input(survey->path, err);

	if (fd < 0 || image_reader_open(&reader, fd, name, json, err) ||
	    survey_reader(reader, survey, err))
		return -1;
	if (record_require_complete(&survey->parser, err))
		return err_wrap(err, "%s", name);
	return 0;
}

void survey_free(struct survey *survey)
{
	free(survey->device_json);
	free(survey->manifest_json);
	free(survey->members);
	free(survey->records);
}
