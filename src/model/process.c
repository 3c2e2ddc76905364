/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

void holdings_free(struct holdings *holdings)
{
	free(holdings->processes);
	free(holdings->list);
	*holdings = (struct holdings){};
}

/* Room for one more, doubled whenever the count is a power of two; NULL: no memory. */
static void *grown(void *array, size_t n, size_t size)
{
	if (n & (n - 1))
		return array;
	return reallocarray(array, n ? n * 2 : 1, size);
}

struct process *holdings_add_process(struct holdings *holdings)
{
	struct process *list = grown(holdings->processes,
				     holdings->n_processes, sizeof(*list));

	if (!list)
		return NULL;
	holdings->processes = list;
	list += holdings->n_processes++;
	*list = (struct process){};
	return list;
}

int holdings_add(struct holdings *holdings, const struct holding *holding)
{
	struct holding *list = grown(holdings->list, holdings->n,
				     sizeof(*list));

	if (!list)
		return -ENOMEM;
	holdings->list = list;
	list[holdings->n] = *holding;
	list[holdings->n++].process = holdings->n_processes - 1;
	return 0;
}

/* The next of QEMU's comma-separated options; two commas stand for one. NULL: none. */
static const char *next_option(const char *text, char *buf, size_t size)
{
	size_t used = 0;

	if (!*text)
		return NULL;
	for (; *text; text++) {
		if (*text == ',' && *++text != ',')
			break;
		if (used + 1 < size)
			buf[used++] = *text;
	}
	buf[used] = '\0';
	return text;
}

static void read_guest(struct process *process, const char *value)
{
	char option[sizeof(process->guest) + 8];
	bool first = true;

	while ((value = next_option(value, option, sizeof(option)))) {
		const char *name = text_starts(option, "guest=");

		if (!name && first && !strchr(option, '='))
			name = option;
		if (name)
			text_copy(process->guest, sizeof(process->guest), name);
		first = false;
	}
}

static bool names_a_domain(const char *argument)
{
	const char *folder = strstr(argument, "/libvirt/qemu/");

	return folder && strstr(folder, "/domain-");
}

void process_read_command(struct process *process, const char *line, size_t len)
{
	const char *end = line + len;
	bool is_name = false;

	text_copy(process->command, sizeof(process->command), line);
	for (const char *argument = line; argument < end;
	     argument += strlen(argument) + 1) {
		if (is_name)
			read_guest(process, argument);
		is_name = !strcmp(argument, "-name") ||
			  !strcmp(argument, "--name");
		process->libvirt |= names_a_domain(argument);
	}
}
