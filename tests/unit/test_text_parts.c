/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents for people: the language of the parts, and the texts of save and load. */
#include <stdlib.h>

#include "commands.h"
#include "json/text.h"
#include "json/template.h"
#include "tests/unit/check.h"
#include "cmd/documents.h"

static void check_text(json_t *document, const struct text_part *parts, const char *want)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	CHECK_INT(document_print_text(document, out, parts), 0);
	fclose(out);
	CHECK_STR(text, want);
	free(text);
	json_decref(document);
}

static void values_become_text(void)
{
	static const struct {
		const char *json, *value, *want; /* NULL: missing */
	} rows[] = {
		{ "{\"a\": {\"b\": 7}}", "a.b", "7" },
		{ "{\"a\": {\"b\": 7}}", "a", NULL },
		{ "{\"a\": null}", "a", NULL },
		{ "{\"a\": 1}", "b", NULL },
		{ "{\"a\": 1}", "a.b.c", NULL },
		{ "{\"a\": null, \"b\": {\"c\": 2}}", "a/b.c", "2" },
		{ "{\"a\": [1, \"x\", null]}", "a", "1,x,-" },
		{ "{\"a\": []}", "a", "-" },
		{ "{\"a\": true}", "a?yes=so;no=not so", "so" },
		{ "{\"a\": false}", "a?yes=so", NULL },
		{ "{\"a\": null}", "a?yes=so;-=unknown", "unknown" },
		{ "{\"a\": \"x\"}", "a?y=why;*", "x" },
		{ "{\"a\": \"xy\"}", "a?x=why", NULL },
		{ "{\"a\": 1023}", "a|size", "1023 bytes" },
		{ "{\"a\": 5300056}", "a|size", "5300056 bytes (5.1 MiB)" },
		{ "{\"a\": 1.8e19}", "a|size", "18000000000000000000 bytes (16370904.6 TiB)" },
		{ "{\"a\": \"x\"}", "a|size", NULL },
		{ "{\"a\": 1500}", "a|time", "1.5 us" },
		{ "{\"a\": 12345678}", "a|time", "12.3 ms" },
		{ "{\"a\": 61000000000}", "a|time", "61.00 s" },
		{ "{\"a\": null}", "a|time", NULL },
		{ "{\"a\": 1795370463000000000}", "a|date", "2026-11-22T18:01:03Z" },
		{ "{\"a\": null}", "a|date", NULL },
		{ "{\"a\": 1048576, \"b\": 500000000}", "a,b|rate", "2.0 MiB/s" },
		{ "{\"a\": 1048576, \"b\": 0}", "a,b|rate", NULL },
		{ "{\"a\": 1048576, \"b\": null}", "a,b|rate", NULL },
		{ "{\"a\": [1, 2], \"b\": 3}", "a,b|count", "5" },
		{ "{\"a\": [], \"b\": 0}", "a,b|count", NULL },
		{ "{\"a\": 0}", "a|some", NULL },
		{ "{\"a\": 2}", "a|some", "2" },
		{ "{\"a\": \"\\u001b[2J\\u007f\\u009b1m\\u00fc\"}", "a", "?[2J??1m\xc3\xbc" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *json = json_loads(rows[i].json, 0, NULL);
		struct template_item item = { .json = json };
		char *text = template_text(&item, rows[i].value);

		CHECK(json);
		CHECK_STR(text ? text : "(missing)", rows[i].want ? rows[i].want : "(missing)");
		free(text);
		json_decref(json);
	}
}

static void a_line_or_bracket_without_its_value_is_left_out(void)
{
	static const struct text_part parts[] = {
		TEXT_LINE("one", "{a} of {b}"),
		TEXT_LINE("two", "{a}[ of {b}][ and {c}]"),
		TEXT_LINE("three", "[x{a}[y{c}]z]"),
		TEXT_LINE("four", "words alone"),
		{}
	};

	check_text(json_pack("{s:i, s:i}", "a", 1, "c", 3), parts,
		   "two: 1 and 3\nthree: x1y3z\nfour: words alone\n");
	check_text(json_pack("{s:i}", "a", 1), parts,
		   "two: 1\nthree: x1z\nfour: words alone\n");
}

static void tables_stand_off_and_may_need_rows(void)
{
	static const char *const columns[] = { "key=@", "n.size", "n.time|time",
					       NULL };
	static const struct text_part parts[] = {
		TEXT_LINE("name", "{name}"),
		{ .each = "object", .columns = columns },
		{ .each = "array", .columns = columns },
		{ .each = "rows", .columns = columns, .some = true },
		{}
	};

	check_text(json_pack("{s:s, s:{s:{s:{s:i, s:i}}, s:{}}}", "name", "x",
			     "object", "first", "n", "size", 5, "time", 2000,
			     "b"),
		   parts,
		   "name: x\n\nKEY    SIZE  TIME\nfirst  5     2.0 us\nb      -     -\n");
	check_text(json_pack("{s:[], s:[]}", "array", "rows"), parts,
		   "KEY  SIZE  TIME\n");
	check_text(json_pack("{s:i}", "object", 1), parts, "KEY  SIZE  TIME\n");
}

static void a_line_may_be_told_of_the_first_item_alone(void)
{
	static const struct text_part parts[] = {
		{ .label = "all", .show = "{n}", .each = "array" },
		{ .label = "first", .show = "{n}", .each = "array",
		  .once = true },
		{}
	};

	check_text(json_pack("{s:[{}, {s:i}, {s:i}]}", "array", "n", 1, "n", 2),
		   parts, "all: 1\nall: 2\nfirst: 1\n");
}

/* As src/cmd/status.c has it of a device that is free. */
#define FREE "it is free, and opening it resets it: --probe does"

static void status_explains_what_it_does_not_show(void)
{
	static const char head[] =
		"DEVICE  KIND  VF_NUMBER  DRIVER  IOMMU_GROUP  NETDEVS  MIGRATABLE  IN_USE  STATE  CAN_MIGRATE\n";
	char want[1024];

	check_text(json_pack("{s:[]}", "devices"), command_status.text,
		   "devices: none: this host has no function of an mlx5 adapter\n");
	snprintf(want, sizeof(want),
		 "%sA       -     -          -       -            -        -           no      -      -\n"
		 "B       -     -          -       -            -        -           no      -      -\n"
		 "note: a free device is not asked for its state, since opening it resets it (-): hold it (mlxmigctl hold), or have it reset and asked (--probe)\n",
		 head);
	check_text(json_pack("{s:[{s:s, s:b, s:s}, {s:s, s:b, s:s}]}",
			     "devices", "device", "A", "in_use", 0,
			     "migration_reason", FREE, "device", "B", "in_use",
			     0, "migration_reason", FREE),
		   command_status.text, want);
	snprintf(want, sizeof(want),
		 "%sA       -     -          -       -            -        -           no      -      -\n",
		 head);
	check_text(json_pack("{s:[{s:s, s:b, s:s}]}", "devices", "device",
			     "A", "in_use", 0, "migration_reason",
			     "no driver of VFIO has it"),
		   command_status.text, want);
	snprintf(want, sizeof(want),
		 "%sA       -     -          -       -            -        -           -       -      -\n"
		 "note: IN_USE \"-\": it is not known whether the device is in use, see in_use_reason (-c)\n",
		 head);
	check_text(json_pack("{s:[{s:s, s:n}]}", "devices", "device", "A",
			     "in_use"),
		   command_status.text, want);
}

static void a_column_with_plus_is_left_out_where_no_row_has_it(void)
{
	static const char *const columns[] = { "n", "+share=s|percent", "+t",
					       NULL };
	static const struct text_part parts[] = {
		{ .each = "rows", .columns = columns },
		{}
	};

	check_text(json_pack("{s:[{s:i}, {s:i, s:f}]}", "rows", "n", 1, "n", 2,
			     "s", 0.12345),
		   parts, "N  SHARE\n1  -\n2  12.35%\n");
	check_text(json_pack("{s:[{s:i, s:n}]}", "rows", "n", 1, "s"), parts,
		   "N\n1\n");
	check_text(json_pack("{s:[]}", "rows"), parts, "N\n");
}

static void foreign_keys_are_no_orders_to_the_terminal(void)
{
	static const char *const columns[] = { "key=@", "n", NULL };
	static const struct text_part parts[] = {
		{ .each = "phases", .columns = columns },
		{}
	};

	check_text(json_loads("{\"phases\": {\"\\u001b]0;x\\u0007y\\u009b\": {\"n\": 1}}}", 0,
			      NULL),
		   parts, "KEY       N\n?]0;x?y?  1\n");
}

static void a_document_without_parts_is_shown_whole(void)
{
	check_text(json_pack("{s:s, s:n, s:{s:b}, s:[i,i], s:[{s:i}]}",
			     "schema", "x/1", "none", "o", "yes", 1, "list", 1,
			     2, "items", "n", 3),
		   NULL, "none: -\no.yes: yes\nlist: 1,2\nitems[0].n: 3\n");
}

static void times_of_a_document_without_parts_are_words(void)
{
	check_text(json_pack("{s:I, s:{s:I, s:n}, s:i, s:n}", "duration_ns",
			     (json_int_t)1839201, "firmware_failure",
			     "time_unix_ns", (json_int_t)1795370463000000000,
			     "other_unix_ns", "answers_bytes", 5, "b_ns"),
		   NULL,
		   "duration: 1.8 ms\n"
		   "firmware_failure.time: 2026-11-22T18:01:03Z\n"
		   "firmware_failure.other_unix_ns: -\n"
		   "answers_bytes: 5\nb_ns: -\n");
}

#define MS 1000000u

static struct transfer_result outcome_of(const char *device)
{
	struct transfer_result result = {
		.opened = true, .file = "vf0.mig", .file_bytes = 9216,
		.done = true,
		.transfer = {
			.lender = { .kind = HOLDER_HOLD, .pid = 77,
				    .comm = "mlxmigctl-hold" },
			.origin = STATE_RUNNING, .final = STATE_RUNNING,
			.bytes = 8232, .duration_ns = 30 * MS,
			.stopped_ns = 20 * MS,
			.digest = "1cd4b70664848678cee99a23dfe08c4b",
			.records = { .format = STREAM_RECORDS, .n_records = 2,
				     .fw_bytes = 8192 },
			.phases = { [PHASE_STOP_COPY] = { .bytes = 8232,
							  .members = 1,
							  .duration_ns = 8 * MS } },
		},
	};

	strcpy(result.device, device);
	return result;
}

#define STREAM                                                          \
	"stream: 8232 bytes (8.0 KiB), 2 records\n"                     \
	"digest: 1cd4b70664848678cee99a23dfe08c4b\n"
#define TOOK "took: 30.0 ms\nstopped: 20.0 ms\n"
#define PHASES                                                          \
	"\nPHASE      BYTES  MEMBERS  DURATION  RATE\n"                 \
	"pre_copy   0      0        0.0 us    -\n"                      \
	"stop_copy  8232   1        8.0 ms    1004.9 KiB/s\n"

static void save_is_told_in_words(void)
{
	struct transfer_result result = outcome_of("0000:3b:00.2");

	transfer_result_warn(&result, "its firmware is unknown");
	transfer_result_warn(&result, "and more");
	check_text(save_document(&result, 1, false), command_save.text,
		   "device: 0000:3b:00.2, borrowed from mlxmigctl-hold (pid 77)\n"
		   "saved: yes\n"
		   "file: vf0.mig (image, 9216 bytes (9.0 KiB))\n"
		   STREAM TOOK
		   "state: RUNNING, from RUNNING\n"
		   "warning: its firmware is unknown\n"
		   "warning: and more\n" PHASES);
}

/* RUNNING > STOP > STOP_COPY, read, and back. */
static struct transfer_result timed_outcome(void)
{
	struct transfer_result result = outcome_of("0000:3b:00.2");
	struct transfer *transfer = &result.transfer;

	transfer->walk = (struct walk){
		.arcs = { { STATE_RUNNING, STATE_STOP, 3 * MS, 0, 100 * MS },
			  { STATE_STOP, STATE_STOP_COPY, 4 * MS, 0, 104 * MS },
			  { STATE_STOP_COPY, STATE_STOP, 9 * MS, 0, 121 * MS } },
		.n_arcs = 3,
	};
	transfer->read_begun_ns = 110 * MS;
	transfer->read_ended_ns = 120 * MS;
	return result;
}

static void the_time_stopped_is_one_figure_and_what_it_is_made_of(void)
{
	struct transfer_result result = timed_outcome();
	struct stopped stopped;

	CHECK(transfer_stopped(&result.transfer, &stopped));
	CHECK_INT(stopped.duration_ns, result.transfer.stopped_ns);
	check_text(save_document(&result, 1, false), command_save.text,
		   "device: 0000:3b:00.2, borrowed from mlxmigctl-hold (pid 77)\n"
		   "saved: yes\n"
		   "file: vf0.mig (image, 9216 bytes (9.0 KiB))\n"
		   STREAM
		   "took: 30.0 ms\n"
		   "stopped: 20.0 ms: 7.0 ms of arcs, 10.0 ms of reading, 3.0 ms of other things\n"
		   "state: RUNNING, from RUNNING\n" PHASES);
}

static void a_transfer_that_failed_tells_no_time_stopped(void)
{
	struct transfer_result result = outcome_of("0000:3b:00.2");
	json_t *document;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	result.transfer.stopped_ns = 0;
	document = load_document(&result);
	CHECK(json_is_null(json_object_get(document, "stopped_ns")));
	CHECK_INT(document_print_text(document, out, command_load.text), 0);
	fclose(out);
	CHECK(!strstr(text, "stopped"));
	free(text);
	json_decref(document);
}

static void save_of_several_is_told_for_each(void)
{
	struct transfer_result results[2] = { outcome_of("0000:3b:00.2"),
				       { .device = "0000:3b:00.3" } };

	results[0].transfer.lender.kind = HOLDER_NONE;
	results[0].raw = true;
	results[0].file_bytes = 0;
	check_text(save_document(results, 2, true), command_save.text,
		   "device: 0000:3b:00.2, opened, and so reset, for this\n"
		   "saved: yes\n"
		   "file: vf0.mig (stream)\n"
		   STREAM TOOK
		   "state: RUNNING, from RUNNING\n" PHASES
		   "\ndevice: 0000:3b:00.3\n"
		   "saved: no\n");
}

static void check_load(struct transfer_result *result, const char *identity)
{
	char want[1024];

	result->loaded = true;
	result->compressed = true;
	result->transfer.kept = true;
	result->transfer.verify_ns = 3 * MS;
	result->transfer.final = STATE_STOP;
	snprintf(want, sizeof(want),
		 "device: 0000:3b:00.2, borrowed from mlxmigctl-hold (pid 77)\n"
		 "contents: loaded, kept by its holder\n"
		 "identity: %s\n"
		 "file: vf0.mig (%s, compressed, 9216 bytes (9.0 KiB))\n"
		 STREAM
		 "verified: 3.0 ms, before the device was touched\n" TOOK
		 "state: STOP, from RUNNING\n" PHASES,
		 identity, result->raw ? "stream" : "image");
	check_text(load_document(result), command_load.text, want);
}

static void load_says_whether_the_identity_fits_or_was_not_checked(void)
{
	static const struct {
		enum fit worst;
		const char *want;
	} rows[] = {
		{ FIT_YES, "fits" },
		{ FIT_WARNS, "fits, with a warning" },
		{ FIT_FORBIDS, "does not fit" },
	};
	struct transfer_result result = outcome_of("0000:3b:00.2");

	check_load(&result, "not checked");
	result.raw = true;
	check_load(&result, "not checked: a bare stream does not tell its device");
	result.raw = false;
	result.has_fit = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		result.fit.worst = rows[i].worst;
		check_load(&result, rows[i].want);
	}
}

static void a_script_can_tell_a_fit_from_no_check(void)
{
	struct transfer_result result = outcome_of("0000:3b:00.2");
	json_t *document = load_document(&result);

	CHECK(json_is_null(json_object_get(document, "identity_fit")));
	json_decref(document);
	result.has_fit = true;
	document = load_document(&result);
	CHECK_STR(json_string_value(json_object_get(document, "identity_fit")), "yes");
	json_decref(document);
}

int main(void)
{
	CASE(values_become_text);
	CASE(a_line_or_bracket_without_its_value_is_left_out);
	CASE(tables_stand_off_and_may_need_rows);
	CASE(a_column_with_plus_is_left_out_where_no_row_has_it);
	CASE(a_line_may_be_told_of_the_first_item_alone);
	CASE(status_explains_what_it_does_not_show);
	CASE(foreign_keys_are_no_orders_to_the_terminal);
	CASE(a_document_without_parts_is_shown_whole);
	CASE(times_of_a_document_without_parts_are_words);
	CASE(save_is_told_in_words);
	CASE(the_time_stopped_is_one_figure_and_what_it_is_made_of);
	CASE(a_transfer_that_failed_tells_no_time_stopped);
	CASE(save_of_several_is_told_for_each);
	CASE(load_says_whether_the_identity_fits_or_was_not_checked);
	CASE(a_script_can_tell_a_fit_from_no_check);
	return CHECK_DONE();
}
