/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What save and load are held against: the same walk along the state machine,
 * and between file and data fd nothing but read(2) and write(2).
 *
 *   bareloop save DEVICE FILE   the bare stream of a device into a file
 *   bareloop load DEVICE FILE   and back
 *   bareloop watch COMMAND...   run a command and tell the most anonymous
 *                               memory it had
 *
 * Each prints one JSON object; watch does so on stderr, and ends as its
 * command does.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "cmd/device.h"
#include "image/pump.h"
#include "vfio/walk.h"
#include "vfio/migration.h"
#include "vfio/open.h"

#define BLOCK (1u << 20)
#define SAMPLE_US 3000

static int tell(const struct err *err)
{
	fprintf(stderr, "bareloop: %s\n", err->message);
	return 1;
}

/* The loop itself: bytes moved, or -1 with errno. */
static int64_t copy(int from, int to)
{
	AUTO_FREE char *buf = malloc(BLOCK);
	int64_t bytes = 0;
	ssize_t n;

	while ((n = read(from, buf, BLOCK)) > 0) {
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(to, buf + done, (size_t)(n - done));
			if (w < 0)
				return -1;
		}
		bytes += n;
	}
	return n < 0 ? -1 : bytes;
}

static int transfer(struct walker *walker, bool load, const char *path,
		    int64_t *bytes, struct err *err)
{
	AUTO_CLOSE int file = open(path, load ? O_RDONLY
					      : O_WRONLY | O_CREAT | O_TRUNC,
				   0600);
	AUTO_CLOSE int data = -1;

	if (file < 0)
		return err_from_errno(err, errno, "%s", path);
	if (walk_to(walker, STATE_STOP, NULL, err) ||
	    walk_to(walker, load ? STATE_RESUMING : STATE_STOP_COPY, &data,
		    err))
		return -1;
	*bytes = load ? copy(file, data) : copy(data, file);
	if (*bytes < 0)
		return err_from_errno(err, errno, "%s", path);
	if (walk_to(walker, STATE_STOP, NULL, err))
		return -1;
	return load ? 0 : walk_to(walker, STATE_RUNNING, NULL, err);
}

static int run_transfer(char **argv, bool load)
{
	AUTO_VDEV struct vdev vdev = VDEV_INIT;
	struct err err = ERR_INIT;
	struct walker walker;
	struct device device;
	struct mig_caps caps;
	uint64_t started;
	struct walk walk;
	int64_t bytes = 0;

	if (device_resolve(argv[0], &device, &err) ||
	    vdev_open(&vdev, &device, VDEV_CHANGE, &err) ||
	    mig_caps_read(&vdev, &caps, &err) ||
	    walker_init(&walker, &vdev, caps.flags, &walk, &err))
		return tell(&err);
	started = now_ns();
	if (transfer(&walker, load, argv[1], &bytes, &err))
		return tell(&err);
	printf("{\"bytes\": %" PRId64 ", \"duration_ns\": %" PRIu64 "}\n",
	       bytes, now_ns() - started);
	return 0;
}

static long anonymous_kib(pid_t pid)
{
	char path[64], line[256];
	AUTO_FILE FILE *file = NULL;
	long kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			break;
	return kib;
}

static int run_watch(char **argv)
{
	long most = 0, samples = 0;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return 1;
	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		long now = anonymous_kib(pid);

		most = now > most ? now : most;
		samples++;
		usleep(SAMPLE_US);
	}
	fprintf(stderr, "{\"anonymous_bytes\": %ld, \"samples\": %ld}\n",
		most * 1024, samples);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "save"))
		return run_transfer(argv + 2, false);
	if (argc == 4 && !strcmp(argv[1], "load"))
		return run_transfer(argv + 2, true);
	if (argc > 2 && !strcmp(argv[1], "watch"))
		return run_watch(argv + 2);
	fprintf(stderr, "usage: bareloop save|load DEVICE FILE | watch COMMAND...\n");
	return 2;
}
