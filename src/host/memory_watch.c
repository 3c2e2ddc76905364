/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/memory_watch.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/sysroot.h"
#include "lib/text.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define RESERVE_BYTES (32ull << 20) /* that the variant driver leaves to the host: kmod/buffer.c */

/* The number behind @key, at the beginning of a line of @text; false: there is none. */
static bool number_after(const char *text, const char *key, uint64_t *number)
{
	size_t len = strlen(key);

	while (strncmp(text, key, len)) {
		text = strchr(text, '\n');
		if (!text++)
			return false;
	}
	*number = strtoull(text + len, NULL, 10);
	return true;
}

static uint64_t available_bytes(void)
{
	char text[4096];
	uint64_t kib = 0;

	if (sysroot_read(text, sizeof(text), "/proc/meminfo") < 0 ||
	    !number_after(text, "MemAvailable:", &kib))
		return 0;
	return kib << 10;
}

/* The path of this process's cgroup (version 2), "" for the root; false: there is none. */
static bool own_cgroup(char path[PATH_MAX])
{
	char text[PATH_MAX];
	const char *line = text;

	if (sysroot_read(text, sizeof(text), "/proc/self/cgroup") < 0)
		return false;
	while (line && strncmp(line, "0::", 3)) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return false;
	line += 3;
	text_copy(path, PATH_MAX, line);
	path[strcspn(path, "\n")] = '\0';
	if (!strcmp(path, "/"))
		*path = '\0';
	return true;
}

/* Shortens @path to the cgroup above; false at the root. */
static bool to_parent(char path[PATH_MAX])
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

/* How often the limit of that cgroup was reached; a limit above it does not count here. */
static uint64_t max_events(const char *path)
{
	char text[1024];
	uint64_t n = 0;

	if (sysroot_read(text, sizeof(text), CGROUP_ROOT "%s/memory.events.local", path) < 0)
		return 0;
	number_after(text, "max ", &n);
	return n;
}

void memory_watch_begin(struct memory_watch *watch)
{
	char path[PATH_MAX];

	*watch = (struct memory_watch){ .available_bytes = available_bytes() };
	if (!own_cgroup(path))
		return;
	do {
		watch->max_events[watch->n_levels++] = max_events(path);
	} while (watch->n_levels < MEMORY_LEVELS && to_parent(path));
}

/* The cgroup whose limit was reached since then; false: none. */
static bool limited_cgroup(const struct memory_watch *watch, char path[PATH_MAX])
{
	unsigned int level = 0;

	if (!own_cgroup(path))
		return false;
	do {
		if (level == watch->n_levels)
			return false;
		if (max_events(path) > watch->max_events[level++])
			return true;
	} while (to_parent(path));
	return false;
}

static void append_message(struct err *err, const char *text)
{
	size_t used = strlen(err->message);

	snprintf(err->message + used, sizeof(err->message) - used, "; %s", text);
}

/* A hint, and behind it what needs less memory. */
static void hint_or(struct err *err, const char *hint, const char *instead)
{
	err_hint(err, "%s%s%s", hint, instead ? ", or " : "", instead ? instead : "");
}

static void explain_cgroup(const char *path, const char *wanted,
			   const char *instead, struct err *err)
{
	char text[PATH_MAX], limit[64] = "unknown";

	sysroot_read(limit, sizeof(limit), CGROUP_ROOT "%s/memory.max", path);
	snprintf(text, sizeof(text),
		 "the memory limit of the cgroup %.128s (%.32s bytes) was reached, and %s",
		 *path ? path : "/", limit, wanted);
	append_message(err, text);
	hint_or(err, "raise memory.max of that cgroup, or run the command outside of it", instead);
}

static void explain_host(uint64_t available, const char *wanted,
			 const char *instead, struct err *err)
{
	char text[256], hint[128];

	snprintf(text, sizeof(text), "the host had %" PRIu64 " MiB of memory available, and %s",
		 available >> 20, wanted);
	append_message(err, text);
	snprintf(hint, sizeof(hint),
		 "free memory on the host (the driver allocates what is available, less %llu MiB)",
		 RESERVE_BYTES >> 20);
	hint_or(err, hint, instead);
}

int memory_watch_explain(const struct memory_watch *watch,
			 const struct memory_need *need, struct err *err)
{
	char path[PATH_MAX], wanted[80] = "how much was needed is unknown";
	uint64_t available = available_bytes();

	if (err->num != ENOMEM)
		return -1;
	if (watch->available_bytes < available)
		available = watch->available_bytes;
	if (need->bytes)
		snprintf(wanted, sizeof(wanted),
			 "%s%" PRIu64 " MiB were needed",
			 need->at_most ? "up to " : "",
			 (need->bytes + (1u << 20) - 1) >> 20);
	/* The limit also counts when the kernel could free memory below it. */
	if (limited_cgroup(watch, path) &&
	    (!need->bytes || available > need->bytes + RESERVE_BYTES))
		explain_cgroup(path, wanted, need->instead, err);
	else
		explain_host(available, wanted, need->instead, err);
	return -1;
}
