/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "conform/harness.h"
#include "conform/raw_ioctl.h"

/* How the feature is called, and what must come of it. */
static const struct call {
	const char *name, *asks;
	enum raw_feature feature;
	unsigned int ops;
	size_t short_by;
	int want;
} calls[] = {
	{ "feature/migration-get", "MIGRATION can be read",
	  RAW_MIGRATION, RAW_GET, 0, 0 },
	{ "feature/migration-probe", "PROBE of an operation that there is succeeds",
	  RAW_MIGRATION, RAW_GET | RAW_PROBE, 0, 0 },
	{ "feature/migration-probe-set", "PROBE of an operation that there is not is EINVAL",
	  RAW_MIGRATION, RAW_SET | RAW_PROBE, 0, -EINVAL },
	{ "feature/migration-set", "an operation that there is not is EINVAL",
	  RAW_MIGRATION, RAW_SET, 0, -EINVAL },
	{ "feature/migration-short", "an argsz without room for the answer is EINVAL",
	  RAW_MIGRATION, RAW_GET, 1, -EINVAL },
	{ "feature/state-probe-get", "a device that offers migration tells its state",
	  RAW_DEVICE_STATE, RAW_GET | RAW_PROBE, 0, 0 },
	{ "feature/state-probe-set", "a device that offers migration takes a state",
	  RAW_DEVICE_STATE, RAW_SET | RAW_PROBE, 0, 0 },
	{ "feature/state-short", "an argsz without room for the state is EINVAL",
	  RAW_DEVICE_STATE, RAW_SET, 1, -EINVAL },
	{ "feature/both", "GET and SET in one call are EINVAL, unless it is a PROBE",
	  RAW_DEVICE_STATE, RAW_GET | RAW_SET, 0, -EINVAL },
	{ "feature/neither", "a call without GET, SET or PROBE is EINVAL",
	  RAW_DEVICE_STATE, 0, 0, -EINVAL },
	{ "feature/flag", "a flag without a meaning is EINVAL",
	  RAW_MIGRATION, RAW_GET | RAW_FLAG, 0, -EINVAL },
	{ "feature/unknown", "a feature that there is not is ENOTTY",
	  RAW_UNKNOWN, RAW_GET | RAW_PROBE, 0, -ENOTTY },
};

static void check_call(struct harness *t, const struct call *call)
{
	if (!harness_begin(t, call->asks, "%s", call->name))
		return;
	if (harness_return(t, STATE_RUNNING)) {
		harness_want_errno(t, raw_feature_call(t->vdev, call->feature,
						       call->ops, call->short_by),
				   call->want, "VFIO_DEVICE_FEATURE");
		harness_want(t, harness_state(t) == STATE_RUNNING, "it has left RUNNING for %s",
			     state_name(harness_state(t)));
	}
	harness_end(t);
}

static void check_flags(struct harness *t)
{
	uint64_t known = MIG_STOP_COPY | MIG_P2P | MIG_PRE_COPY;

	if (!harness_begin(t, "the flags are STOP_COPY, and perhaps P2P and PRE_COPY",
			   "feature/flags"))
		return;
	harness_want(t, t->flags & MIG_STOP_COPY, "the flags are 0x%llx",
		     (unsigned long long)t->flags);
	if (t->flags & ~known)
		harness_note(t, "the flags are 0x%llx, of which not all are known here",
			     (unsigned long long)t->flags);
	harness_end(t);
}

void conform_features(struct harness *t)
{
	check_flags(t);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		check_call(t, &calls[i]);
}
