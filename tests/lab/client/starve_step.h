/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * migdrive's steps mark and starve, which let one allocation of the kernel fail after the other (fail_nth.h). migdrive.c
 * includes it behind the other steps.
 */

/* What starve learns: the allocation that fails, and what the step could not do without and left where. */
static struct {
	int nth;
	int tried;
	int refused;
	int halfway;
	int lost;
} starving;

static uint32_t state_now(void)
{
	struct vfio_device_feature_mig_state mig = {};

	if (feature(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig, sizeof(mig)))
		die("%s tells no state: %s", dev->bdf, strerrorname_np(errno));
	return mig.device_state;
}

/* May a step from before have failed where the device is now? It may have come some of the way, or to ERROR. */
static bool may_be_left_in(uint32_t before, uint32_t now)
{
	static const char *const on_the_way[] = { "STOP", "RUNNING_P2P", "PRE_COPY_P2P" };

	for (size_t i = 0; i < sizeof(on_the_way) / sizeof(on_the_way[0]); i++)
		if (now == state_number(on_the_way[i]))
			return true;
	return !now || now == before;
}

/* What a step that has failed leaves behind */
static void starved(int error, uint32_t before)
{
	uint32_t now = state_now();

	if (error != ENOMEM)
		die("starved of allocation %d: %s", starving.nth, strerrorname_np(error));
	if (!may_be_left_in(before, now))
		die("starved of allocation %d: state %s", starving.nth, states[now]);
	starving.refused++;
	starving.lost += !now;
	starving.halfway += now && now != before;
}

/*
 * Makes the step once with its next allocation failing: the first 32 one by one, then ever fewer, since some steps make
 * thousands, which are all alike. Gives false when the last of them has been passed, and the step was
 * done whole this time; else the device is back in RUNNING, for another try. A step that fails has to do so with ENOMEM.
 */
static bool starve(int (*step)(char **args), char **args)
{
	uint32_t before = state_now();
	bool reached;
	int error;

	fail_nth = starving.nth += 1 + starving.nth / 32;
	error = step(args) ? errno : 0;
	reached = !fail_nth;
	fail_nth = 0;
	if (!reached) {
		if (error)
			die("fails, starved of nothing: %s", strerrorname_np(error));
		printf("%d tried, %d refused, %d of them on the way, %d to ERROR\n", starving.tried, starving.refused,
		       starving.halfway, starving.lost);
		memset(&starving, 0, sizeof(starving));
		return false;
	}
	starving.tried++;
	if (error)
		starved(error, before);
	if (starving.nth > 20000)
		die("no end of allocations");
	if (dev->data >= 0)
		step_dropdata(NULL);
	if (step_reset(NULL))
		die("reset: %s", strerrorname_np(errno));
	/* Dirty tracking continues after a reset. */
	step_logstop(NULL);
	return true;
}
