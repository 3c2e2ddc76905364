// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lab-prop: in the VM, reads and sets a property of the running device model, or has the PF report an error on its bus
 * (AER), through QEMU's monitor at the port lab.qmp.
 */
#include <fnmatch.h>

#include "monitor.h"

enum { EXIT_USAGE = 2, LOOK_AGAIN_MS = 20 };

/* Text as it is, other values as JSON. */
static void print_value(const json_t *value)
{
	if (json_is_string(value))
		puts(json_string_value(value));
	else if (json_dumpf(value, stdout, JSON_ENCODE_ANY) || putchar('\n') == EOF)
		err(EXIT_FAILURE, "stdout");
}

/* A word as the kind of value it reads as. */
static json_t *literal(const char *word)
{
	if (!strcmp(word, "true") || !strcmp(word, "on") || !strcmp(word, "yes"))
		return json_true();
	if (!strcmp(word, "false") || !strcmp(word, "off") || !strcmp(word, "no"))
		return json_false();
	if (*word && !word[strspn(word, "0123456789")])
		return json_integer(strtoll(word, NULL, 10));
	return json_string(word);
}

static void get(int fd, const char *name)
{
	print_value(returned(ask(fd, "qom-get", property(name, NULL))));
}

/* A property that is text may look like a number: the monitor says which it wants. */
static void set(int fd, const char *name, const char *word)
{
	json_t *answer = ask(fd, "qom-set", property(name, literal(word)));
	const char *refusal = "";

	json_unpack(answer, "{s:{s:s}}", "error", "desc", &refusal);
	if (strstr(refusal, "expected: string"))
		answer = ask(fd, "qom-set", property(name, json_string(word)));
	returned(answer);
}

/* Does a text have a line like @pattern (fnmatch(3)) in it? An empty text is one line; what follows the last line's end is none. */
static bool has_line(const char *text, const char *pattern)
{
	char *copy = strdup(text), *rest = copy, *line;
	bool found = false;

	if (!copy)
		err(EXIT_FAILURE, NULL);
	while (!found && (line = strsep(&rest, "\n")))
		found = (rest || *line || line == copy) && !fnmatch(pattern, line, 0);
	free(copy);
	return found;
}

/* Does the property @name have a line like @pattern now? A value that is no text counts as it is printed. */
static bool is_like(int fd, const char *name, const char *pattern)
{
	const json_t *value = returned(ask(fd, "qom-get", property(name, NULL)));
	char *number = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
	const char *text = number ? number : json_string_value(value);
	bool like = text && has_line(text, pattern);

	free(number);
	return like;
}

/* Asks for the property @name until it has a line like @pattern. In between others have their turn. */
static void await(const char *name, const char *pattern)
{
	for (int left = PATIENCE_MS; left > 0; left -= LOOK_AGAIN_MS) {
		int fd = monitor_open();
		bool like = is_like(fd, name, pattern);

		monitor_close(fd);
		if (like)
			return;
		usleep(LOOK_AGAIN_MS * 1000);
	}
	errx(EXIT_FAILURE, "%s has no line %s", name, pattern);
}

static void aer(int fd, const char *device, const char *error)
{
	char line[256];
	const char *words;

	snprintf(line, sizeof(line), "pcie_aer_inject_error %s %s", device, error);
	words = json_string_value(returned(ask(fd, "human-monitor-command", json_pack("{s:s}", "command-line", line))));
	if (!words || strncmp(words, "OK", 2))
		errx(EXIT_FAILURE, "%s", words ? words : "no answer");
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	bool gets = !strcmp(verb, "get") && argc == 3;
	bool sets = !strcmp(verb, "set") && argc == 4;
	bool awaits = !strcmp(verb, "await") && argc == 4;
	int fd;

	if (!gets && !sets && !awaits && !(!strcmp(verb, "aer") && argc == 4)) {
		fputs("usage: lab-prop get NAME | set NAME VALUE | await NAME PATTERN | aer pf0 ERROR\n", stderr);
		return EXIT_USAGE;
	}
	if (awaits) {
		await(argv[2], argv[3]);
		return EXIT_SUCCESS;
	}
	fd = monitor_open();
	if (gets)
		get(fd, argv[2]);
	else if (sets)
		set(fd, argv[2], argv[3]);
	else
		aer(fd, argv[2], argv[3]);
	monitor_close(fd);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
