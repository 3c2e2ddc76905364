/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/shell.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"

#define SHELL "/bin/sh"
#define POLL_MS 200 /* another thread may have read the signal */
#define TERM_MS 2000

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, usual;
	int ret;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	ret = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
							   POSIX_SPAWN_SETSIGDEF);
	ret = ret ?: posix_spawnattr_setsigmask(attributes, &none);
	return ret ?: posix_spawnattr_setsigdefault(attributes, &usual);
}

static int set_files(posix_spawn_file_actions_t *files, int in)
{
	int ret = posix_spawn_file_actions_adddup2(files, in, STDIN_FILENO);

	return ret ?: posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO);
}

static int spawn(const char *command, int in, char **env, pid_t *pid)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"--", (char *)command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int ret = posix_spawn_file_actions_init(&files);

	if (ret)
		return ret;
	ret = posix_spawnattr_init(&attributes);
	if (!ret) {
		ret = set_attributes(&attributes) ?: set_files(&files, in);
		ret = ret ?: posix_spawn(pid, SHELL, &files, &attributes, argv, env);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&files);
	return ret;
}

/* This process's own, and @variable in place of one of its name. NULL: no memory. */
static char **environment_with(const char *variable)
{
	size_t n = 0, kept = 0, name = strcspn(variable, "=") + 1;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + 2, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], variable, name))
			env[kept++] = environ[i];
	env[kept] = (char *)variable;
	return env;
}

static bool has_ended(int pidfd, int timeout_ms)
{
	struct pollfd polled[] = {
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = interrupt_fd(), .events = POLLIN },
	};

	return poll(polled, 2, timeout_ms) > 0 && polled[0].revents;
}

/* What it does about the signal is its affair, for a while. */
static void end_session(pid_t pid, int pidfd)
{
	uint64_t until = now_ns() + TERM_MS * 1000000ull;
	struct pollfd polled = { .fd = pidfd, .events = POLLIN };

	kill(-pid, SIGTERM);
	while (now_ns() < until && poll(&polled, 1, POLL_MS) <= 0)
		;
}

static int wait_for_end(pid_t pid, int pidfd, struct err *err)
{
	int ret = 0;

	while (!ret && !has_ended(pidfd, POLL_MS))
		ret = interrupt_check(err);
	if (ret)
		end_session(pid, pidfd);
	/* Until the shell is waited for, no other session has its number. */
	kill(-pid, SIGKILL);
	return ret;
}

static struct shell_result result_of(int status)
{
	if (WIFSIGNALED(status))
		return (struct shell_result){ .status = 128 + WTERMSIG(status),
					      .signal = WTERMSIG(status) };
	return (struct shell_result){ .status = WEXITSTATUS(status) };
}

int shell_run(const char *command, int in, const char *variable, struct shell_result *result,
	      struct err *err)
{
	AUTO_FREE char **env = environment_with(variable);
	AUTO_CLOSE int pidfd = -1;
	int num, ret, status;
	pid_t pid;

	if (!env)
		return err_set(err, ERR_NO_MEMORY, 0, "the environment of a command");
	num = spawn(command, in, env, &pid);
	if (num)
		return err_from_errno(err, num, "running %s", SHELL);
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		ret = err_from_errno(err, errno, "waiting for a command");
		kill(-pid, SIGKILL);
	} else {
		ret = wait_for_end(pid, pidfd, err);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_from_errno(err, errno, "waiting for a command");
	*result = result_of(status);
	return ret;
}
