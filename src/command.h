/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command is: one const struct at the bottom of src/cmd/<name>.c. */
#ifndef COMMAND_H
#define COMMAND_H

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/progress.h"
#include "json/text.h"
#include "lib/err.h"

/* What an operand names: for completion, and for the count of operands. */
enum operand {
	OPERAND_NONE,
	OPERAND_DEVICE,
	OPERAND_STATE,
	OPERAND_FILE,
	OPERAND_DEVICE_OR_FILE,
};

enum progress_mode { PROGRESS_AUTO, PROGRESS_NONE, PROGRESS_TEXT, PROGRESS_JSON };

/** struct globals - the options before and after every command */
struct globals {
	bool compact;
	bool text;
	enum progress_mode progress;
	const char *sysroot;
	uint64_t uncompressed_max; /* 0: the default */
};

struct command;

/**
 * struct request - one call of a command
 * @options: the command's own options, as its parse() filled them
 * @operands: what was named; as many as the command allows
 * @emit: prints a document now, for a command that goes on after it (hold)
 * @emit_text: prints text now, @len bytes of it, in place of a document
 * @warn: tells words on stderr now, beside the document
 * @progress: shows a sample as the user asked for it; pass it on with
 *            @progress_data
 */
struct request {
	const struct command *command;
	const struct globals *globals;
	const void *options;
	char **operands;
	size_t n_operands;
	int (*emit)(const struct request *request, const json_t *document, struct err *err);
	int (*emit_text)(const char *text, size_t len, struct err *err);
	void (*warn)(const char *words);
	progress_fn progress;
	void *progress_data;
};

/**
 * struct reply - what a command gives back; main prints and releases it
 * @document: the document; NULL after emit(). With an error set it is printed
 *            as "result" of the error's document (what was still done)
 * @output: text to be printed on stdout instead of the document (a map, a
 *          dump); malloc'ed
 * @stdout_is_data: stdout carries data: the document goes, compact, to stderr
 * @status: exit status without an error: 0, or another that is documented
 */
struct reply {
	json_t *document;
	char *output;
	bool stdout_is_data;
	int status;
};

/**
 * struct command - a verb
 * @name: what it is called; also its file, man page and tests
 * @operand_words: for usage, "DEVICE FILE"
 * @summary: one line, lower case, no full stop
 * @description: a paragraph or more for --help, after the options
 * @options: argp's, ended by {}; every one has a long name; .arg NULL, or
 *           what it takes: a word in capitals, or all that it accepts, "on|off"
 * @operands: what each operand is; the last one repeats
 * @min_operands, @max_operands: how many; -1: no limit
 * @options_size: size of the command's options struct, given zeroed to parse
 * @handles_state: the state of a guest passes through its memory, which no core
 *                 dump may hold
 * @parse: takes one option: 0, -1 with err set, or ARGP_ERR_UNKNOWN; may be
 *         NULL where there are no options
 * @check: looks at the whole after parsing; may be NULL
 * @run: does it: 0, or -1 with err set
 * @text: for -t: the parts of the text, ended by {}; NULL: the document is
 *        shown as key: value
 */
struct command {
	const char *name;
	const char *operand_words;
	const char *summary;
	const char *description;
	const struct argp_option *options;
	enum operand operands[2];
	int min_operands;
	int max_operands;
	size_t options_size;
	bool handles_state;
	int (*parse)(int key, const char *arg, void *options, struct err *err);
	int (*check)(const void *options, char **operands, size_t n_operands, struct err *err);
	int (*run)(const struct request *request, struct reply *reply, struct err *err);
	const struct text_part *text;
};

#endif
