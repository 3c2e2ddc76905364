/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is an image, or a bare stream, whole and as it was saved? */
#ifndef IMAGE_VERIFY_H
#define IMAGE_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/content.h"
#include "image/format.h"
#include "image/record.h"
#include "json/progress.h"
#include "lib/err.h"

/* What was found wrong with an image or a bare stream. */

/** struct damaged_record - a record and its number in the stream, from 0 */
struct damaged_record {
	uint64_t number;
	struct record record;
};

/**
 * struct verify_result - on one file
 * @path: as it was named; "-": standard input
 * @limit: at most so many records are listed
 * @check_with: a command that must accept a file that is good (checked_file_run()), or NULL
 * @checked: it did
 * @opened: it was found to be an image or a stream; else the rest says nothing
 * @look: of what cannot be judged: what it looks like
 * @packed: pack made the image, of content without records: nothing shows that it is a state
 * @headless: of a damaged image the beginning is lost, and no stream can be read
 * @made: which checks were made to their end, or failed
 * @errs: what each of them found; ERR_NONE: nothing
 * @err: the first thing that is wrong, or why the file could not be read
 * @totals: as counted; the digest is of what could be read, and empty where
 *          that is not all
 * @damage: where @err is, when @damaged; @where: the same in words
 * @damaged_members: whose digests do not fit
 * @records: those that the damage touches, or may touch; @n_records of them,
 *           @n_records_more not listed
 */
struct verify_result {
	const char *path;
	size_t limit;
	const char *check_with;
	bool checked;
	bool opened;
	bool is_image;
	bool compressed;
	enum content_look look;
	bool packed;
	bool headless;
	bool made[CHECK_COUNT];
	struct err errs[CHECK_COUNT];
	struct err err;
	struct image_totals totals;
	struct record_parser parser;
	bool damaged;
	struct damage damage;
	char where[160];
	uint64_t damaged_members;
	struct damaged_record *records;
	size_t n_records;
	uint64_t n_records_more;
	uint64_t duration_ns;
};

/** verify_result_is_good - was everything checked and found right? */
bool verify_result_is_good(const struct verify_result *result) __attribute__((nonnull(1)));

/** verify_result_is_unjudged - is it neither an image nor a stream of records? */
bool verify_result_is_unjudged(const struct verify_result *result) __attribute__((nonnull(1)));

/** verify_result_is_refused - did the command not accept it? */
bool verify_result_is_refused(const struct verify_result *result) __attribute__((nonnull(1)));

/** verify_result_is_unread - could it not be read? */
bool verify_result_is_unread(const struct verify_result *result) __attribute__((nonnull(1)));

/** verify_result_is_damage - is the failure one of the file's contents, not of reading it? */
bool verify_result_is_damage(const struct err *err) __attribute__((nonnull(1)));

/** verify_result_release - frees what it points to */
void verify_result_release(struct verify_result *result) __attribute__((nonnull(1)));

/** verify_tick_fn - so many more bytes of the stream were checked; from any of the threads, one at a time */
typedef void (*verify_tick_fn)(uint64_t bytes, void *data);

/**
 * image_verify - check a file, whole
 * @result: zeroed but for path, limit and check_with; takes all that there is to say, and
 *           is the caller's: verify_result_release()
 * @n_threads: as parallel_run() has it; what is read through (pipes, compressed
 *             images) is by one
 * @tick: may be NULL
 *
 * A signal that interrupt_begin() holds back ends it (ERR_INTERRUPTED).
 * Takes little memory, whatever the file says. Several files may be verified
 * at the same time by threads of the caller's.
 */
void image_verify(unsigned int n_threads, verify_tick_fn tick, void *tick_data,
		  struct verify_result *result)
	__attribute__((nonnull(4)));

/* Many images and streams checked at the same time. */

#define VERIFY_JOBS_MAX 256
#define VERIFY_JOBS_DEFAULT_MAX 8 /* unless it is asked for more: each may take memory */

/**
 * struct verify_plan - what is to be done
 * @jobs: threads in all, 1 to VERIFY_JOBS_MAX; 0: as many as there are
 *        processors for this process, up to VERIFY_JOBS_DEFAULT_MAX
 * @progress: may be NULL; called by one thread at a time
 */
struct verify_plan {
	unsigned int jobs;
	progress_fn progress;
	void *progress_data;
};

/**
 * verify_files - check @n files
 * @results: one for each, with path, limit and check_with set
 *
 * One file that cannot be read or is damaged does not keep the others from
 * being checked; each result tells of its own.
 */
void verify_files(const struct verify_plan *plan, struct verify_result *results,
		  size_t n) __attribute__((nonnull(1, 2)));

#endif
