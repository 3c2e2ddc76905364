/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "cmd/option.h"
#include "commands.h"
#include "image/members.h"
#include "image/verify.h"
#include "lib/text.h"
#include "report/verify.h"

#define LIMIT_DEFAULT 100

struct options {
	uint64_t jobs;
	struct limit limit;
};

static const struct argp_option options[] = {
	{ "jobs", 'j', "COUNT", 0,
	  "use so many threads (default: one a processor, up to 8)", 0 },
	{ "limit", 'l', "COUNT", 0,
	  "list at most COUNT of the records that damage touches (default 100)",
	  0 },
	{}
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct options *opts = data;

	switch (key) {
	case 'j':
		if (!text_u64(arg, 10, &opts->jobs) && opts->jobs &&
		    opts->jobs <= VERIFY_JOBS_MAX)
			return 0;
		return err_set(err, ERR_USAGE, 0,
			       "--jobs: a number from 1 to %d, not %s",
			       VERIFY_JOBS_MAX, arg);
	case 'l':
		return option_limit(arg, &opts->limit, err);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Standard input can be read once. */
static int check(const void *opts, char **operands, size_t n_operands,
		 struct err *err)
{
	size_t n = 0;

	(void)opts;
	for (size_t i = 0; i < n_operands; i++)
		n += !strcmp(operands[i], "-");
	return n < 2 ? 0 : err_set(err, ERR_USAGE, 0,
				   "standard input is named %zu times", n);
}

/* The first file that is damaged speaks for all; without one, the first that could not be read. */
static int judge(const struct verdict *verdicts, size_t n, struct err *err)
{
	const struct err *first = NULL;
	size_t damaged = 0, unread = 0;

	for (size_t i = 0; i < n; i++) {
		const struct err *own = &verdicts[i].err;
		bool is_damage = verdict_is_damage(own);

		if (!err_is_set(own))
			continue;
		if (!first || (is_damage && !damaged))
			first = own;
		damaged += is_damage;
		unread += !is_damage;
	}
	if (!first)
		return 0;
	*err = *first;
	if (n == 1)
		return -1;
	if (!damaged)
		return err_wrap(err, "%zu of %zu files could not be read; the first one",
				unread, n);
	return err_wrap(err, "%zu of %zu files are damaged; the first one",
			damaged, n);
}

static void release(struct verdict *verdicts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		verdict_release(&verdicts[i]);
	free(verdicts);
}

static int run(const struct request *request, struct reply *reply,
	       struct err *err)
{
	static const struct image_json json = {
		.device = report_image_check_device,
		.manifest = report_image_read_manifest,
	};
	const struct options *opts = request->options;
	const struct verify_plan plan = {
		.json = &json,
		.jobs = (unsigned int)opts->jobs,
		.progress = request->progress,
		.progress_data = request->progress_data,
	};
	size_t n = request->n_operands;
	struct verdict *verdicts = calloc(n, sizeof(*verdicts));
	int ret;

	if (!verdicts)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for %zu verdicts",
			       n);
	for (size_t i = 0; i < n; i++) {
		verdicts[i].path = request->operands[i];
		verdicts[i].limit = limit_or(&opts->limit, LIMIT_DEFAULT);
	}
	verify_files(&plan, verdicts, n);
	reply->document = report_verify(verdicts, n);
	ret = judge(verdicts, n, err);
	release(verdicts, n);
	return ret;
}

static const char *const record_columns[] = {
	"record=number", "offset=offset_bytes", "size=bytes", "tag", "name",
	NULL
};

static const struct text_part file_text[] = {
	TEXT_LINE("file", "{file}: {good?yes=good;no=NOT GOOD}[, {kind}][, {compressed?yes=compressed}][, {stream.bytes|size}][ in {duration_ns|time}]"),
	TEXT_LINE("error", "{error.message}"),
	TEXT_LINE("member", "{damage.member}"),
	TEXT_LINE("damage", "from byte {damage.offset_bytes} of the stream on[, {damage.bytes|size}]"),
	TEXT_LINE("damaged members", "{damage.damaged_members|some}"),
	TEXT_LINE("records touched", "{damage.records,damage.records_not_listed|count}"),
	{ .each = "damage.records", .columns = record_columns, .some = true },
	{}
};

static const struct text_part text[] = {
	{ .each = "files", .parts = file_text },
	{}
};

const struct command command_verify = {
	.name = "verify",
	.operand_words = "FILE...",
	.summary = "check that images and bare streams are whole and unchanged",
	.description =
		"Reads each FILE (- for standard input) to its end and checks "
		"its structure, every digest, the manifest's totals and the "
		"framing of the records. Tells the first damaged member, its "
		"bytes in the stream, and the records they are in. Several "
		"files are checked at the same time, and one that is damaged "
		"does not keep the others from being checked.",
	.options = options,
	.operands = { OPERAND_FILE },
	.min_operands = 1,
	.max_operands = -1,
	.options_size = sizeof(struct options),
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
