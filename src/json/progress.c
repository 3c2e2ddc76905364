/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json/progress.h"

#include <stdio.h>

#include "json/document.h"
#include "json/template.h"
#include "lib/cleanup.h"

#define INTERVAL_NS 100000000u

static double rate_of(const struct progress *p)
{
	return p->elapsed_ns ? (double)p->bytes * 1e9 / (double)p->elapsed_ns : 0;
}

static void show_text(const struct progress *p)
{
	const double mib = 1024 * 1024;
	AUTO_FREE char *device = printable_text(p->device);

	fprintf(stderr, "\r%s %s", device ? device : "?", p->phase);
	if (p->round)
		fprintf(stderr, " round %u", p->round);
	fprintf(stderr, ": %.1f", (double)p->bytes / mib);
	if (p->total_bytes)
		fprintf(stderr, " of %.1f", (double)p->total_bytes / mib);
	fprintf(stderr, " MiB, %.1f MiB/s\033[K", rate_of(p) / mib);
}

/* Of what is no round of pre-copy, null. */
static json_t *of_round(const struct progress *p, uint64_t value)
{
	return p->round ? json_integer((json_int_t)value) : json_null();
}

static void show_json(const struct progress *p)
{
	json_t *line = document_new("progress");

	json_object_update_new(line, json_pack("{s:o, s:s, s:I, s:o, s:I, s:o, s:o, s:o}",
			"device", document_string(p->device), "phase", p->phase,
			"bytes", (json_int_t)p->bytes,
			"total_bytes",
			document_number(p->total_bytes ? (long long)p->total_bytes : -1),
			"elapsed_ns", (json_int_t)p->elapsed_ns,
			"round", of_round(p, p->round),
			"initial_bytes", of_round(p, p->initial_bytes),
			"dirty_bytes", of_round(p, p->dirty_bytes)));
	document_print(line, stderr, true);
	json_decref(line);
}

void progress_show(const struct progress *progress, void *data)
{
	struct progress_view *view = data;

	if (!view->text && !view->json)
		return;
	/* A time before that of the last one shown is another device's. */
	if (!progress->last && view->going &&
	    progress->elapsed_ns >= view->shown_ns &&
	    progress->elapsed_ns - view->shown_ns < INTERVAL_NS)
		return;
	view->going = !progress->last;
	view->shown_ns = progress->elapsed_ns;
	if (view->json) {
		show_json(progress);
	} else {
		show_text(progress);
		view->open_line = true;
	}
}

void progress_end(struct progress_view *view)
{
	if (view->open_line)
		fputc('\n', stderr);
	view->open_line = false;
}
