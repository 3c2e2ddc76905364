/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/place.h"

#include <inttypes.h>

struct search {
	uint64_t wanted;
	uint64_t passed; /* records before it */
	struct record found;
};

static int find(const struct record *record, void *data)
{
	struct search *search = data;

	if (search->passed++ < search->wanted)
		return 0;
	search->found = *record;
	return 1;
}

static int no_record(const struct view *view, const struct search *search,
		     const char *option, bool bare, struct err *err)
{
	const char *name = view_name(view);

	if (bare) {
		err_set(err, ERR_USAGE, 0,
			"the stream in %s is without records: there is no record %" PRIu64,
			name, search->wanted);
		return err_hint(err, "0 stands for all of it: %s=0", option);
	}
	err_set(err, ERR_USAGE, 0,
		"there is no record %" PRIu64 " in %s, which has %" PRIu64,
		search->wanted, name, search->passed);
	return err_hint(err, "records are numbered from 0 on: mlxmigctl inspect -t FILE lists them");
}

int place_find(const struct view *view, uint64_t number, const char *option,
		 struct place *place, struct err *err)
{
	struct record_parser parser = {};
	struct search search = { .wanted = number };
	int ret = view_records(view, &parser, find, &search, err);
	bool bare = parser.format == STREAM_BARE;

	if (ret < 0)
		return -1;
	if (!ret && (!bare || number))
		return no_record(view, &search, option, bare, err);
	*place = (struct place){ .size = view_size(view) };
	if (ret) {
		place->has_record = true;
		place->record = search.found;
		place->begin = search.found.offset + RECORD_HEADER_SIZE;
		place->size = search.found.size;
	}
	return 0;
}

uint64_t place_there(const struct place *place, const struct view *view)
{
	uint64_t left = view_size(view) - place->begin;

	return left < place->size ? left : place->size;
}
