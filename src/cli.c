/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* misuse_hint - say where the options and operands of @command (NULL: all commands) are told; returns -1 */
static int misuse_hint(const struct command *command, struct err *err)
{
	const char *words = command ? command->operand_words : "";
	int first = (int)strcspn(words, "\n");
	bool more = words[first];

	if (!command)
		return err_hint(err, "mlxmigctl --help lists them");
	return err_hint(err, "it takes %.*s%s%s: see mlxmigctl %s --help",
			first, words, more ? ", or " : "",
			more ? words + first + 1 : "", command->name);
}

/* struct match - the options that a word may mean */
struct match {
	const struct argp_option *option;
	bool exact, several;
};

static void match_long(struct match *match, const struct argp_option *options,
		       const char *name, size_t len)
{
	for (; options && options->name; options++) {
		bool exact = strlen(options->name) == len;

		if (match->exact || strncmp(options->name, name, len))
			continue;
		match->several = match->option && !exact;
		match->exact = exact;
		match->option = options;
	}
}

static const struct argp_option *match_short(const struct argp_option *options, char key)
{
	for (; options && options->name; options++)
		if (options->key == key)
			return options;
	return NULL;
}

static const char *kind_of(const struct command *command)
{
	return command ? "such option" : "such global option";
}

/* "--name" or "--name=value"; 1: it takes the next word too; -1: it is wrong. */
static int judge_long(const struct command *command, const char *word, bool last, struct err *err)
{
	int len = (int)strcspn(word, "=");
	struct match match = {};

	if (command)
		match_long(&match, command->options, word + 2, (size_t)len - 2);
	match_long(&match, cli_global_options, word + 2, (size_t)len - 2);
	if (!match.option)
		return err_set(err, ERR_USAGE, 0, "no %s: %.*s", kind_of(command), len, word);
	if (match.several)
		return err_set(err, ERR_USAGE, 0, "%.*s is short for more than one option", len,
			       word);
	if (!match.option->arg && word[len])
		return err_set(err, ERR_USAGE, 0, "--%s takes no argument", match.option->name);
	if (!match.option->arg || word[len] || match.option->flags & OPTION_ARG_OPTIONAL)
		return 0;
	if (last)
		return err_set(err, ERR_USAGE, 0, "--%s: its argument is missing: %s",
			       match.option->name, match.option->arg);
	return 1;
}

/* "-c", "-ct", "-l3"; as judge_long(). */
static int judge_short(const struct command *command, const char *word, bool last, struct err *err)
{
	while (*++word) {
		const struct argp_option *option =
			command ? match_short(command->options, *word) : NULL;

		if (!option)
			option = match_short(cli_global_options, *word);
		if (!option)
			return err_set(err, ERR_USAGE, 0, "no %s: -%c", kind_of(command), *word);
		if (option->arg && !word[1] && last)
			return err_set(err, ERR_USAGE, 0, "-%c: its argument is missing: %s", *word,
				       option->arg);
		if (option->arg)
			return !word[1];
	}
	return 0;
}

/*
 * misuse_option - name the first option of some words that argp does not take
 * @command: whose options they may be, besides the global ones; NULL: the
 *           words are those before a command, and end at the first operand
 * @words, @n: as argp got them, without the program's or command's name
 *
 * Sets ERR_USAGE with what is wrong with it: it does not exist, its argument
 * is missing, it takes none, or it is short for more than one. Returns -1.
 */
static int misuse_option(const struct command *command, char **words, int n, struct err *err)
{
	int ret = 0;

	for (int i = 0; i < n && ret >= 0; i += 1 + ret) {
		bool dashed = words[i][0] == '-' && words[i][1];

		ret = 0;
		if (!strcmp(words[i], "--") || (!dashed && !command))
			break;
		if (text_starts(words[i], "--"))
			ret = judge_long(command, words[i], i == n - 1, err);
		else if (dashed)
			ret = judge_short(command, words[i], i == n - 1, err);
	}
	err_set(err, ERR_USAGE, 0, "the command line is wrong");
	if (!command)
		return misuse_hint(NULL, err);
	return err_hint(err, "mlxmigctl %s --help lists them", command->name);
}

/* "FILE" of "FILE|-", "STATE" of "STATE...". */
static int bare_length(const char *word)
{
	return (int)strcspn(word, "|. \n");
}

/* misuse_missing - name the operands that @command lacks, having @n_operands of them; returns -1 */
static int misuse_missing(const struct command *command, size_t n_operands, struct err *err)
{
	const char *word = command->operand_words;
	size_t n = (size_t)command->min_operands - n_operands;

	/* A word repeats for as many operands as it takes. */
	while (n_operands-- && word[strcspn(word, " \n")] == ' ')
		word += strcspn(word, " ") + 1;
	if (n > 1 && word[strcspn(word, " \n")] == ' ') {
		const char *second = word + strcspn(word, " ") + 1;

		err_set(err, ERR_USAGE, 0, "%s: %.*s and %.*s are missing", command->name,
			bare_length(word), word, bare_length(second), second);
	} else {
		err_set(err, ERR_USAGE, 0, "%s: %.*s is missing",
			command->name, bare_length(word), word);
	}
	return misuse_hint(command, err);
}

enum { KEY_PROGRESS = 0x200, KEY_SYSROOT, KEY_UNCOMPRESSED_MAX, KEY_VERSION };

/* With NO_ERRS alone --help is muted too; a usage error must become a document. */
#define PARSE_FLAGS (ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP)

const struct argp_option cli_global_options[] = {
	{ "compact", 'c', NULL, 0, "print the document on one line", 90 },
	{ "text", 't', NULL, 0, "print text for people instead of JSON", 90 },
	{ "progress", KEY_PROGRESS, "auto|text|json|none", 0,
	  "show progress (auto: on a terminal)", 90 },
	{ "sysroot", KEY_SYSROOT, "DIR", 0,
	  "read sysfs and proc below DIR (a captured host)", 90 },
	{ "uncompressed-max", KEY_UNCOMPRESSED_MAX, "SIZE", 0,
	  "read at most SIZE out of a compressed file (default: 256 times its size, or 256M)", 90 },
	{ "help", 'h', NULL, 0, "print this help", 91 },
	{ "version", KEY_VERSION, NULL, 0, "print the version", 91 },
	{}
};

/* What the parsers below share; argp's input. */
struct parse {
	struct invocation *inv;
	struct err *err;
	int verb; /* index of the verb in argv, 0: none */
};

static int parse_progress(const char *arg, struct globals *globals, struct err *err)
{
	static const char *const modes[] = {
		[PROGRESS_AUTO] = "auto", [PROGRESS_NONE] = "none",
		[PROGRESS_TEXT] = "text", [PROGRESS_JSON] = "json",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!strcmp(arg, modes[i])) {
			globals->progress = i;
			return 0;
		}
	}
	err_set(err, ERR_USAGE, 0, "--progress: no such mode: %s", arg);
	return err_hint(err, "the modes are auto, text, json and none");
}

/* As from a variable that is not set: the running host is not meant. */
static int check_root(const char *root, struct err *err)
{
	return *root ? 0 : err_set(err, ERR_USAGE, 0, "--sysroot: no directory is named");
}

static int parse_max(const char *arg, struct globals *globals, struct err *err)
{
	if (!text_size(arg, &globals->uncompressed_max) && globals->uncompressed_max)
		return 0;
	err_set(err, ERR_USAGE, 0, "--uncompressed-max: %s is no size", arg);
	return err_hint(err, "a size is a number of bytes, or of larger units: 64K, 1M, 2G");
}

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct globals *globals = &parse->inv->globals;

	switch (key) {
	case 'c':
		globals->compact = true;
		return 0;
	case 't':
		globals->text = true;
		return 0;
	case KEY_PROGRESS:
		return parse_progress(arg, globals, parse->err) ? EINVAL : 0;
	case KEY_SYSROOT:
		globals->sysroot = arg;
		return check_root(arg, parse->err) ? EINVAL : 0;
	case KEY_UNCOMPRESSED_MAX:
		return parse_max(arg, globals, parse->err) ? EINVAL : 0;
	case 'h':
		parse->inv->help = true;
		return 0;
	case KEY_VERSION:
		parse->inv->version = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_own(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	const struct command *command = parse->inv->command;
	int ret;

	/* argp's own keys are no business of a command. */
	if (!command->parse || key == ARGP_KEY_ARG || key & 0x1000000)
		return ARGP_ERR_UNKNOWN;
	ret = command->parse(key, arg, parse->inv->options, parse->err);
	return ret < 0 ? EINVAL : ret;
}

/* argp has found an option that is unknown, or lacks its argument; or a parser has said what is wrong. */
static void set_bad_option(struct parse *parse, const struct argp_state *state)
{
	if (!err_is_set(parse->err))
		misuse_option(parse->inv->command, state->argv + 1, state->argc - 1, parse->err);
}

static error_t parse_verb(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = parse;
		return 0;
	case ARGP_KEY_ARG:
		parse->verb = state->next - 1;
		parse->inv->command = command_find(arg);
		state->next = state->argc; /* the rest is the verb's */
		return 0;
	case ARGP_KEY_ERROR:
		set_bad_option(parse, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_command(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct invocation *inv = parse->inv;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = parse;
		state->child_inputs[1] = parse;
		return 0;
	case ARGP_KEY_ARG:
		if (inv->command->max_operands >= 0 &&
		    inv->n_operands == (size_t)inv->command->max_operands) {
			err_set(parse->err, ERR_USAGE, 0, "%s: one operand too many", arg);
			misuse_hint(inv->command, parse->err);
			return EINVAL;
		}
		inv->operands[inv->n_operands++] = arg;
		return 0;
	case ARGP_KEY_ERROR:
		set_bad_option(parse, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp global_argp = {
	.options = cli_global_options,
	.parser = parse_global,
};

/* Everything up to the verb. */
static int find_verb(int argc, char **argv, struct parse *parse)
{
	const struct argp_child children[] = { { .argp = &global_argp }, {} };
	const struct argp argp = { .parser = parse_verb, .children = children };

	if (argp_parse(&argp, argc, argv, PARSE_FLAGS | ARGP_IN_ORDER, NULL, parse))
		return err_set(parse->err, ERR_USAGE, 0, "the command line is wrong");
	if (parse->inv->help || parse->inv->version)
		return 0;
	if (parse->inv->command)
		return 0;
	if (parse->verb)
		err_set(parse->err, ERR_USAGE, 0, "no such command: %s", argv[parse->verb]);
	else
		err_set(parse->err, ERR_USAGE, 0, "no command given");
	return misuse_hint(NULL, parse->err);
}

/* A command's argp with the globals beside it; for parsing and for help. */
#define COMMAND_ARGP(command)                                                 \
	const struct argp own_argp = { .options = (command)->options,         \
				       .parser = parse_own };                 \
	const struct argp_child children[] = { { .argp = &own_argp },         \
					       { .argp = &global_argp },      \
					       {} };                          \
	const struct argp argp = { .parser = parse_command,                   \
				   .args_doc = (command)->operand_words,      \
				   .doc = (command)->description,             \
				   .children = children }

static int check_operands(const struct invocation *inv, struct err *err)
{
	const struct command *command = inv->command;

	if (inv->n_operands < (size_t)command->min_operands)
		return misuse_missing(command, inv->n_operands, err);
	if (!command->check)
		return 0;
	return command->check(inv->options, inv->operands, inv->n_operands, err);
}

int cli_parse(int argc, char **argv, struct invocation *inv, struct err *err)
{
	struct parse parse = { .inv = inv, .err = err };
	const struct command *command;

	if (find_verb(argc, argv, &parse))
		return -1;
	command = inv->command;
	if (!command)
		return 0;
	inv->options = calloc(1, command->options_size + 1);
	inv->operands = calloc((size_t)argc + 1, sizeof(*inv->operands));
	if (!inv->options || !inv->operands)
		return err_set(err, ERR_NO_MEMORY, 0, "the command line");

	COMMAND_ARGP(command);
	if (argp_parse(&argp, argc - parse.verb, argv + parse.verb, PARSE_FLAGS,
		       NULL, &parse) &&
	    !err_is_set(err))
		err_set(err, ERR_USAGE, 0, "the command line is wrong");
	if (inv->help)
		*err = (struct err)ERR_INIT;
	if (err_is_set(err))
		return -1;
	return inv->help || inv->version ? 0 : check_operands(inv, err);
}

void cli_release(struct invocation *inv)
{
	free(inv->options);
	free(inv->operands);
}

static void print_command_help(const struct command *command)
{
	char name[64];

	COMMAND_ARGP(command);
	snprintf(name, sizeof(name), "mlxmigctl %s", command->name);
	printf("%s: %s\n", name, command->summary);
	argp_help(&argp, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK, name);
	printf("\nThe manual page: mlxmigctl-%s(8)\n", command->name);
}

void cli_print_help(const struct command *command)
{
	char program[] = "mlxmigctl";

	if (command) {
		print_command_help(command);
		return;
	}
	printf("mlxmigctl: save, move and inspect the migration state of mlx5 virtual functions\n"
	       "\nUsage: mlxmigctl [GLOBAL] COMMAND [OPTION...] [OPERAND...]\n"
	       "\nCommands:\n");
	for (const struct command *const *c = commands; *c; c++)
		printf("  %-10s %s\n", (*c)->name, (*c)->summary);
	printf("\nGlobal options, before or after the command:\n");
	fflush(stdout);
	argp_help(&global_argp, stdout, ARGP_HELP_LONG, program);
	printf("\nmlxmigctl COMMAND --help tells more, and so does mlxmigctl(8).\n");
}
