/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/option.h"
#include "cmd/transfer.h"
#include "commands.h"
#include "image/members.h"
#include "image/verify.h"
#include "json/document.h"
#include "lib/interrupt.h"
#include "lib/text.h"

/* null: it was not made, or does not apply */
static json_t *check_of(const struct verify_result *result, enum check check)
{
	const struct err *err = &result->errs[check];

	return json_pack(
		"{s:o, s:o}",
		"good", result->made[check] ? json_boolean(!err_is_set(err)) : json_null(),
		"message", document_text(err->message));
}

static json_t *checks_of(const struct verify_result *result)
{
	json_t *checks = json_object();

	for (unsigned int i = 0; i < CHECK_COUNT; i++)
		json_object_set_new(checks, check_name(i), check_of(result, i));
	return checks;
}

static json_t *records_of(const struct verify_result *result)
{
	json_t *records = json_array();

	for (size_t i = 0; i < result->n_records; i++) {
		const struct damaged_record *touched = &result->records[i];
		const struct record *record = &touched->record;

		json_array_append_new(records, json_pack("{s:I, s:I, s:o, s:I, s:s?}",
							 "number", (json_int_t)touched->number,
							 "offset_bytes", (json_int_t)record->offset,
							 "bytes", document_u64(record->size),
							 "tag", (json_int_t)record->tag,
							 "name", record_tag_name(record->tag)));
	}
	return records;
}

static json_t *damage_of(const struct verify_result *result)
{
	const struct damage *damage = &result->damage;

	if (!result->damaged)
		return json_null();
	return json_pack("{s:s, s:s, s:o, s:I, s:o, s:I, s:o, s:I}",
			 "where", result->where,
			 "check", check_name(damage->check),
			 "member", document_text(damage->member),
			 "offset_bytes", (json_int_t)damage->offset,
			 "bytes", document_number(damage->len ? (long long)damage->len : -1),
			 "damaged_members", (json_int_t)result->damaged_members,
			 "records", records_of(result),
			 "records_not_listed", (json_int_t)result->n_records_more);
}

static json_t *error_of(const struct verify_result *result)
{
	const struct err *err = &result->err;

	if (!err_is_set(err))
		return json_null();
	return json_pack("{s:s, s:o, s:o}",
			 "code", err_name(err->code),
			 "message", document_string(err->message),
			 "hint", document_text(err->hint));
}

static json_t *stream_of(const struct verify_result *result)
{
	json_t *stream = records_json(&result->parser);

	json_object_set_new(stream, "bytes", json_integer((json_int_t)result->totals.bytes));
	json_object_set_new(stream, "xxh3_128", document_text(result->totals.digest));
	return stream;
}

/* What has neither digests nor records says nothing of its contents. -1: it was not read to its end, or nothing in it can be checked. */
static int contents_checked(const struct verify_result *result)
{
	bool opaque = result->packed && result->parser.format == STREAM_BARE;

	return verify_result_is_good(result) ? result->is_image && !opaque : -1;
}

/* -1: it was not judged. */
static int goodness(const struct verify_result *result)
{
	return verify_result_is_unjudged(result) || verify_result_is_unread(result) ?
		       -1 : verify_result_is_good(result);
}

static json_t *file_of(const struct verify_result *result)
{
	bool unjudged = verify_result_is_unjudged(result);
	const char *kind = unjudged ? "unknown" : result->is_image ? "image" : "stream";
	bool has_stream = result->opened && !result->headless &&
			  !(unjudged && result->parser.format == STREAM_UNKNOWN);

	return json_pack(
		"{s:o, s:o, s:s?, s:s?, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:I}",
		"file", document_string(result->path),
		"good", document_tristate(goodness(result)),
		"kind", result->opened ? kind : NULL,
		"looks_like", content_look_name(result->look),
		"compressed", document_tristate(result->opened ? result->compressed : -1),
		"contents_checked", document_tristate(contents_checked(result)),
		"stream", has_stream ? stream_of(result) : json_null(),
		"members", (json_int_t)result->totals.members,
		"checks", checks_of(result),
		"damage", damage_of(result),
		"checked_with", document_text(result->checked ? result->check_with : ""),
		"error", error_of(result),
		"duration_ns", (json_int_t)result->duration_ns);
}

/* verify_document - the whole document, of @n results */
static json_t *verify_document(const struct verify_result *results, size_t n)
{
	json_t *document = document_new("verify");
	json_t *files = json_array();
	json_int_t good = 0, damaged = 0, unjudged = 0, refused = 0;

	for (size_t i = 0; i < n; i++) {
		json_array_append_new(files, file_of(&results[i]));
		good += verify_result_is_good(&results[i]);
		damaged += verify_result_is_damage(&results[i].err);
		unjudged += verify_result_is_unjudged(&results[i]);
		refused += verify_result_is_refused(&results[i]);
	}
	json_object_set_new(document, "good", json_integer(good));
	json_object_set_new(document, "damaged", json_integer(damaged));
	json_object_set_new(document, "unread",
			    json_integer((json_int_t)n - good - damaged - unjudged - refused));
	json_object_set_new(document, "unjudged", json_integer(unjudged));
	json_object_set_new(document, "not_trusted", json_integer(refused));
	json_object_set_new(document, "files", files);
	return document;
}

#define LIMIT_DEFAULT 100

struct verify_options {
	uint64_t jobs;
	struct limit limit;
	const char *check_with;
};

enum { KEY_CHECK_WITH = 0x300 };

static const struct argp_option options[] = {
	{ "check-with", KEY_CHECK_WITH, "COMMAND", 0, CHECK_WITH_HELP, 0 },
	{ "jobs", 'j', "COUNT", 0,
	  "use so many threads (default: one a processor, up to 8)", 0 },
	{ "limit", 'l', "COUNT", 0,
	  "list at most COUNT of the records that damage touches (default 100)",
	  0 },
	{}
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct verify_options *opts = data;

	switch (key) {
	case KEY_CHECK_WITH:
		return option_check_with(arg, &opts->check_with, err);
	case 'j':
		if (!text_u64(arg, 10, &opts->jobs) && opts->jobs && opts->jobs <= VERIFY_JOBS_MAX)
			return 0;
		return err_set(err, ERR_USAGE, 0, "--jobs: a number from 1 to %d, not %s",
			       VERIFY_JOBS_MAX, arg);
	case 'l':
		return option_limit(arg, &opts->limit, err);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Standard input can be read once. */
static int check(const void *opts, char **operands, size_t n_operands, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < n_operands; i++)
		n += !strcmp(operands[i], "-");
	if (n < 2)
		return 0;
	err_set(err, ERR_USAGE, 0, "standard input is named %zu times", n);
	return err_hint(err, "name it once: mlxmigctl verify - FILE...");
}

/* Which failure speaks for all files: damage, else a file that is not trusted, else one that could not be read, else one that cannot be judged. */
static int rank_of(const struct verify_result *result)
{
	if (!err_is_set(&result->err))
		return 0;
	if (verify_result_is_damage(&result->err))
		return 4;
	if (verify_result_is_refused(result))
		return 3;
	return verify_result_is_unjudged(result) ? 1 : 2;
}

/* The first file of the highest rank. */
static int set_first_error(const struct verify_result *results, size_t n, struct err *err)
{
	static const char *const words[] = { NULL, "cannot be judged", "could not be read",
					     "are not trusted", "are damaged" };
	const struct err *first = NULL;
	size_t n_alike = 0;
	int highest = 0;

	for (size_t i = 0; i < n; i++) {
		int rank = rank_of(&results[i]);

		if (rank > highest) {
			first = &results[i].err;
			highest = rank;
			n_alike = 0;
		}
		n_alike += rank && rank == highest;
	}
	if (!first)
		return 0;
	*err = *first;
	return n == 1 ? -1 : err_wrap(err, "%zu of %zu files %s; the first one", n_alike, n,
				      words[highest]);
}

static void release(struct verify_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		verify_result_release(&results[i]);
	free(results);
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct verify_options *opts = request->options;
	const struct verify_plan plan = {
		.jobs = (unsigned int)opts->jobs,
		.progress = request->progress,
		.progress_data = request->progress_data,
	};
	size_t n = request->n_operands;
	int AUTO_INTERRUPT begun = 0; /* with a command, which would outlive this process */
	struct verify_result *results;
	int ret;

	if (opts->check_with && interrupt_begin(err))
		return -1;
	results = calloc(n, sizeof(*results));
	if (!results)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for %zu results", n);
	for (size_t i = 0; i < n; i++) {
		results[i].path = request->operands[i];
		results[i].limit = limit_or(&opts->limit, LIMIT_DEFAULT);
		results[i].check_with = opts->check_with;
	}
	verify_files(&plan, results, n);
	reply->document = verify_document(results, n);
	ret = interrupt_check(err) || set_first_error(results, n, err) ? -1 : 0;
	release(results, n);
	return ret;
}

static const char *const record_columns[] = {
	"record=number", "offset=offset_bytes", "size=bytes", "tag", "name",
	NULL
};

static const struct text_part file_text[] = {
	TEXT_LINE("file", "{file}: [{good?yes=good;no=NOT GOOD}][{good?-=}{kind?unknown=cannot be judged;-=could not be read;image=could not be read;stream=could not be read}][ ({contents_checked?no=}{kind?stream=framing good, contents not checked;image=framing not applicable, digests good, contents not checked})][, {kind}][, {compressed?yes=compressed}][, {stream.bytes|size}][ in {duration_ns|time}]"),
	TEXT_LINE("looks like", TEXT_LOOKS_LIKE),
	TEXT_LINE("checked with", "{checked_with}"),
	TEXT_LINE("error", "{error.message}"),
	TEXT_LINE("member", "{damage.member}"),
	TEXT_LINE("damage", "{damage.where}"),
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
		"Reads each FILE (- for standard input) to its end and checks its structure, every "
		"digest, the manifest's totals and the framing of the records. Tells the first "
		"damaged member, its bytes in the stream, and the records they are in. A file that is "
		"neither an image nor a stream of records cannot be judged. Several "
		"files are checked at the same time, and one that is damaged does not keep the "
		"others from being checked.",
	.options = options,
	.operands = { OPERAND_FILE },
	.min_operands = 1,
	.max_operands = -1,
	.options_size = sizeof(struct verify_options),
	.handles_state = true,
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
