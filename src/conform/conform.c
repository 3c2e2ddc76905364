/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conform/conform.h"

#include <stdlib.h>
#include <unistd.h>

#include "conform/harness.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "vfio/migration.h"

const char *conform_outcome_name(enum conform_outcome outcome)
{
	static const char *const names[] = {
		[CONFORM_PASS] = "pass",
		[CONFORM_FAIL] = "fail",
		[CONFORM_SKIP] = "skip",
	};

	return names[outcome];
}

struct conform_check *conform_add(struct conform_result *result)
{
	size_t n = result->n + 1;
	struct conform_check *checks = realloc(result->checks, n * sizeof(*checks));

	if (!checks)
		return NULL;
	result->checks = checks;
	result->n = n;
	checks[n - 1] = (struct conform_check){ .outcome = CONFORM_PASS };
	return &checks[n - 1];
}

void conform_free(struct conform_result *result)
{
	free(result->checks);
	result->checks = NULL;
	result->n = 0;
}

#define ALL_FLAGS (MIG_STOP_COPY | MIG_P2P | MIG_PRE_COPY)

static void run_groups(struct harness *t)
{
	static void (*const groups[])(struct harness *t) = {
		conform_error, conform_features, conform_arcs, conform_data,
		conform_precopy, conform_transfer, conform_reset, NULL
	};

	for (int i = 0; groups[i]; i++)
		groups[i](t);
}

/* Whatever is in it by now is nobody's state; without a reset it is at least in RUNNING. */
static void leave_running(struct harness *t)
{
	struct err ignored = ERR_INIT;
	enum device_state *state = &t->result->access.state;
	AUTO_CLOSE int fd = -1;

	if (mig_reset(t->vdev, &ignored))
		mig_state_set(t->vdev, STATE_RUNNING, &fd);
	mig_state_get(t->vdev, state, &ignored);
}

int conform_run(const struct vdev *vdev, uint64_t flags, const char *const *patterns,
		struct conform_result *result, struct err *err)
{
	struct harness t = { .vdev = vdev, .flags = flags, .patterns = patterns,
			   .result = result, .spool = -1, .err = err };
	uint64_t begun = now_ns();

	result->flags = flags;
	run_groups(&t);
	if (t.spool >= 0)
		close(t.spool);
	leave_running(&t);
	result->duration_ns = now_ns() - begun;
	return err_is_set(err) ? -1 : 0;
}

int conform_list(const char *const *patterns, struct conform_result *result, struct err *err)
{
	struct harness t = { .flags = ALL_FLAGS, .patterns = patterns,
			   .result = result, .spool = -1, .err = err };

	run_groups(&t);
	return err_is_set(err) ? -1 : 0;
}
