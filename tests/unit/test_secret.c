/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/secret.h"
#include "tests/unit/check.h"

/* In a directory of the test's own, where core_pattern may put a core. */

static int filter_is_empty(void)
{
	AUTO_CLOSE int fd = open("/proc/self/coredump_filter", O_RDONLY);
	char text[32] = "";

	if (fd < 0)
		return 1;
	return read(fd, text, sizeof(text) - 1) > 0 && !strtoul(text, NULL, 16);
}

/* How a child ends that crashes, after secret_begin() or without. */
static int crash(bool secret)
{
	struct rlimit most;
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		getrlimit(RLIMIT_CORE, &most);
		most.rlim_cur = most.rlim_max;
		setrlimit(RLIMIT_CORE, &most);
		if (secret)
			secret_begin();
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	waitpid(pid, &status, 0);
	return status;
}

static void no_core_is_left(void)
{
	int with = crash(true);

	if (!WCOREDUMP(crash(false)))
		printf("# this host keeps no cores at all\n");
	CHECK(WIFSIGNALED(with));
	CHECK(!WCOREDUMP(with));
}

static void a_core_would_hold_no_memory(void)
{
	struct rlimit now;

	secret_begin();
	CHECK(filter_is_empty());
	CHECK_INT(getrlimit(RLIMIT_CORE, &now), 0);
	CHECK(now.rlim_cur <= 1 && now.rlim_max <= 1);
}

/* As in a unit with LimitCORE=0, where a limit of 1 is more than there may be. */
static void a_limit_of_nothing_stays(void)
{
	const struct rlimit none = {};
	struct rlimit now;

	setrlimit(RLIMIT_CORE, &none);
	secret_begin();
	CHECK_INT(getrlimit(RLIMIT_CORE, &now), 0);
	CHECK(now.rlim_cur <= 1 && now.rlim_max <= 1);
}

int main(void)
{
	char directory[] = "/tmp/test_secret.XXXXXX";
	char *remove[] = { "rm", "-rf", directory, NULL };
	int status;

	if (!mkdtemp(directory) || chdir(directory))
		return 99;
	CASE(no_core_is_left);
	CASE(a_core_would_hold_no_memory);
	CASE(a_limit_of_nothing_stays);
	status = CHECK_DONE();
	fflush(stdout);
	if (!chdir("/") && !fork())
		execvp(remove[0], remove);
	wait(NULL);
	return status;
}
