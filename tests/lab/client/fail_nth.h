/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How migdrive lets one allocation fail in what the kernel does for it, by /proc/thread-self/fail-nth: it needs
 * FAULT_INJECTION, FAILSLAB and FAIL_PAGE_ALLOC. What migdrive asks of the driver stands between hungry() and fed(); what
 * it does besides has all the memory it wants.
 */
#ifndef LAB_FAIL_NTH_H
#define LAB_FAIL_NTH_H

/* Which allocation between hungry() and fed() is to fail, counted from 1; 0: none, or it has failed. */
static int fail_nth;

static int fail_nth_file(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return fd;
}

static void set_fail_nth(int nth)
{
	char text[16];
	int length = sprintf(text, "%d", nth);

	if (pwrite(fail_nth_file(), text, length, 0) != length)
		die("/proc/thread-self/fail-nth: %s", strerror(errno));
}

static void hungry(void)
{
	if (fail_nth)
		set_fail_nth(fail_nth);
}

/* Leaves errno as it is. */
static void fed(void)
{
	char text[16] = "";

	if (!fail_nth)
		return;
	if (pread(fail_nth_file(), text, sizeof(text) - 1, 0) <= 0)
		die("/proc/thread-self/fail-nth: %s", strerror(errno));
	fail_nth = atoi(text);
	set_fail_nth(0);
}

#endif
