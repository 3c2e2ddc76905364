/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks need of a view beyond image/view.h. Private to this room. */
#ifndef IMAGE_VIEW_OPENED_H
#define IMAGE_VIEW_OPENED_H

#include "image/opened.h"
#include "image/view.h"

/** view_of_opened - view_look() of what was opened, which is read and perhaps taken over; @opened->name is kept */
int view_of_opened(struct view **view, struct opened *opened, struct err *err);

/** view_seed - of an image: device.json's digest, from which the chain goes on */
const char *view_seed(const struct view *view);

/** view_damage - at what view_look() stopped; nothing of a whole one */
const struct damage *view_damage(const struct view *view);

#endif
