/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in an image or a bare stream. */
#ifndef IMAGE_INSPECT_H
#define IMAGE_INSPECT_H

#include "image/reader.h"
#include "image/view.h"
#include "lib/err.h"
#include "model/survey.h"

/**
 * image_survey - look through the file survey->path, or standard input for "-"
 * @survey: zeroed but for path and limit; survey_free() in any case
 *
 * A regular file that is not compressed is not read: its headers are, and the
 * records'. Everything else is read through, and its digests are checked.
 *
 * 0, or -1 with ERR_DAMAGED and the like: what was readable up to there is in
 * @survey all the same.
 */
int image_survey(const struct image_json *json, struct survey *survey,
		 struct err *err) __attribute__((nonnull(1, 2, 3)));

/**
 * image_survey_view - image_survey() of what is open already, perhaps damaged
 * @survey: as there, but for the path, which may be any
 */
int image_survey_view(const struct view *view, struct survey *survey,
		      struct err *err) __attribute__((nonnull(1, 2, 3)));

void survey_free(struct survey *survey);

#endif
