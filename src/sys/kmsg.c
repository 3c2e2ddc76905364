/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define RECORD_MAX 8192 /* the kernel gives no longer one */

int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* "prio,seq,time,flags;mlx5_core BDF: function:line:(pid N): COMMAND ... syndrome (0x...), ..." and lines of properties */
bool kmsg_parse(const char *record, pid_t tid, char *text, size_t size)
{
	char line[RECORD_MAX + 1];
	const char *words, *pid;

	text_copy(line, sizeof(line), record);
	line[strcspn(line, "\n")] = '\0';
	if (!strstr(line, "syndrome (0x"))
		return false;
	pid = strstr(line, "(pid ");
	words = pid ? strstr(pid, "): ") : NULL;
	if (!words)
		return false;
	if (tid && atoll(pid + strlen("(pid ")) != tid)
		return false;
	text_copy(text, size, words + strlen("): "));
	return true;
}

bool kmsg_syndrome(int fd, pid_t tid, char *text, size_t size)
{
	char record[RECORD_MAX + 1];
	ssize_t n;

	if (fd < 0)
		return false;
	for (;;) {
		n = read(fd, record, RECORD_MAX);
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* EPIPE: records were overwritten before we came */
		if (n <= 0)
			return false;
		record[n] = '\0';
		if (kmsg_parse(record, tid, text, size))
			return true;
	}
}
