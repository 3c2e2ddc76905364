/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/secret.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/io.h"

/*
 * A handler behind a pipe is started in spite of a limit of 0, but not of 1
 * (core(5)), and a file of one byte is too short to be one.
 */
static void limit_cores(void)
{
	const struct rlimit one = { 1, 1 }, none = {};

	/* More than a limit of 0 that was given to it an unprivileged process cannot have. */
	if (setrlimit(RLIMIT_CORE, &one))
		setrlimit(RLIMIT_CORE, &none);
}

/* Of any kind of mapping: where a dump is made all the same, it has no memory in it. */
static void empty_cores(void)
{
	AUTO_CLOSE int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		write_all(fd, "0", 1);
}

void secret_begin(void)
{
	limit_cores();
	empty_cores();
}
