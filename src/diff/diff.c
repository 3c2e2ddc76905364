/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/diff.h"

#include <stdlib.h>

#include "diff/align.h"
#include "diff/compare.h"
#include "diff/map.h"

/* struct list - records, as many as a stream may have that is cut at them */
struct list {
	struct record *records;
	size_t n;
};

static int note_record(const struct record *record, void *data)
{
	struct list *list = data;
	struct record *more;

	if (list->n == ALIGN_RECORDS_MAX)
		return 0;
	if (!(list->n & (list->n - 1))) {
		more = reallocarray(list->records, list->n ? 2 * list->n : 1, sizeof(*more));
		if (!more)
			return -1;
		list->records = more;
	}
	list->records[list->n++] = *record;
	return 0;
}

static int cut_side(struct diff_side *side, const struct view *view, struct err *err)
{
	struct record_parser parser = {};
	struct list list = {};
	int ret = view_records(view, &parser, note_record, &list, err);

	side->format = parser.format;
	side->n_records = parser.n_records;
	side->whole = record_complete(&parser);
	if (!ret)
		ret = align_pieces(side, list.records);
	if (ret && !err_is_set(err))
		err_set(err, ERR_NO_MEMORY, 0, "the list of records");
	free(list.records);
	return ret ? -1 : 0;
}

static int open_side(struct diff_side *side, struct view **view, struct err *err)
{
	if (view_open(view, side->path, err))
		return -1;
	side->is_image = view_kind(*view) == IMAGE_TAR;
	side->is_unknown = view_is_unknown(*view);
	side->compressed = view_is_compressed(*view);
	side->bytes = view_size(*view);
	return cut_side(side, *view, err);
}

static int make_map(struct diff *diff, const struct diff_plan *options)
{
	uint64_t total = diff_map_total(diff);

	diff->map = diff_map_new(diff, total, options->map_layout(total, options->map_width));
	return diff->map ? 0 : -1;
}

int diff_run(struct diff *diff, const struct diff_plan *options, struct err *err)
{
	AUTO_VIEW struct view *a = NULL;
	AUTO_VIEW struct view *b = NULL;
	struct compare how = {
		.progress = options->progress,
		.progress_data = options->progress_data,
	};

	if (open_side(&diff->sides[0], &a, err) || open_side(&diff->sides[1], &b, err))
		return -1;
	if (align_pair(diff))
		return err_set(err, ERR_NO_MEMORY, 0, "the list of records");
	if (options->map_layout && make_map(diff, options))
		return err_set(err, ERR_NO_MEMORY, 0, "the map");
	how.views[0] = a;
	how.views[1] = b;
	return compare_run(diff, &how, err);
}

void diff_free(struct diff *diff)
{
	align_free(diff);
	free(diff->ranges);
	diff->ranges = NULL;
	diff_map_free(diff->map);
	diff->map = NULL;
}
