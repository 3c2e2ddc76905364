/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/verify.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/check_members.h"
#include "image/format.h"
#include "image/input.h"
#include "image/members.h"
#include "image/parallel.h"
#include "image/view.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "lib/text.h"

bool verify_result_is_good(const struct verify_result *result)
{
	return result->opened && !err_is_set(&result->err);
}

bool verify_result_is_unjudged(const struct verify_result *result)
{
	return result->err.code == ERR_UNJUDGED;
}

bool verify_result_is_refused(const struct verify_result *result)
{
	return result->err.code == ERR_UNTRUSTED;
}

bool verify_result_is_unread(const struct verify_result *result)
{
	return err_is_set(&result->err) && !verify_result_is_damage(&result->err) &&
	       !verify_result_is_unjudged(result) && !verify_result_is_refused(result);
}

bool verify_result_is_damage(const struct err *err)
{
	return err->code == ERR_DAMAGED || err->code == ERR_INCOMPATIBLE;
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static bool is_touched(const struct damage *damage, const struct record *record)
{
	uint64_t end = damage->len ? add_saturating(damage->offset, damage->len) : UINT64_MAX;
	uint64_t record_end = add_saturating(record->offset + RECORD_HEADER_SIZE, record->size);

	return record->offset < end && record_end > damage->offset;
}

/* Not before or behind it, nor in all of it alike. */
static bool is_in_stream(const struct verify_result *result)
{
	return result->damaged && result->damage.check != CHECK_TOTALS && !result->headless;
}

/* Does the record end where the damage does, or later? */
static bool reaches_over(const struct damage *damage, const struct record *record)
{
	return add_saturating(record->offset + RECORD_HEADER_SIZE, record->size) >=
	       add_saturating(damage->offset, damage->len);
}

/*
 * verify_result_touch - note a record if the damage is in it
 *
 * Where the damage's length is not known, it reaches to the end. 0, or -1: no
 * memory.
 */
static int verify_result_touch(struct verify_result *result,
			       const struct record *record, uint64_t number)
{
	size_t n = result->n_records;
	struct damaged_record *list = result->records;

	if (!is_touched(&result->damage, record))
		return 0;
	if (n >= result->limit) {
		result->n_records_more++;
		return 0;
	}
	if (!(n & (n - 1))) {
		list = reallocarray(list, n ? 2 * n : 1, sizeof(*list));
		if (!list)
			return -1;
		result->records = list;
	}
	list[result->n_records++] = (struct damaged_record){ number, *record };
	return 0;
}

void verify_result_release(struct verify_result *result)
{
	free(result->records);
	result->records = NULL;
	result->n_records = 0;
}

/* The two digests of a pass: of each member, and of all; and what a bare stream is. */
struct pass {
	struct member_check members;
	struct content_scan content;
	struct digest *stream;
	verify_tick_fn tick;
	void *tick_data;
};

static void pass_free(struct pass *pass)
{
	member_check_free(&pass->members);
	digest_free(pass->stream);
}

static int scan_content(const struct parallel_block *block, void *data, struct err *err)
{
	struct pass *pass = data;

	content_scan_take(&pass->content, block->data, block->len);
	return 0;
}

static int take_stream(const struct parallel_block *block, void *data, struct err *err)
{
	struct pass *pass = data;

	digest_update(pass->stream, block->data, block->len);
	if (pass->tick)
		pass->tick(block->len, pass->tick_data);
	return interrupt_check(err);
}

/* The same check again: what stands earlier in the file is told. */
static bool is_earlier(const struct verify_result *result, enum check check,
		       const struct damage *damage)
{
	return result->damaged && result->damage.check == check &&
	       damage->offset < result->damage.offset;
}

/* What a check found; the first one that is told is the result's. */
static void note_check(struct verify_result *result, enum check check,
		       const struct err *err, const struct damage *damage)
{
	bool earlier = is_earlier(result, check, damage);

	result->made[check] = true;
	if (err_is_set(&result->errs[check]) && !earlier)
		return;
	result->errs[check] = *err;
	if (result->damaged && result->damage.check <= check && !earlier)
		return;
	result->err = *err;
	result->damaged = true;
	result->damage = *damage;
	result->damage.check = check;
}

/* Not of the contents: it could not be read. */
static void note_failure(struct verify_result *result, const struct err *err)
{
	if (!err_is_set(&result->err) || !verify_result_is_damage(err))
		result->err = *err;
}

static void note_digests(struct verify_result *result, const struct member_check *members)
{
	struct damage damage = {};
	struct err err = ERR_INIT;

	result->damaged_members = members->n_bad;
	result->made[CHECK_DIGESTS] = true;
	if (member_check_require(members, &damage, &err))
		note_check(result, CHECK_DIGESTS, &err, &damage);
}

/* The counts fit, or the view would not be whole. */
static void note_totals(struct verify_result *result, const struct view *view)
{
	struct damage damage = { .member = FORMAT_MANIFEST };
	struct err err = ERR_INIT;

	if (!view_is_whole(view) || result->damaged_members)
		return;
	result->made[CHECK_TOTALS] = true;
	if (digest_require_total(view, result->totals.digest, &err))
		note_check(result, CHECK_TOTALS, &err, &damage);
}

static int verify_in_place(struct verify_result *result, const struct view *view,
			   unsigned int n_threads, struct pass *pass, struct err *err)
{
	struct parallel_stage stages[] = {
		{ take_stream, pass }, { member_check_take, &pass->members },
	};

	if (!result->is_image)
		stages[1] = (struct parallel_stage){ scan_content, pass };

	pass->stream = digest_new();
	if (!pass->stream)
		return image_no_memory(err);
	if (member_check_init(&pass->members, view, err) ||
	    parallel_run(view, n_threads, NULL, stages, ARRAY_SIZE(stages), err))
		return -1;
	result->totals = *view_totals(view);
	digest_text(pass->stream, result->totals.digest);
	if (result->is_image) {
		note_digests(result, &pass->members);
		note_totals(result, view);
	}
	return 0;
}

/* Of a stream that may end before its time, only what no driver would take is said. */
static void note_framing(struct verify_result *result, const char *name, bool whole)
{
	const struct record_parser *parser = &result->parser;
	struct damage damage = { .offset = parser->offset };
	struct err err = ERR_INIT;

	if (parser->format == STREAM_BARE || (!whole && !parser->broken))
		return;
	result->made[CHECK_FRAMING] = true;
	if (!record_require_complete(parser, &err))
		return;
	err_wrap(&err, "%s", name);
	if (parser->broken)
		damage.offset = parser->last.offset;
	note_check(result, CHECK_FRAMING, &err, &damage);
}

struct walk_data {
	struct verify_result *result;
	uint64_t number;
};

static int touch_record(const struct record *record, void *data)
{
	struct walk_data *walk = data;

	return verify_result_touch(walk->result, record, walk->number++);
}

#define ZEROS_LOST CONTENT_HEADER_SIZE /* so many zeros at the beginning stand for what is lost */

/*
 * note_content - of what is no image: is it a stream of records?
 *
 * True where it is, or where there is nothing more to be found out.
 */
static bool note_content(struct verify_result *result, const struct content_scan *content,
			 const char *name)
{
	struct damage damage = {};
	struct err err = ERR_INIT;
	char advice[128];

	if (result->is_image || content->format == STREAM_RECORDS)
		return true;
	if (content_require_no_image(content, name, &err)) {
		result->is_image = result->headless = true;
		text_copy(damage.member, sizeof(damage.member), content->header_name);
		damage.where = content->is_frame ? "before what is compressed" : NULL;
		note_check(result, CHECK_STRUCTURE, &err, &damage);
		return false;
	}
	result->look = content_look_now(content);
	result->parser = (struct record_parser){ .format = STREAM_BARE };
	snprintf(advice, sizeof(advice),
		 "copy the file anew from where it was saved: its first %" PRIu64 " bytes are zeros",
		 content->zeros);
	content_unjudged(result->look, name, content->zeros >= ZEROS_LOST ? advice : NULL,
			 &result->err);
	return false;
}

/* Which records the damage is in, wherever it was found. */
static int walk_records(struct verify_result *result, const struct view *view, struct err *err)
{
	struct walk_data walk = { .result = result };
	struct record_parser again = {};
	int ret = view_records(view, &result->parser, NULL, NULL, err);

	if (ret)
		return -1;
	note_framing(result, view_name(view), view_is_whole(view));
	if (!is_in_stream(result))
		return 0;
	ret = view_records(view, &again, touch_record, &walk, err);
	return ret && !err_is_set(err) ? image_no_memory(err) : ret;
}

/* Its hint says what is there; if no digest is found wrong, and speaks first, that is good. */
static void note_found(struct verify_result *result, const struct view *view, struct err *err)
{
	const struct damage *damage = view_damage(view);
	const struct image_totals *totals = view_totals(view);

	if (!damage->where && totals->members) {
		*err->hint = '\0';
		image_hint_damage(err, "good", totals->bytes, totals->members, 0);
	}
	note_check(result, damage->check, err, damage);
}

static void note_packed(struct verify_result *result, const char *manifest, size_t len)
{
	result->packed = manifest && manifest_json_is_packed(manifest, len);
}

static int verify_view(struct verify_result *result, struct input_file *opened,
		       unsigned int n_threads, verify_tick_fn tick, void *tick_data,
		       struct err *err)
{
	AUTO_VIEW struct view *view = NULL;
	CLEANUP(pass_free) struct pass pass = {
		.tick = tick, .tick_data = tick_data,
	};
	struct err looking = ERR_INIT;
	const char *manifest;
	size_t len;
	int ret = view_of_input_file(&view, opened, &looking);

	if (ret && (!view || !verify_result_is_damage(&looking))) {
		*err = looking;
		return -1;
	}
	result->made[CHECK_STRUCTURE] = result->is_image;
	if (ret)
		note_found(result, view, &looking);
	manifest = view_manifest(view, &len);
	note_packed(result, manifest, len);
	pass.content = *view_content(view);
	if (verify_in_place(result, view, n_threads, &pass, err))
		return -1;
	if (note_content(result, &pass.content, opened->name))
		return walk_records(result, view, err);
	result->parser.offset = result->parser.fw_bytes = result->totals.bytes;
	return 0;
}

/* From front to back: the reader checks as it goes, and ends at the first damage. */
static int read_through(struct verify_result *result, struct image_reader *reader,
			verify_tick_fn tick, void *tick_data, struct err *err)
{
	struct image_member member;
	int ret;

	while ((ret = image_reader_next(reader, &member, err)) > 0) {
		record_feed(&result->parser, member.data, member.len, NULL, NULL);
		if (tick)
			tick(member.len, tick_data);
		if (interrupt_check(err))
			return -1;
	}
	image_reader_totals(reader, &result->totals);
	return ret;
}

/* Of the records before the damage, the last one may reach into it. */
static int touch_last(struct verify_result *result, struct err *err)
{
	const struct record_parser *parser = &result->parser;

	if (!is_in_stream(result) || !parser->n_records)
		return 0;
	return verify_result_touch(result, &parser->last, parser->n_records - 1) ?
		       image_no_memory(err) : 0;
}

/* Where it came to what cannot be read. */
static int note_unjudged(struct verify_result *result, const struct content_scan *content,
			 const struct err *err)
{
	result->look = content_look_now(content);
	result->err = *err;
	if (result->look != LOOK_NOTHING)
		result->parser = (struct record_parser){ .format = STREAM_BARE };
	result->parser.offset = result->parser.fw_bytes = result->totals.bytes;
	return 0;
}

static int verify_through(struct verify_result *result, struct input_file *opened,
			  verify_tick_fn tick, void *tick_data, struct err *err)
{
	struct image_reader *reader = opened->reader;
	struct err reading = ERR_INIT;
	const char *manifest;
	size_t len;
	int ret = read_through(result, reader, tick, tick_data, &reading);

	if (ret && !verify_result_is_damage(&reading) && reading.code != ERR_UNJUDGED) {
		*err = reading;
		return -1;
	}
	if (reading.code == ERR_UNJUDGED)
		return note_unjudged(result, image_reader_content(reader), &reading);
	if (!note_content(result, image_reader_content(reader), opened->name)) {
		result->parser.offset = result->parser.fw_bytes = result->totals.bytes;
		return 0;
	}
	for (unsigned int i = 0; i < CHECK_FRAMING; i++)
		result->made[i] = result->is_image && !ret;
	if (ret)
		note_check(result, image_reader_damage(reader)->check, &reading,
			   image_reader_damage(reader));
	result->damaged_members = result->damaged && result->damage.check == CHECK_DIGESTS;
	manifest = image_reader_manifest(reader, &len);
	note_packed(result, manifest, len);
	note_framing(result, opened->name, !ret);
	return touch_last(result, err);
}

static bool is_json_member(const char *member)
{
	return !strcmp(member, FORMAT_DEVICE) || !strcmp(member, FORMAT_MANIFEST);
}

/* Which of the records it is, as far as that is known, behind what was said already. */
static void add_records(struct verify_result *result)
{
	const struct damaged_record *records = result->records;
	uint64_t n = result->n_records + result->n_records_more;
	char *to = result->where + strlen(result->where);
	size_t size = sizeof(result->where) - strlen(result->where);

	if (!result->n_records)
		return;
	if (!reaches_over(&result->damage, &records[result->n_records - 1].record) &&
	    !result->n_records_more)
		snprintf(to, size, "; record %" PRIu64 " or a later one", records[0].number);
	else if (n == 1)
		snprintf(to, size, "; record %" PRIu64, records[0].number);
	else if (n == 2)
		snprintf(to, size, "; record %" PRIu64 " or %" PRIu64, records[0].number,
			 records[0].number + 1);
	else
		snprintf(to, size, "; one of the records %" PRIu64 " to %" PRIu64,
			 records[0].number, records[0].number + n - 1);
}

static void tell_where(struct verify_result *result, const char *name)
{
	const struct damage *damage = &result->damage;
	char *to = result->where;
	size_t size = sizeof(result->where);

	if (damage->where)
		snprintf(to, size, "%s", damage->where);
	else if (result->headless && !*damage->member)
		snprintf(to, size, "in every header");
	else if (result->headless)
		snprintf(to, size, "somewhere before the header of %s", damage->member);
	else if (damage->check == CHECK_TOTALS)
		snprintf(to, size, "somewhere in the stream or in %s", FORMAT_MANIFEST);
	else if (is_json_member(damage->member))
		snprintf(to, size, "somewhere in %s; none was found in the stream%s", damage->member,
			 strcmp(damage->member, FORMAT_DEVICE) ? "" : ", which was not read");
	else if (damage->check == CHECK_DIGESTS && damage->len)
		snprintf(to, size, "somewhere in bytes %" PRIu64 " to %" PRIu64 " of the stream",
			 damage->offset, damage->offset + damage->len - 1);
	else
		snprintf(to, size, "from byte %" PRIu64 " of the stream on", damage->offset);
	if (damage->check != CHECK_DIGESTS || !damage->len || is_json_member(damage->member))
		return;
	add_records(result);
	snprintf(result->err.message, sizeof(result->err.message),
		 "%s: the digest of %s does not fit: there is damage %s", name, damage->member,
		 result->where);
	result->errs[CHECK_DIGESTS] = result->err;
}

/* Nothing behind it was looked at. */
static void note_beginning(struct verify_result *result, const struct image_reader *reader,
			   const struct err *err)
{
	const struct damage *damage = image_reader_damage(reader);

	note_check(result, damage->check, err, damage);
	result->damaged_members = damage->check == CHECK_DIGESTS;
}

/* Only what is whole is worth the command's time. */
static void check_with_command(struct verify_result *result, const struct input_file *opened)
{
	if (!result->check_with || !verify_result_is_good(result))
		return;
	result->checked = !checked_file_run(&opened->checked, result->check_with, result->path,
					    opened->base, &result->err);
}

static int open_any(struct input_file *opened, const struct verify_result *result, struct err *err)
{
	return result->check_with ? input_file_open_checked(opened, result->path, err) :
				    input_file_open(opened, result->path, err);
}

void image_verify(unsigned int n_threads, verify_tick_fn tick, void *tick_data,
		  struct verify_result *result)
{
	AUTO_INPUT_FILE struct input_file opened = INPUT_FILE_INIT;
	uint64_t started = now_ns();
	struct err err = ERR_INIT;
	int ret = open_any(&opened, result, &err);

	if (opened.reader) {
		result->opened = true;
		result->is_image = image_reader_kind(opened.reader) ==
				    IMAGE_TAR;
		result->compressed = image_reader_is_compressed(opened.reader);
		result->look = ret ? image_reader_content(opened.reader)->look : LOOK_NOTHING;
	}
	if (ret && opened.reader && verify_result_is_damage(&err)) {
		note_beginning(result, opened.reader, &err);
		ret = 0;
	} else if (!ret) {
		ret = opened.in_place
			      ? verify_view(result, &opened, n_threads, tick, tick_data, &err)
			      : verify_through(result, &opened, tick, tick_data, &err);
	}
	if (ret)
		note_failure(result, &err);
	if (result->damaged)
		tell_where(result, opened.name);
	check_with_command(result, &opened);
	result->duration_ns = now_ns() - started;
}

struct verify_work {
	const struct verify_plan *plan;
	struct verify_result *results;
	size_t n;
	unsigned int threads_each; /* of a file */
	pthread_mutex_t lock;      /* of what follows */
	size_t next;
	struct progress sample;
	uint64_t started_ns;
	char words[32];
};

static void count_progress(uint64_t bytes, void *data)
{
	struct verify_work *work = data;

	pthread_mutex_lock(&work->lock);
	work->sample.bytes += bytes;
	work->sample.elapsed_ns = now_ns() - work->started_ns;
	work->plan->progress(&work->sample, work->plan->progress_data);
	pthread_mutex_unlock(&work->lock);
}

static void *run_job(void *data)
{
	struct verify_work *work = data;

	for (;;) {
		size_t i;

		pthread_mutex_lock(&work->lock);
		i = work->next++;
		pthread_mutex_unlock(&work->lock);
		if (i >= work->n)
			return NULL;
		image_verify(work->threads_each,
			     work->plan->progress ? count_progress : NULL, work,
			     &work->results[i]);
	}
}

/* The caller's thread is one of them, and does it all where no other can be started. */
static void run_jobs(struct verify_work *work, unsigned int n)
{
	pthread_t threads[VERIFY_JOBS_MAX];
	unsigned int started = 0;

	while (started + 1 < n && !pthread_create(&threads[started], NULL, run_job, work))
		started++;
	run_job(work);
	while (started)
		pthread_join(threads[--started], NULL);
}

/* How much there is to be read, where each of the files tells; a compressed one does not. */
static void begin_progress(struct verify_work *work)
{
	uint64_t total = 0;
	bool known = true;

	for (size_t i = 0; i < work->n; i++) {
		struct stat st;
		const char *path = work->results[i].path;

		known = known && strcmp(path, "-") && !stat(path, &st) && S_ISREG(st.st_mode);
		total += known ? (uint64_t)st.st_size : 0;
	}
	snprintf(work->words, sizeof(work->words), "%zu files", work->n);
	work->sample.device = work->n == 1 ? work->results[0].path : work->words;
	work->sample.phase = "verify";
	work->sample.total_bytes = known ? total : 0;
	work->started_ns = now_ns();
}

static void end_progress(struct verify_work *work)
{
	work->sample.last = true;
	work->sample.elapsed_ns = now_ns() - work->started_ns;
	work->plan->progress(&work->sample, work->plan->progress_data);
}

/* A compressed image takes up to 8 MiB while it is read. */
static unsigned int jobs_default(void)
{
	unsigned int n = processors();

	return n < VERIFY_JOBS_DEFAULT_MAX ? n : VERIFY_JOBS_DEFAULT_MAX;
}

void verify_files(const struct verify_plan *plan, struct verify_result *results, size_t n)
{
	unsigned int jobs = plan->jobs ? plan->jobs : jobs_default();
	unsigned int at_once;
	struct verify_work work = {
		.plan = plan, .results = results, .n = n,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};

	jobs = jobs > VERIFY_JOBS_MAX ? VERIFY_JOBS_MAX : jobs;
	at_once = n < jobs ? (unsigned int)n : jobs;
	work.threads_each = at_once ? jobs / at_once : 1;
	begin_progress(&work);
	run_jobs(&work, at_once);
	if (plan->progress)
		end_progress(&work);
}
