/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image or a bare stream, in a file or a pipe, on its way into the tool. */
#ifndef IMAGE_INPUT_H
#define IMAGE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "image/checked_file.h"
#include "image/digest.h"
#include "image/pump.h"
#include "image/reader.h"
#include "image/record.h"
#include "json/progress.h"
#include "lib/err.h"
#include "lib/mlx5.h"

/**
 * struct input_file - an input whose first bytes were looked at, to be read in place or through; for this room alone
 * @name: for messages: the path, or "standard input"
 * @base: where it began in its file
 * @in_place: a regular file in which the stream stands as it is
 * @is_file: a regular file: no other process is waited for
 * @checked: of input_file_open_checked()
 */
struct input_file {
	const char *name;
	int fd;
	uint64_t base;
	bool in_place;
	bool is_file;
	struct image_reader *reader;
	struct checked_file checked;
};

#define INPUT_FILE_INIT { .fd = -1, .checked = CHECKED_FILE_INIT }

/** input_file_open - the file @path, which is kept, or standard input for "-"; 0, or -1 with a reader as image_reader_try() has it; input_file_close() in any case */
int input_file_open(struct input_file *opened, const char *path, struct err *err);

/** input_file_open_checked - input_file_open() of a regular file that a command shall check */
int input_file_open_checked(struct input_file *opened, const char *path, struct err *err);

/** input_file_close - harmless on INPUT_FILE_INIT and twice */
void input_file_close(struct input_file *opened);

#define AUTO_INPUT_FILE __attribute__((cleanup(input_file_close)))

/** struct extent - bytes of the stream that follow each other in the file */
struct extent {
	int64_t at;
	uint64_t len;
	enum phase phase;
};

/**
 * struct input - an open input
 * @name: for messages; "stdin" for "-"
 * @before: the file, when it was opened
 * @start: where the input began; -1: it cannot be read twice
 * @totals: of the stream; whole after input_verify(), or when input_next()
 *          came to the end
 * @look: of a bare stream, all of which was read
 * @packed: of an image, all of which was read: pack made it, and it is not known how its stream was saved
 * @ended: the reader came to the end
 * @verified: input_verify() was there, and all is right
 * @digest: of the stream, by a seed of this process
 * @verified_digest: ... as it was verified
 * @checked: of input_open_checked()
 * @extents: of a verified stream that stands in the file as it is, which is
 *           then read from there and not taken apart again
 */
struct input {
	const char *name;
	int fd;
	struct stat before;
	off_t start;
	struct image_reader *reader;
	struct image_member member; /* what is left of it */
	struct image_totals totals;
	enum content_look look;
	bool packed;
	bool ended;
	bool verified;
	struct digest *digest;
	char verified_digest[DIGEST_TEXT_SIZE];
	struct checked_file checked;
	struct extent *extents;
	size_t n_extents, next_extent;
};

#define INPUT_INIT { .fd = -1, .start = -1, .checked = CHECKED_FILE_INIT }

/** input_open - open @path ("-": stdin) and look at its first bytes; @path is kept; what must be uncompressed first is refused; 0 or -1 */
int input_open(struct input *input, const char *path, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/** input_open_any - input_open() of any content */
int input_open_any(struct input *input, const char *path, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/**
 * input_open_checked - input_open_any() of a regular file that a command shall check
 *
 * input_check_with() is for after input_verify(): then it stands between the
 * two times that the file is read, and a change that stays is found by the
 * digest of the second one.
 */
int input_open_checked(struct input *input, const char *path, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/** input_check_with - checked_file_run(), @path as for input_open_checked() */
int input_check_with(const struct input *input, const char *command, const char *path,
		     struct err *err) __attribute__((nonnull(1, 2, 3, 4)));

/** input_content - of a bare stream: what it is, as far as it was read; the input's */
const struct content_scan *input_content(const struct input *input) __attribute__((nonnull(1)));

/** input_stream_bytes - how long a bare stream is that is a regular file; 0: that is not known */
uint64_t input_stream_bytes(const struct input *input) __attribute__((nonnull(1)));

/** input_release - close what is open; harmless on INPUT_INIT and twice */
void input_release(struct input *input) __attribute__((nonnull(1)));

#define AUTO_INPUT __attribute__((cleanup(input_release)))

/** input_is_raw - a bare stream, no image around it */
bool input_is_raw(const struct input *input) __attribute__((nonnull(1)));

/** input_is_file - a regular file, which can be verified before it is loaded */
bool input_is_file(const struct input *input) __attribute__((nonnull(1)));

/**
 * input_verify - read a regular file whole, check everything, and go back to its start
 * @records: takes the stream
 * @progress: as in struct pump; may be NULL. @device is for its samples
 */
int input_verify(struct input *input, struct record_parser *records,
		 const char *device, progress_fn progress, void *progress_data,
		 struct err *err) __attribute__((nonnull(1, 2, 6)));

/** input_format - look at how the stream of an input that was not verified begins, before any of it is taken; STREAM_UNKNOWN where its first member is too short to tell; 0 or -1 */
int input_format(struct input *input, enum stream_format *format,
		 struct err *err) __attribute__((nonnull(1, 2, 3)));

/** input_next - a pump_source_fn: the next block of the stream; @data is the input; 0 when its end was seen and was right */
int input_next(struct pump_block *block, void *data, struct err *err);

/** input_check_unchanged - after the end: is what input_next() gave what was verified, and its file unchanged since? 0 or -1 (ERR_DAMAGED) */
int input_check_unchanged(const struct input *input, struct err *err)
	__attribute__((nonnull(1, 2)));

/* JSON that somebody else wrote, out of a file or a pipe. */

/**
 * input_read_all - all of @input, which is not an image
 *
 * At most 4 MiB, and no more values than take 40 MiB of memory; more is ERR_USAGE. Malloc'ed, @len bytes; NULL with err set.
 */
char *input_read_all(struct input *input, size_t *len, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

#endif
