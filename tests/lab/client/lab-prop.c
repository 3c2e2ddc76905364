// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lab-prop: in the VM, reads and sets a property of the running device model, or has the PF report an error on its bus
 * (AER), through QEMU's monitor at the port lab.qmp.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, PATIENCE_MS = 30000 };

static const char port[] = "/run/lab.qmp";

/* One user at a time: held until the process ends, and taken before the port is opened, which takes one opener. */
static void take_turn(void)
{
	int lock = open("/run/lab.qmp.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (lock < 0 || flock(lock, LOCK_EX))
		err(EXIT_FAILURE, "/run/lab.qmp.lock");
}

/* The next line that the monitor sends, without its end. The caller frees it. */
static char *next_line(int fd)
{
	static char rest[1 << 20];
	static size_t filled;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char *end, *line;
	ssize_t n;

	while (!(end = memchr(rest, '\n', filled))) {
		if (filled == sizeof(rest) || poll(&pollfd, 1, PATIENCE_MS) != 1)
			errx(EXIT_FAILURE, "the monitor does not answer");
		n = read(fd, rest + filled, sizeof(rest) - filled);
		if (n <= 0)
			err(EXIT_FAILURE, "%s", port);
		filled += n;
	}
	line = strndup(rest, end - rest);
	if (!line)
		err(EXIT_FAILURE, NULL);
	filled -= end + 1 - rest;
	memmove(rest, end + 1, filled);
	return line;
}

/* One monitor command, which takes over @arguments (NULL: none): its answer, after events and what others left unread. */
static json_t *ask(int fd, const char *command, json_t *arguments)
{
	static int number;
	json_int_t id = (json_int_t)getpid() * 100 + number++;
	json_t *question = json_pack("{s:s, s:o*, s:I}", "execute", command, "arguments", arguments, "id", id);
	json_t *answer;
	char *line;

	if (!question || json_dumpfd(question, fd, JSON_COMPACT))
		err(EXIT_FAILURE, "%s", port);
	json_decref(question);
	while (true) {
		line = next_line(fd);
		answer = json_loads(line, 0, NULL);
		free(line);
		if (json_integer_value(json_object_get(answer, "id")) == id)
			return answer;
		json_decref(answer);
	}
}

/* What the answer gives back; ends with what the monitor has against it. */
static json_t *returned(json_t *answer)
{
	const char *refusal = NULL;

	if (!json_unpack(answer, "{s:{s:s}}", "error", "desc", &refusal))
		errx(EXIT_FAILURE, "%s", refusal);
	return json_object_get(answer, "return");
}

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

static json_t *property(const char *name, json_t *value)
{
	const char *device = getenv("LAB_DEVICE");
	char path[256];

	snprintf(path, sizeof(path), "/machine/peripheral/%s", device ? device : "pf0");
	return json_pack("{s:s, s:s, s:o*}", "path", path, "property", name, "value", value);
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
	int fd;

	if (!gets && !sets && !(!strcmp(verb, "aer") && argc == 4)) {
		fputs("usage: lab-prop get NAME | set NAME VALUE | aer pf0 ERROR\n", stderr);
		return EXIT_USAGE;
	}
	take_turn();
	fd = open(port, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "%s", port);
	/* Only the first of all calls in this VM finds the monitor in its greeting; a refusal says that it is past that. */
	json_decref(ask(fd, "qmp_capabilities", NULL));
	if (gets)
		get(fd, argv[2]);
	else if (sets)
		set(fd, argv[2], argv[3]);
	else
		aer(fd, argv[2], argv[3]);
	/* At its end a process gives up its files in no certain order: the port goes before the lock. */
	close(fd);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
