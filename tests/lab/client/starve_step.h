/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * migdrive's steps that let one allocation of the kernel fail after the other, by /proc/thread-self/fail-nth. It needs a
 * kernel with FAULT_INJECTION, FAILSLAB and FAIL_PAGE_ALLOC. migdrive.c includes it behind the other steps.
 */

/* What `starve` learns: how many allocations there were, and how many of them the step could not do without. */
static struct {
	int nth;
	int refused;
	int lost;
} starving;

/* Sets the allocation of this thread that is to fail, counted from 1; 0: none. */
static void set_fail_nth(int nth)
{
	int fd = open("/proc/thread-self/fail-nth", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%d", nth) < 0)
		die("/proc/thread-self/fail-nth: %s", strerror(errno));
	close(fd);
}

/* Has the allocation that was to fail been reached? */
static bool fail_nth_reached(void)
{
	char text[16] = "";
	int fd = open("/proc/thread-self/fail-nth", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die("/proc/thread-self/fail-nth: %s", strerror(errno));
	close(fd);
	return !atoi(text);
}

static uint32_t state_now(void)
{
	struct vfio_device_feature_mig_state mig = {};

	if (feature(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig, sizeof(mig)))
		die("%s tells no state: %s", dev->bdf, strerrorname_np(errno));
	return mig.device_state;
}

/*
 * Makes the step once with its next allocation failing. Gives false when all of them have been tried, and the step was
 * done whole this time; else the device is back in RUNNING, for another try. A step that fails has to do so with ENOMEM,
 * and leaves the device where it was or in ERROR.
 */
static bool starve(int (*step)(char **args), char **args)
{
	uint32_t before = state_now(), after;
	bool failed, reached;

	set_fail_nth(++starving.nth);
	failed = step(args);
	after = failed ? errno : 0;
	reached = fail_nth_reached();
	set_fail_nth(0);
	if (failed && (after != ENOMEM || !reached))
		die("starved of allocation %d: %s", starving.nth, strerrorname_np(after));
	if (!reached) {
		printf("%d allocations, %d refused, %d to ERROR\n", starving.nth - 1, starving.refused, starving.lost);
		memset(&starving, 0, sizeof(starving));
		return false;
	}
	starving.refused += failed;
	if (failed) {
		after = state_now();
		starving.lost += !after;
		if (after && after != before)
			die("starved of allocation %d: state %s", starving.nth, states[after]);
	}
	if (starving.nth > 2000)
		die("no end of allocations");
	if (dev->data >= 0)
		step_dropdata(NULL);
	if (step_reset(NULL))
		die("reset: %s", strerrorname_np(errno));
	return true;
}
