/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "host/module_failure.h"
#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define PATTERNS_MAX 512 /* mlx5_core of Linux 6.12 has 27 */
#define PATTERN_LENGTH_MAX 96

static const char *const modules[] = { "mlx5_core", "mlx5_vfio_pci" };

static bool is_ours(const char *module)
{
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
		if (!strcmp(module, modules[i]))
			return true;
	return false;
}

static void add_pattern(struct alias_table *table, const char *pattern)
{
	char **more;

	/* Each device is compared with each, by fnmatch(3), which can take long. */
	if (table->n == PATTERNS_MAX || strlen(pattern) > PATTERN_LENGTH_MAX)
		return;
	more = reallocarray(table->patterns, table->n + 1, sizeof(*more));
	if (!more)
		return;
	table->patterns = more;
	more[table->n] = strdup(pattern);
	table->n += more[table->n] != NULL;
}

/* "alias vfio_pci:v000015B3d… mlx5_vfio_pci": an override-only entry has a prefix. */
static void take_line(struct alias_table *table, char *line)
{
	char *save = NULL;
	const char *word = strtok_r(line, " \n", &save);
	const char *pattern = strtok_r(NULL, " \n", &save);
	const char *module = strtok_r(NULL, " \n", &save);

	if (!module || strcmp(word, "alias") || !is_ours(module))
		return;
	if (text_starts(pattern, "vfio_"))
		pattern += strlen("vfio_");
	if (text_starts(pattern, "pci:"))
		add_pattern(table, pattern);
}

static void load_patterns(struct alias_table *table)
{
	char release[128];
	AUTO_FREE char *line = NULL;
	AUTO_FILE FILE *file = NULL;
	size_t size = 0;

	table->loaded = true;
	if (sysroot_read(release, sizeof(release), "/proc/sys/kernel/osrelease") <= 0)
		return;
	file = sysroot_fopen("/lib/modules/%s/modules.alias", release);
	while (file && getline(&line, &size, file) > 0)
		if (strstr(line, " mlx5_"))
			take_line(table, line);
}

bool alias_matches(struct alias_table *table, const char *modalias)
{
	if (!table->loaded)
		load_patterns(table);
	for (size_t i = 0; i < table->n; i++)
		if (!fnmatch(table->patterns[i], modalias, 0))
			return true;
	return false;
}

void alias_free(struct alias_table *table)
{
	for (size_t i = 0; i < table->n; i++)
		free(table->patterns[i]);
	free(table->patterns);
	*table = (struct alias_table){};
}

#define MODPROBE "/sbin/modprobe"

static bool driver_exists(const char *driver)
{
	return sysroot_exists("/sys/bus/pci/drivers/%s", driver);
}

/* All of @fd as one line of text, cut where it does not fit. */
static void read_words(int fd, char *words, size_t size)
{
	size_t used = 0;
	ssize_t len;

	/* What does not fit is read too: a program whose pipe is full would wait. */
	for (;;) {
		char rest[256];
		bool fits = used < size - 1;

		len = fits ? read(fd, words + used, size - 1 - used) : read(fd, rest, sizeof(rest));
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			break;
		used += fits ? (size_t)len : 0;
	}
	while (used && words[used - 1] == '\n')
		used--;
	words[used] = '\0';
	for (char *p = words; (p = strchr(p, '\n'));)
		*p = ' ';
}

/* Starts modprobe with its words going to @words_fd; 0 or an errno. */
static int start_modprobe(const char *driver, int words_fd, pid_t *pid)
{
	char name[64];
	char *argv[] = { (char *)MODPROBE, (char *)"--", name, NULL };
	/* strerror()'s texts are looked for in its words. */
	char *env[] = { (char *)"LC_ALL=C",
			(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	posix_spawn_file_actions_t actions;
	int ret;

	snprintf(name, sizeof(name), "%s", driver);
	ret = posix_spawn_file_actions_init(&actions);
	if (ret)
		return ret;
	ret = posix_spawn_file_actions_adddup2(&actions, words_fd, STDERR_FILENO);
	/* stdout belongs to the document. */
	if (!ret)
		ret = posix_spawn_file_actions_adddup2(&actions, words_fd, STDOUT_FILENO);
	if (!ret)
		ret = posix_spawn(pid, MODPROBE, &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	return ret;
}

/* modprobe's exit status, or -errno; @words takes what it said. */
static int run_modprobe(const char *driver, char *words, size_t size)
{
	AUTO_CLOSE int out = -1;
	AUTO_CLOSE int in = -1;
	int pipe_fds[2], status, ret;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return -errno;
	out = pipe_fds[0];
	in = pipe_fds[1];
	ret = start_modprobe(driver, in, &pid);
	if (ret)
		return -ret;
	close(TAKE_FD(in));
	read_words(out, words, size);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

int module_require(const char *driver, struct err *err)
{
	char words[320] = "";
	int ret;

	if (driver_exists(driver))
		return 0;
	ret = run_modprobe(driver, words, sizeof(words));
	/* It may be there all the same: by another process, or by an install line of modprobe.d that fails afterwards. */
	if (driver_exists(driver))
		return 0;
	if (ret < 0) {
		err_set(err, ERR_NO_DRIVER, -ret, "%s is not loaded, and " MODPROBE
			" cannot be run", driver);
		return err_hint(err, ret == -ENOENT ?
					"install modprobe (package kmod), or, in a container, load the module on the host: modprobe %s" :
					"load its module by hand: modprobe %s", driver);
	}
	return ret ? module_explain_refusal(driver, words, err) :
		     module_explain_absence(driver, err);
}
