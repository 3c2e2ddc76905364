/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/device.h"
#include "commands.h"
#include "lib/interrupt.h"
#include "lib/text.h"
#include "vfio/dirty_log.h"

#define WARN_NOBODY                                                           \
	"the device was free: nobody makes it write anything (mlxmigctl hold " \
	"keeps a device open)"

static uint64_t bytes_of(const struct dirty_result *result, uint64_t pages)
{
	return pages * result->plan.page_size;
}

static json_t *ranges_of(const struct dirty_result *result, uint64_t *bytes)
{
	json_t *ranges = json_array();

	for (size_t i = 0; i < result->plan.n_ranges; i++) {
		const struct dirty_range *range = &result->plan.ranges[i];

		*bytes += range->length;
		json_array_append_new(
			ranges, json_pack("{s:o, s:I}",
					  "iova", json_sprintf("0x%" PRIx64, range->iova),
					  "bytes", (json_int_t)range->length));
	}
	return ranges;
}

static json_t *samples_of(const struct dirty_result *result)
{
	json_t *samples = json_array();

	for (size_t i = 0; i < result->n_samples; i++) {
		const struct dirty_sample *s = &result->samples[i];

		json_array_append_new(samples, json_pack(
			"{s:I, s:I, s:I, s:I, s:I, s:I}",
			"elapsed_ns", (json_int_t)s->elapsed_ns,
			"report_ns", (json_int_t)s->report_ns,
			"pages", (json_int_t)s->pages,
			"bytes", (json_int_t)bytes_of(result, s->pages),
			"new_pages", (json_int_t)s->fresh,
			"runs", (json_int_t)s->runs));
	}
	return samples;
}

/* dirty_document - the whole document */
static json_t *dirty_document(const struct dirty_result *result)
{
	json_t *document = device_access_document("dirty", &result->access);
	json_t *warnings = device_access_warnings(&result->access);
	uint64_t bytes = 0;

	json_object_set_new(document, "ranges", ranges_of(result, &bytes));
	json_object_set_new(document, "logged_bytes", json_integer((json_int_t)bytes));
	json_object_set_new(document, "page_bytes",
			    json_integer((json_int_t)result->plan.page_size));
	json_object_set_new(document, "tracked_page_bytes",
			    json_integer((json_int_t)result->tracked_page_size));
	json_object_set_new(document, "duration_ns", json_integer((json_int_t)result->duration_ns));
	json_object_set_new(document, "pages", json_integer((json_int_t)result->pages));
	json_object_set_new(document, "bytes",
			    json_integer((json_int_t)bytes_of(result, result->pages)));
	json_object_set_new(document, "samples", samples_of(result));
	if (!device_access_is_borrowed(&result->access))
		json_array_append_new(warnings, json_string(WARN_NOBODY));
	json_object_set_new(document, "warnings", warnings);
	return document;
}

#define NS_PER_S 1000000000.0
#define SECONDS_MAX 1000000.0
#define INTERVAL_MIN 0.001
#define PAGES_MAX (UINT64_C(1) << 32) /* a bitmap of 512 MiB */

enum { KEY_RANGE = 0x300, KEY_FOR, KEY_INTERVAL, KEY_PAGE_SIZE, KEY_LIVE };

struct dirty_options {
	struct dirty_plan plan;
	bool live;
};

static const struct argp_option options[] = {
	{ "range", KEY_RANGE, "IOVA:LENGTH", 0,
	  "memory as the device addresses it; may be repeated", 0 },
	{ "for", KEY_FOR, "SECONDS", 0, "how long", 0 },
	{ "interval", KEY_INTERVAL, "SECONDS", 0,
	  "from one report to the next (1)", 0 },
	{ "page-size", KEY_PAGE_SIZE, "BYTES", 0,
	  "of the pages that are counted (4096)", 0 },
	{ "live", KEY_LIVE, NULL, 0, LIVE_ANY_HELP, 0 },
	{}
};

static int parse_seconds(const char *name, const char *text, double min,
			 uint64_t *ns, struct err *err)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= min && seconds <= SECONDS_MAX))
		return err_set(err, ERR_USAGE, 0,
			       "%s: a number of seconds from %.15g to %.15g, not %s",
			       name, min, SECONDS_MAX, text);
	*ns = (uint64_t)(seconds * NS_PER_S);
	return 0;
}

static int parse_range(const char *text, struct dirty_plan *plan, struct err *err)
{
	struct dirty_range *range = &plan->ranges[plan->n_ranges];
	const char *colon = strchr(text, ':');
	char iova[32];

	if (plan->n_ranges == DIRTY_RANGES_MAX)
		return err_set(err, ERR_USAGE, 0, "more than %d ranges", DIRTY_RANGES_MAX);
	if (!colon || text_format(iova, sizeof(iova), "%.*s",
				  (int)(colon - text), text) ||
	    text_size(iova, &range->iova) ||
	    text_size(colon + 1, &range->length) || !range->length ||
	    range->iova + range->length < range->iova) {
		err_set(err, ERR_USAGE, 0, "--range: not IOVA:LENGTH: %s", text);
		return err_hint(err, "as in --range 0x100000000:2G");
	}
	plan->n_ranges++;
	return 0;
}

static int parse_page_size(const char *text, struct dirty_plan *plan, struct err *err)
{
	if (!text_size(text, &plan->page_size) && plan->page_size >= 4096 &&
	    !(plan->page_size & (plan->page_size - 1)))
		return 0;
	return err_set(err, ERR_USAGE, 0, "--page-size: a power of two from 4096 on, not %s", text);
}

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct dirty_options *dirty = data;
	struct dirty_plan *plan = &dirty->plan;

	switch (key) {
	case KEY_LIVE:
		dirty->live = true;
		return 0;
	case KEY_RANGE:
		return parse_range(arg, plan, err);
	case KEY_FOR:
		return parse_seconds("--for", arg, INTERVAL_MIN, &plan->duration_ns, err);
	case KEY_INTERVAL:
		return parse_seconds("--interval", arg, INTERVAL_MIN, &plan->interval_ns, err);
	case KEY_PAGE_SIZE:
		return parse_page_size(arg, plan, err);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static uint64_t page_of(const struct dirty_plan *plan)
{
	return plan->page_size ? plan->page_size : 4096;
}

static int check_range(const struct dirty_plan *plan, size_t i, struct err *err)
{
	const struct dirty_range *range = &plan->ranges[i];
	uint64_t page = page_of(plan);

	if ((range->iova | range->length) % page)
		return err_set(err, ERR_USAGE, 0,
			       "range %zu is not made of whole pages of %ju bytes",
			       i + 1, (uintmax_t)page);
	for (size_t j = 0; j < i; j++) {
		const struct dirty_range *other = &plan->ranges[j];

		if (range->iova < other->iova + other->length &&
		    other->iova < range->iova + range->length)
			return err_set(err, ERR_USAGE, 0, "ranges %zu and %zu overlap", j + 1,
				       i + 1);
	}
	return 0;
}

static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	const struct dirty_options *dirty = data;
	const struct dirty_plan *plan = &dirty->plan;
	uint64_t pages = 0;

	if (!plan->n_ranges || !plan->duration_ns) {
		err_set(err, ERR_USAGE, 0, "dirty: %s is missing",
			plan->n_ranges ? "--for" : "--range");
		return err_hint(err, "as in --range 0x100000000:2G --for 10");
	}
	for (size_t i = 0; i < plan->n_ranges; i++) {
		if (check_range(plan, i, err))
			return -1;
		pages += plan->ranges[i].length / page_of(plan);
		if (pages > PAGES_MAX)
			return err_set(err, ERR_USAGE, 0,
				       "more than 2^32 pages: use a larger --page-size");
	}
	return 0;
}

static void samples_free(struct dirty_result *result)
{
	free(result->samples);
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct dirty_options *dirty = request->options;
	int AUTO_INTERRUPT begun = interrupt_begin(err);
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	__attribute__((cleanup(samples_free))) struct dirty_result result = {
		.plan = dirty->plan,
	};
	struct device device;
	struct mig_caps caps;
	int ret;

	if (begun)
		return -1;
	result.plan.page_size = page_of(&result.plan);
	if (!result.plan.interval_ns)
		result.plan.interval_ns = (uint64_t)NS_PER_S;
	if (device_access_begin(request->operands[0], device_use(dirty->live), &vdev,
				&result.access, &device, &caps, err))
		return -1;
	ret = dirty_watch(&vdev, &result, err);
	if (!ret || result.n_samples)
		reply->document = dirty_document(&result);
	return ret;
}

static const char *const columns[] = { "time=elapsed_ns|time", "pages",
				       "bytes", "new=new_pages",
				       "runs", NULL };

static const struct text_part text[] = {
	TEXT_LINE("dirty", "{pages} pages, {bytes|size}, in {duration_ns|time}"),
	{ .each = "samples", .columns = columns },
	{ .label = "warning", .show = "{}", .each = "warnings" },
	{}
};

const struct command command_dirty = {
	.name = "dirty",
	.operand_words = "DEVICE",
	.summary = "watch which memory a device writes to, by its own log",
	.description =
		"Has the device log its writes to memory, as a hypervisor does while it migrates: "
		"asks every --interval which pages of each --range were written since, for as long "
		"as --for says. The log is stopped at the end, by a signal too. Only one can be "
		"kept of a device, so not while a hypervisor migrates it.",
	.options = options,
	.operands = { OPERAND_DEVICE },
	.min_operands = 1,
	.max_operands = 1,
	.options_size = sizeof(struct dirty_options),
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
