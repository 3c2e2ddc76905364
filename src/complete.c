/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "complete.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "host/inventory.h"
#include "host/sysroot.h"
#include "lib/text.h"

static void print_candidate(const char *cur, const char *word, const char *what)
{
	if (text_starts(word, cur))
		printf("%s\t%s\n", word, what);
}

static void print_options(const char *cur, const struct argp_option *options)
{
	for (; options && options->name; options++) {
		char word[64];

		snprintf(word, sizeof(word), "--%s%s", options->name, options->arg ? "=" : "");
		print_candidate(cur, word, options->doc);
	}
}

/*
 * A name of the host, which may be chosen to do harm: whatever a shell may take
 * otherwise than as it is, or for an option, is left out.
 */
static void print_name(const char *cur, const char *name, const char *what)
{
	if (text_is_name(name) && *name != '-')
		print_candidate(cur, name, what);
}

static void print_devices(const char *cur)
{
	struct inventory inventory = {};
	struct err err = ERR_INIT;

	if (inventory_scan(&inventory, &err))
		return;
	for (size_t i = 0; i < inventory.n; i++) {
		const struct device *device = &inventory.devices[i];
		char what[96];

		snprintf(what, sizeof(what), "%s %s",
			 device->kind == DEVICE_PF ? "PF" : "VF",
			 text_is_name(device->driver) ? device->driver : "");
		print_name(cur, device->name, what);
		for (size_t n = 0; n < device->n_netdevs; n++)
			print_name(cur, device->netdevs[n], device->name);
	}
	inventory_free(&inventory);
}

static void print_operands(const char *cur, enum operand operand)
{
	switch (operand) {
	case OPERAND_DEVICE:
		print_devices(cur);
		break;
	case OPERAND_STATE:
		for (unsigned int s = STATE_STOP; s < STATE_COUNT; s++)
			print_candidate(cur, state_name(s), "migration state");
		break;
	case OPERAND_DEVICE_OR_FILE:
		print_devices(cur);
		puts(":files");
		break;
	case OPERAND_FILE:
		puts(":files");
		break;
	case OPERAND_NONE:
		break;
	}
}

/* The words so far, taken apart as argp would. */
struct line {
	const struct command *command;
	int n_operands;
	bool only_devices;              /* --dir stands for save's FILE */
	bool no_options;                /* after "--" */
	const struct argp_option *open; /* its argument comes next */
};

/* Which operand comes next; the last kind repeats. */
static enum operand operand_next(const struct line *line)
{
	const struct command *command = line->command;

	if (line->only_devices)
		return OPERAND_DEVICE;
	if (command->max_operands >= 0 && line->n_operands >= command->max_operands)
		return OPERAND_NONE;
	if (line->n_operands && command->operands[1] != OPERAND_NONE)
		return command->operands[1];
	return command->operands[0];
}

/* Is @word, up to a "=", this option? */
static bool is_option(const char *word, const struct argp_option *option)
{
	size_t len = strcspn(word, "=");

	if (text_starts(word, "--"))
		return len - 2 == strlen(option->name) && !strncmp(word + 2, option->name, len - 2);
	return option->key == (unsigned char)word[1] && !word[2];
}

static const struct argp_option *find_option(const char *word, const struct argp_option *options)
{
	for (; options && options->name; options++)
		if (is_option(word, options))
			return options;
	return NULL;
}

static void note_argument(struct line *line, const struct argp_option *option, const char *argument)
{
	if (!strcmp(option->name, "sysroot"))
		sysroot_set(argument);
	if (!strcmp(option->name, "dir"))
		line->only_devices = true;
}

static void read_option(struct line *line, const char *word)
{
	const struct argp_option *option = NULL;
	const char *equals = strchr(word, '=');

	if (line->command)
		option = find_option(word, line->command->options);
	if (!option)
		option = find_option(word, cli_global_options);
	if (!option || !option->arg)
		return;
	if (equals)
		note_argument(line, option, equals + 1);
	else if (!(option->flags & OPTION_ARG_OPTIONAL))
		line->open = option;
}

static void read_word(struct line *line, const char *word)
{
	if (line->open) {
		note_argument(line, line->open, word);
		line->open = NULL;
	} else if (!line->no_options && !strcmp(word, "--")) {
		line->no_options = true;
	} else if (!line->no_options && *word == '-' && word[1]) {
		read_option(line, word);
	} else if (!line->command) {
		line->command = command_find(word);
	} else {
		line->n_operands++;
	}
}

/* One that an option accepts, @len bytes of it. @cur is "on", or with @whole "--option=on". */
static void print_value(const char *cur, const struct argp_option *option,
			bool whole, const char *value, size_t len)
{
	char word[128];

	snprintf(word, sizeof(word), "%s%s%s%.*s", whole ? "--" : "",
		 whole ? option->name : "", whole ? "=" : "", (int)len, value);
	print_candidate(cur, word, option->doc);
}

/* All of them, where its help lists them: "on|off". */
static void print_values(const char *cur, const struct argp_option *option, bool whole)
{
	const char *values = option->arg;

	while (*values) {
		size_t len = strcspn(values, "|");

		print_value(cur, option, whole, values, len);
		values += len + (values[len] == '|');
	}
}

static void print_states(const char *cur, const struct argp_option *option, bool whole)
{
	for (unsigned int s = STATE_STOP; s < STATE_COUNT; s++)
		print_value(cur, option, whole, state_name(s), strlen(state_name(s)));
}

/* What may follow an option. Of files the shells know how much of "--option=file" to complete. */
static void print_argument(const char *cur, const struct argp_option *option, bool whole)
{
	if (strchr(option->arg, '|'))
		print_values(cur, option, whole);
	else if (!strcmp(option->arg, "STATE"))
		print_states(cur, option, whole);
	else if (!strcmp(option->arg, "DIR") || !strcmp(option->arg, "FILE"))
		print_operands(cur, OPERAND_FILE);
}

/* @cur begins with a dash: options, or what belongs behind the "=" of one. */
static void print_dashed(const char *cur, const struct command *command)
{
	const struct argp_option *own = command ? command->options : NULL;
	const struct argp_option *option = find_option(cur, own);

	if (!strchr(cur, '=')) {
		print_options(cur, own);
		print_options(cur, cli_global_options);
		return;
	}
	if (!option)
		option = find_option(cur, cli_global_options);
	if (option && option->arg)
		print_argument(cur, option, true);
}

void complete_print(int n_words, char **words)
{
	const char *cur = n_words ? words[n_words - 1] : "";
	struct line line = {};

	for (int i = 0; i < n_words - 1; i++)
		read_word(&line, words[i]);
	if (line.open) {
		print_argument(cur, line.open, false);
	} else if (*cur == '-' && !line.no_options) {
		print_dashed(cur, line.command);
	} else if (line.command) {
		print_operands(cur, operand_next(&line));
	} else {
		for (const struct command *const *c = commands; *c; c++)
			print_candidate(cur, (*c)->name, (*c)->summary);
	}
}
