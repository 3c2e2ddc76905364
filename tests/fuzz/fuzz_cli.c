/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: the words, each ended by a NUL, are parsed, and nothing is
 * run. What is wrong must come with words, what is right with a command whose
 * operands are as many as it takes.
 */
#include <string.h>

#include "cli.h"
#include "fuzz.h"

#define WORDS_MAX 64

/* Each word in memory of its own, so that a byte too many is seen. */
static int split(char *words[WORDS_MAX + 1], const uint8_t *data, size_t len)
{
	int n = 0;

	words[n++] = strdup("mlxmigctl");
	while (len && n < WORDS_MAX) {
		size_t word = strnlen((const char *)data, len);

		words[n++] = strndup((const char *)data, word);
		word += word < len; /* its NUL */
		data += word;
		len -= word;
	}
	words[n] = NULL;
	return n;
}

static void require_sound(const struct invocation *inv, int n, int ret,
			  const struct err *err)
{
	const struct command *command = inv->command;

	FUZZ_REQUIRE((ret == -1) == err_is_set(err));
	FUZZ_REQUIRE(!ret || (*err->message && err_exit_status(err)));
	FUZZ_REQUIRE(inv->n_operands < (size_t)n);
	if (ret || inv->help || inv->version)
		return;
	FUZZ_REQUIRE(command);
	FUZZ_REQUIRE(inv->n_operands >= (size_t)command->min_operands);
	FUZZ_REQUIRE(command->max_operands < 0 ||
		     inv->n_operands <= (size_t)command->max_operands);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* argp sorts the words: what is freed is found here. */
	char *words[WORDS_MAX + 1], *argv[WORDS_MAX + 1];
	struct invocation inv = {};
	struct err err = ERR_INIT;
	int n = split(words, data, len);
	int ret;

	memcpy(argv, words, sizeof(argv));
	ret = cli_parse(n, argv, &inv, &err);
	require_sound(&inv, n, ret, &err);
	cli_release(&inv);
	while (n--)
		free(words[n]);
	return 0;
}
