/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "complete.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "commands.h"
#include "sys/inventory.h"

static void candidate(const char *cur, const char *word, const char *what)
{
	if (text_starts(word, cur))
		printf("%s\t%s\n", word, what);
}

static void print_options(const char *cur, const struct argp_option *options)
{
	for (; options && options->name; options++) {
		char word[64];

		snprintf(word, sizeof(word), "--%s%s", options->name,
			 options->arg ? "=" : "");
		candidate(cur, word, options->doc);
	}
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
			 device->driver);
		candidate(cur, device->name, what);
		for (size_t n = 0; n < device->n_netdevs; n++)
			candidate(cur, device->netdevs[n], device->name);
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
			candidate(cur, fsm_state_name(s), "migration state");
		break;
	case OPERAND_FILE:
		puts(":files");
		break;
	case OPERAND_NONE:
		break;
	}
}

/* Which operand comes at position @n; the last kind repeats. */
static enum operand operand_at(const struct command *command, int n)
{
	if (command->max_operands >= 0 && n >= command->max_operands)
		return OPERAND_NONE;
	if (n && command->operands[1] != OPERAND_NONE)
		return command->operands[1];
	return command->operands[0];
}

void complete_print(int n_words, char **words)
{
	const char *cur = n_words ? words[n_words - 1] : "";
	const struct command *command = NULL;
	int n_operands = 0;

	for (int i = 0; i < n_words - 1; i++) {
		if (*words[i] == '-' && words[i][1])
			continue;
		if (!command)
			command = command_find(words[i]);
		else
			n_operands++;
	}
	if (*cur == '-') {
		if (command)
			print_options(cur, command->options);
		print_options(cur, cli_global_options);
	} else if (command) {
		print_operands(cur, operand_at(command, n_operands));
	} else {
		for (const struct command *const *c = commands; *c; c++)
			candidate(cur, (*c)->name, (*c)->summary);
	}
}
