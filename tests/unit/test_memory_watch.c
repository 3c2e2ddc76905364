/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which memory was short when a driver had none: a cgroup's, or the host's. */
#include <errno.h>

#include "lib/err.h"
#include "check.h"
#include "root_kit.h"
#include "host/memory_watch.h"

#define MEMINFO "MemTotal:        1048576 kB\nMemFree: 1 kB\nMemAvailable:     102400 kB\n"
#define NEED(n) (&(struct memory_need){ .bytes = (n) })
#define GROUP "/sys/fs/cgroup/system.slice/tool.service"

static void events(const char *path, const char *text)
{
	char name[128];

	snprintf(name, sizeof(name), "%s/memory.events.local", path);
	root_kit_put(name, text);
}

/* A process in a cgroup, below one that has a limit too. */
static void host(void)
{
	root_kit_put("/proc/meminfo", MEMINFO);
	root_kit_put("/proc/self/cgroup", "1:name=systemd:/other\n0::/system.slice/tool.service\n");
	events(GROUP, "low 0\nhigh 3\nmax 7\noom 0\noom_kill 0\n");
	root_kit_put(GROUP "/memory.max", "8388608\n");
	events("/sys/fs/cgroup/system.slice", "low 0\nhigh 0\nmax 2\n");
	root_kit_put("/sys/fs/cgroup/system.slice/memory.max", "16777216\n");
}

static void no_memory(struct err *err, int num)
{
	err_set(err, ERR_REFUSED, num, "STOP > STOP_COPY was refused");
}

static void without_cgroups_it_is_the_host(void)
{
	struct memory_watch watch;
	struct err err = ERR_INIT;

	root_kit_put("/proc/meminfo", MEMINFO);
	memory_watch_begin(&watch);
	CHECK_INT(watch.available_bytes, 102400ll << 10);
	CHECK_INT(watch.n_levels, 0);
	no_memory(&err, ENOMEM);
	CHECK_INT(memory_watch_explain(&watch, NEED(0), &err), -1);
	CHECK(strstr(err.message, "; the host had 100 MiB of memory available, and how much was needed is unknown"));
}

static void a_limit_that_was_not_reached_is_not_named(void)
{
	struct memory_watch watch;
	struct err err = ERR_INIT;

	host();
	memory_watch_begin(&watch);
	CHECK_INT(watch.n_levels, 3);
	CHECK_INT(watch.max_events[0], 7);
	CHECK_INT(watch.max_events[1], 2);
	CHECK_INT(watch.max_events[2], 0);
	no_memory(&err, ENOMEM);
	memory_watch_explain(&watch, NEED((5u << 20) + 1), &err);
	CHECK(strstr(err.message, "; the host had 100 MiB of memory available, and 6 MiB were needed"));
	CHECK(strstr(err.hint, "free memory on the host"));
}

static void the_limit_that_was_reached_is_named(void)
{
	struct memory_watch watch;
	struct err own = ERR_INIT, above = ERR_INIT, host_short = ERR_INIT;

	host();
	memory_watch_begin(&watch);
	events(GROUP, "low 0\nhigh 3\nmax 8\n");
	no_memory(&own, ENOMEM);
	memory_watch_explain(&watch, NEED(9u << 20), &own);
	CHECK(strstr(own.message, "; the memory limit of the cgroup /system.slice/tool.service (8388608 bytes) was reached, and 9 MiB were needed"));
	CHECK(strstr(own.hint, "memory.max"));

	host();
	events("/sys/fs/cgroup/system.slice", "low 0\nhigh 0\nmax 3\n");
	no_memory(&above, ENOMEM);
	no_memory(&host_short, ENOMEM);
	memory_watch_explain(&watch, NEED(9u << 20), &above);
	CHECK(strstr(above.message, "cgroup /system.slice (16777216 bytes)"));
	memory_watch_explain(&watch, NEED(80u << 20), &host_short);
	CHECK(strstr(host_short.message, "the host had 100 MiB"));
}

static void what_needs_less_is_in_the_hint(void)
{
	struct memory_need need = { 9u << 20, true, "do less" };
	struct memory_watch watch;
	struct err limit = ERR_INIT, host_short = ERR_INIT;

	host();
	memory_watch_begin(&watch);
	no_memory(&host_short, ENOMEM);
	memory_watch_explain(&watch, &need, &host_short);
	CHECK(strstr(host_short.message, "available, and up to 9 MiB were needed"));
	CHECK_STR(host_short.hint,
		  "free memory on the host (the driver allocates what is available, less 32 MiB), or do less");
	events(GROUP, "low 0\nhigh 3\nmax 8\n");
	no_memory(&limit, ENOMEM);
	memory_watch_explain(&watch, &need, &limit);
	CHECK_STR(limit.hint,
		  "raise memory.max of that cgroup, or run the command outside of it, or do less");
}

static void another_errno_is_left_alone(void)
{
	struct memory_watch watch;
	struct err err = ERR_INIT;

	host();
	memory_watch_begin(&watch);
	no_memory(&err, EIO);
	memory_watch_explain(&watch, NEED(1), &err);
	CHECK_STR(err.message, "STOP > STOP_COPY was refused: Input/output error");
	CHECK_STR(err.hint, "");
}

int main(void)
{
	int ret;

	if (!root_kit_begin())
		return 99;
	CASE(without_cgroups_it_is_the_host);
	CASE(a_limit_that_was_not_reached_is_not_named);
	CASE(the_limit_that_was_reached_is_named);
	CASE(what_needs_less_is_in_the_hint);
	CASE(another_errno_is_left_alone);
	ret = CHECK_DONE();
	return root_kit_end() ? 99 : ret;
}
