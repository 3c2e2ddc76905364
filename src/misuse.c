/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "misuse.h"

#include <string.h>

#include "cli.h"
#include "lib/text.h"

int misuse_hint(const struct command *command, struct err *err)
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

static const struct argp_option *match_short(const struct argp_option *options,
					     char key)
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
static int judge_long(const struct command *command, const char *word,
		      bool last, struct err *err)
{
	int len = (int)strcspn(word, "=");
	struct match match = {};

	if (command)
		match_long(&match, command->options, word + 2, (size_t)len - 2);
	match_long(&match, cli_global_options, word + 2, (size_t)len - 2);
	if (!match.option)
		return err_set(err, ERR_USAGE, 0, "no %s: %.*s",
			       kind_of(command), len, word);
	if (match.several)
		return err_set(err, ERR_USAGE, 0,
			       "%.*s is short for more than one option", len,
			       word);
	if (!match.option->arg && word[len])
		return err_set(err, ERR_USAGE, 0, "--%s takes no argument",
			       match.option->name);
	if (!match.option->arg || word[len] ||
	    match.option->flags & OPTION_ARG_OPTIONAL)
		return 0;
	if (last)
		return err_set(err, ERR_USAGE, 0,
			       "--%s: its argument is missing: %s",
			       match.option->name, match.option->arg);
	return 1;
}

/* "-c", "-ct", "-l3"; as judge_long(). */
static int judge_short(const struct command *command, const char *word,
		       bool last, struct err *err)
{
	while (*++word) {
		const struct argp_option *option =
			command ? match_short(command->options, *word) : NULL;

		if (!option)
			option = match_short(cli_global_options, *word);
		if (!option)
			return err_set(err, ERR_USAGE, 0, "no %s: -%c",
				       kind_of(command), *word);
		if (option->arg && !word[1] && last)
			return err_set(err, ERR_USAGE, 0,
				       "-%c: its argument is missing: %s",
				       *word, option->arg);
		if (option->arg)
			return !word[1];
	}
	return 0;
}

int misuse_option(const struct command *command, char **words, int n,
		  struct err *err)
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

int misuse_missing(const struct command *command, size_t n_operands,
		   struct err *err)
{
	const char *word = command->operand_words;
	size_t n = (size_t)command->min_operands - n_operands;

	/* A word repeats for as many operands as it takes. */
	while (n_operands-- && word[strcspn(word, " \n")] == ' ')
		word += strcspn(word, " ") + 1;
	if (n > 1 && word[strcspn(word, " \n")] == ' ') {
		const char *second = word + strcspn(word, " ") + 1;

		err_set(err, ERR_USAGE, 0, "%s: %.*s and %.*s are missing",
			command->name, bare_length(word), word,
			bare_length(second), second);
	} else {
		err_set(err, ERR_USAGE, 0, "%s: %.*s is missing",
			command->name, bare_length(word), word);
	}
	return misuse_hint(command, err);
}
