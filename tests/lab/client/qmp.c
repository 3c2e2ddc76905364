// SPDX-License-Identifier: GPL-2.0-or-later
/* qmp: one command to a QEMU in the VM, by the Unix socket of its monitor. */
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "monitor.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, LOOK_AGAIN_MS = 50 };

static const char usage_text[] =
	"usage: qmp SOCKET COMMAND [ARGUMENTS] [until NAME VALUE]\n"
	"  Sends COMMAND with ARGUMENTS, a JSON object, and prints what it returns. With until it asks again until the answer's\n"
	"  NAME is VALUE (a word, true or false), and fails when it is \"failed\", or after half a minute.\n";

static void __attribute__((noreturn)) usage(void)
{
	fputs(usage_text, stderr);
	exit(EXIT_USAGE);
}

/* A socket has its name before its owner listens: what is refused is tried again for a second. */
static int connect_to(int fd, const struct sockaddr_un *address)
{
	int left = 1000, ret;

	while ((ret = connect(fd, (const struct sockaddr *)address, sizeof(*address))) && errno == ECONNREFUSED && left > 0) {
		usleep(LOOK_AGAIN_MS * 1000);
		left -= LOOK_AGAIN_MS;
	}
	return ret;
}

/* The monitor at @path, past its greeting. */
static int monitor_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		errx(EXIT_USAGE, "%s: too long for a socket", path);
	strcpy(address.sun_path, path);
	if (fd < 0 || connect_to(fd, &address))
		err(EXIT_REFUSED, "%s", path);
	port = path;
	json_decref(ask(fd, "qmp_capabilities", NULL));
	return fd;
}

/* A text, or true or false; else NULL. */
static const char *word_of(const json_t *value)
{
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	return json_string_value(value);
}

/* Is @name of an answer @value? Ends the program when it is "failed" instead. */
static bool reached(json_t *answer, const char *name, const char *value)
{
	const char *now = word_of(json_object_get(returned(answer), name));

	if (!now || !strcmp(now, value))
		return now;
	if (!strcmp(now, "failed")) {
		json_dumpf(answer, stderr, JSON_COMPACT);
		errx(EXIT_REFUSED, "%s is failed, not %s", name, value);
	}
	return false;
}

static json_t *ask_until(int fd, const char *command, json_t *arguments, const char *name, const char *value)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
	json_t *answer;

	for (int left = PATIENCE_MS; left > 0; left -= LOOK_AGAIN_MS) {
		answer = ask(fd, command, json_incref(arguments));
		if (reached(answer, name, value))
			return answer;
		json_decref(answer);
		nanosleep(&pause, NULL);
	}
	errx(EXIT_REFUSED, "%s did not become %s", name, value);
}

int main(int argc, char **argv)
{
	json_t *arguments = NULL, *answer;
	int fd, next = 3;

	if (argc < 3)
		usage();
	if (argc > next && argv[next][0] == '{') {
		arguments = json_loads(argv[next++], 0, NULL);
		if (!arguments)
			errx(EXIT_USAGE, "not JSON: %s", argv[next - 1]);
	}
	if (argc != next && (argc != next + 3 || strcmp(argv[next], "until")))
		usage();
	/* A QEMU that ends breaks the connection: the words are to be ours. */
	signal(SIGPIPE, SIG_IGN);
	fd = monitor_at(argv[1]);
	answer = argc == next ? ask(fd, argv[2], arguments) :
				ask_until(fd, argv[2], arguments, argv[next + 1], argv[next + 2]);
	json_dumpf(returned(answer), stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	puts("");
	return 0;
}
